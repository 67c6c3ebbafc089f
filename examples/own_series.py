"""Your own series: a table with a series in each row becomes a task, and a search finds a network for it.

    python examples/own_series.py [--trials 5] [--epochs 4]

It writes `signals.csv`, which stands for yours: 200 noisy waves of 32 steps, and what each of them is. Series are searched with
convolutions along them, so their grammar is another one than that of images.
"""

import argparse
from pathlib import Path

import numpy as np

import einspace as es


def write(path: Path) -> None:
    """Write a header, and a wave with its name in each row."""
    rng, steps = np.random.default_rng(0), np.arange(32)
    rows = [",".join([*(f"t{step}" for step in steps), "label"])]
    for number in range(200):
        phase, noise = rng.uniform(0, 32), rng.normal(scale=0.3, size=32)
        wave = np.sin((steps + phase) / 2.5) if number % 2 else np.sign(np.sin((steps + phase) / 2.5))
        rows.append(",".join([*(f"{value:.3f}" for value in wave + noise), "sine" if number % 2 else "square"]))
    path.write_text("\n".join(rows) + "\n")


def main() -> None:
    """Write, read, search, predict."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=4)
    options = parser.parse_args()
    table = Path("signals.csv")
    write(table)

    task = es.Task.from_csv(table, label="label", baselines=["resnet8"])
    print(task.summary())
    recipe = {"epochs_search": options.epochs, "epochs_final": 2 * options.epochs}
    result = es.search(task, trials=options.trials, workers=1, recipe=recipe, run="own-series")
    taken = result.recommended
    assert taken is not None
    print(f"{taken.name} has an {result.metric} of {taken.test:.3f} on test: {taken.text}")
    score = result.predictor().score(table)
    print(f"over the whole table it has {score:.3f}")


if __name__ == "__main__":
    main()
