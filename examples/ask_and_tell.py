"""Ask and tell: the search proposes, and you train in a loop of your own.

    python examples/ask_and_tell.py [--trials 10] [--epochs 3]

There is no task, no worker and no database here. `asked.json` has the trials after each score, so a loop that was stopped goes on.
"""

import argparse
import json
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from torch.nn.functional import cross_entropy

import einspace as es


def accuracy(network: torch.nn.Module, x: torch.Tensor, y: torch.Tensor, epochs: int) -> float:
    """Train on the first thousand digits, and score on the others."""
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(epochs):
        for rows in torch.randperm(1000).split(50):
            optimizer.zero_grad()
            cross_entropy(network(x[rows]), y[rows]).backward()
            optimizer.step()
    network.eval()
    with torch.inference_mode():
        return float((network(x[1000:]).argmax(dim=1) == y[1000:]).float().mean())


def main() -> None:
    """Ask, train, tell, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    digits = load_digits()
    x, y = torch.as_tensor(digits.images[:, None] / 16, dtype=torch.float32), torch.as_tensor(digits.target)

    space = es.EinSpace((1, 8, 8), limits=es.Limits(operations=60, parameters=100_000, flops=1_000_000))
    optimizer = es.Optimizer(space, "evolution", seed=0, init="resnet8,random*3", population=6, tournament=3)
    saved = Path("asked.json")
    if saved.exists():
        optimizer.from_json(json.loads(saved.read_text()))
    while len(optimizer.trials) < options.trials:
        proposal = optimizer.ask()
        torch.manual_seed(len(optimizer.trials))
        network = es.build(space.parse(proposal.text), es.Classification(classes=10))
        trial = optimizer.tell(proposal, accuracy(network, x, y, options.epochs))
        saved.write_text(json.dumps(optimizer.to_json()))
        print(f"{trial.number:3} {trial.value:.3f} {trial.origin}: {trial.text[:70]}")
    assert optimizer.best is not None
    print(f"the best is trial {optimizer.best.number} with {optimizer.best.value:.3f}")


if __name__ == "__main__":
    main()
