"""What a trial costs: where the time of a search goes, and our trainings beside a straightforward loop on the same architectures.

    python -m benchmarks.cost [--task digits] [--trials 12] [--epochs 4] [--seed 0] [--device cpu]

A search of one worker, without race and final trainings, is divided into what its worker does: it starts, builds, trains, scores, waits
for a proposal, or is idle otherwise, such as between processes and before and after the search. What is recorded is told apart, since
the worker trains meanwhile. The architectures are then trained again in this process, on one thread, by us and by a loop as one would
write it: the network with a module for each operation, a `DataLoader`, the loss and the accuracy of each step as numbers, and a validation
after each epoch. Both take turns on each architecture, with the task's own recipe, so that what else the machine does meets both. The times
are those of the processor, or on a GPU those of the clock. The scores stand beside them: they differ by the order of the samples and the
weights at the start.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from pathlib import Path
from random import Random
from statistics import fmean, median
from time import perf_counter, process_time
from typing import Any, NamedTuple
from unittest.mock import patch

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from einspace import EinSpace, Task, evaluate, load_task, search
from einspace.networks import build
from einspace.result import Result
from einspace.space import Architecture
from einspace.storage import StudyStore
from einspace.tasks import Recipe

RECORDING = ("begin", "end", "interrupt", "note", "beat")
"""What a search calls to store something; none of them calls another one."""


class Row(NamedTuple):
    """Two trainings of one architecture: the seconds and the score, of ours and of the loop."""

    ours: float
    score: float
    plain: float
    plain_score: float


def plain(architecture: Architecture, task: Task, recipe: Recipe, device: str) -> float:
    """The validation score of a training as one would write it, a classification with SGD and a cosine schedule (B.1)."""
    torch.manual_seed(0)
    network = build(architecture, task.head, optimize=False).to(device)
    sets = [TensorDataset(torch.as_tensor(split.x), torch.as_tensor(split.y)) for split in (task.train, task.valid)]
    train = DataLoader(sets[0], recipe.batch_size, shuffle=True)
    valid = DataLoader(sets[1], recipe.batch_size)
    optimiser = torch.optim.SGD(network.parameters(), recipe.learning_rate, recipe.momentum, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, recipe.epochs_search * len(train))
    loss_of, losses, hits, score = nn.CrossEntropyLoss(), [], [], 0.0
    for _ in range(recipe.epochs_search):
        network.train()
        for inputs, labels in train:
            x, y = inputs.to(device), labels.to(device)
            optimiser.zero_grad()
            predicted = network(x)
            loss = loss_of(predicted, y)
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
            hits.append((predicted.argmax(dim=1) == y).float().mean().item())
        network.eval()
        with torch.no_grad():
            right = [(network(x.to(device)).argmax(dim=1) == y.to(device)).float().sum().item() for x, y in valid]
        score = sum(right) / len(sets[1])
    return score


@contextmanager
def recording() -> Iterator[list[float]]:
    """Collects the seconds of whatever is stored meanwhile."""
    spent: list[float] = []

    def timed(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def call(*arguments: Any) -> Any:
            begun = perf_counter()
            try:
                return method(*arguments)
            finally:
                spent.append(perf_counter() - begun)

        return call

    with ExitStack() as patches:
        for name in RECORDING:
            patches.enter_context(patch.object(StudyStore, name, timed(getattr(StudyStore, name))))
        yield spent


def shares(result: Result, wall: float) -> str:
    """What the worker of a search did in its wall-clock time."""
    names = {"starting": "start", "building": "build", "training": "train", "scoring": "validate", "proposing": "propose"}
    spent = {said: result.seconds[name] for name, said in names.items()}
    spent["idle"] = max(0.0, wall - sum(spent.values()))
    return ", ".join(f"{name} {seconds:.2f} s ({seconds / wall:.1%})" for name, seconds in spent.items())


def main(words: list[str] | None = None) -> None:
    """Search, train again, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="digits")
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args(words)
    torch.set_num_threads(1)
    task = load_task(given.task)
    recipe = task.recipe.override(epochs_search=given.epochs)
    clock = process_time if given.device == "cpu" else perf_counter
    with tempfile.TemporaryDirectory(prefix="einspace-cost-") as runs, recording() as recorded:
        begun = perf_counter()
        options = {"race": False, "final_seeds": 0, "report": False, "recipe": recipe, "recipe_changes": 0.0, "devices": given.device}
        result = search(task, trials=given.trials, workers=1, seed=given.seed, runs=Path(runs), **options)
        wall = perf_counter() - begun
    done = len(result.history)
    print(f"{task.name}, {done} trials of {given.epochs} epochs, one worker: {wall:.1f} s, {3600 * done / wall:.0f} trials an hour")
    print(f"  its worker: {shares(result, wall)}")
    print(f"  meanwhile: record {sum(recorded):.2f} s, {sum(recorded) / wall:.1%} of the wall clock")
    space, rng = EinSpace(task.input), Random(given.seed)
    texts = list(dict.fromkeys(trial.text for trial in result.history if trial.value is not None))
    rows: list[Row] = []
    for text in [texts[0], *texts]:  # the first one warms up
        architecture = space.parse(text)
        found: dict[str, tuple[float, float | None]] = {}
        for way in rng.sample(["ours", "plain"], 2):
            begun = clock()
            if way == "plain":
                value: float | None = plain(architecture, task, recipe, given.device)
            else:
                value = evaluate(architecture, task, recipe=recipe, device=given.device).mean
            found[way] = clock() - begun, value
        (mine, score), (other, others) = found["ours"], found["plain"]
        if score is not None and others is not None:
            rows.append(Row(mine, score, other, others))
    rows = rows[1:]
    ours, theirs = sum(row.ours for row in rows), sum(row.plain for row in rows)
    ratios = [row.plain / row.ours for row in rows]
    print(f"{len(rows)} architectures, trained again on one thread: ours {ours:.1f} s, a straightforward loop {theirs:.1f} s")
    print(f"  trials an hour: ours {3600 * len(rows) / ours:,.0f}, the loop {3600 * len(rows) / theirs:,.0f}")
    print(f"  ratio {theirs / ours:.2f}; by architecture {min(ratios):.2f} to {max(ratios):.2f}, median {median(ratios):.2f}")
    print(f"  mean score: ours {fmean(row.score for row in rows):.4f}, the loop {fmean(row.plain_score for row in rows):.4f}")


if __name__ == "__main__":
    main()
