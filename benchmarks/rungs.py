"""Rungs: whether the score at a constant rate, after a quarter and half of the epochs, orders architectures as the end does.

    python -m benchmarks.rungs [--task adddigits] [--count 16] [--seed 0]

The architectures are the first small baseline and descendants of it, each a child of one that is drawn before it. Each is trained twice
from the same seed for the epochs of the search: as a search with rungs trains (warm-up, a constant rate, decay), scored at the rungs, and
along a cosine. Kendall's tau says how well a column orders the architectures as the last score of either training does. The seconds are
those of the processor. The last lines say how many of the best four would have gone on from each rung, were its better half to go on.
"""

import argparse
from random import Random
from statistics import median
from time import process_time

from benchmarks.inheritance import children_of, ground
from benchmarks.search.tasks import TASKS
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy.stats import kendalltau

import einspace as es
from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.outcome import RUNGS, Context
from einspace.study.rungs import Rungs


def main(words: list[str] | None = None) -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="adddigits", help=", ".join(TASKS))
    parser.add_argument("--count", type=int, default=16, help="of architectures")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn")
    given = parser.parse_args(words)
    task, space, first, changes = ground(given.task)
    epochs, objective = Rungs(task.recipe).of(changes), TaskObjective(task, task.recipe)
    sign = 1.0 if task.metric.higher_is_better else -1.0
    rows: list[tuple[float, ...]] = []
    spent = {"constant rate, then decay": 0.0, "cosine": 0.0}
    for architecture in track(_descendants(space, first, given.count, Random(given.seed)), "trainings"):
        clock = process_time()  # of this process alone: the machine may do something else beside
        climbed = objective.evaluate(architecture, Context(changes=changes, rungs=tuple((epoch, None) for epoch in epochs)))
        between = process_time()
        cosine = objective.evaluate(architecture, Context(changes=changes))
        spent = {
            "constant rate, then decay": spent["constant rate, then decay"] + between - clock,
            "cosine": spent["cosine"] + process_time() - between,
        }
        if climbed.value is not None and cosine.value is not None:
            rows.append((*dict(climbed.extra[RUNGS]).values(), sign * climbed.value, sign * cosine.value))
    names = [*(f"after {epoch} of {task.recipe.epochs_search} epochs" for epoch in epochs), *spent]
    shown = Table("", "median score", "tau with the end", "tau with the cosine", title=f"{task.name}: {len(rows)} architectures")
    for column, name in enumerate(names):
        shown.add_row(name, f"{sign * median(row[column] for row in rows):.4f}", _tau(rows, column, -2), _tau(rows, column, -1))
    console = Console(width=140)
    console.print(shown)
    console.print(", ".join(f"{name}: {seconds:.0f} s" for name, seconds in spent.items()))
    for column, epoch in enumerate(epochs):
        bound = median(row[column] for row in rows)
        best = sorted(rows, key=lambda row: -row[-2])[:4]
        kept = sum(row[column] >= bound for row in best)
        console.print(f"of the best {len(best)} in the end, {kept} are in the better half after {epoch} epochs")


def _descendants(space: es.EinSpace, first: es.Architecture, count: int, rng: Random) -> list[es.Architecture]:
    """The first one and descendants of it, all of them different."""
    found = {first.key: first}
    while len(found) < count:
        child = children_of(space, rng.choice(list(found.values())), 1, rng)[0]
        if child.flops <= 4 * first.flops:
            found.setdefault(child.key, child)
    return list(found.values())


def _tau(rows: list[tuple[float, ...]], column: int, other: int) -> str:
    """Kendall's tau of two columns; nothing for one with itself."""
    if column - len(rows[0]) == other:
        return ""
    return f"{kendalltau([row[column] for row in rows], [row[other] for row in rows]).statistic:.2f}"


if __name__ == "__main__":
    main()
