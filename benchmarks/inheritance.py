"""Inheritance: whether a child that starts with its parent's weights says in half the epochs how good it is, and in which order.

    python -m benchmarks.inheritance [--task adddigits] [--parents 4] [--children 7] [--part 0.5] [--seed 0]

The parents are the first small baseline and children of it. Each child is trained three times: for the epochs of the search from two
seeds, and for a part of the epochs with what it inherits, as in a search with `inherit=True` (`einspace.evaluation.inherited`). The two
trainings from fresh weights say how well any training can predict another one. A search that compares inherited children needs their
order: Kendall's tau of inherited and fresh scores, here over all children and within those of one parent, whose parents are equally good.
"""

import argparse
from dataclasses import dataclass, field
from random import Random
from statistics import fmean
from time import process_time

import torch
from benchmarks.search.tasks import TASKS, load
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy.stats import kendalltau
from torch import nn

import einspace as es
from einspace.baselines import within
from einspace.errors import MutationError
from einspace.evaluation.inherited import State, inherited
from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.outcome import Context
from einspace.evaluation.warm import WarmStarts
from einspace.grammar import usual_grammar
from einspace.tasks.changes import ours
from einspace.tasks.options import small_baselines

EDITED = 0.7
"""The share of the children that are edited as by hand; the others are mutated."""


@dataclass(frozen=True)
class Inherited(WarmStarts):
    """Starts a network with what it inherits of `parent`, if that is given, and keeps the network, which is being trained."""

    parent: State = field(default_factory=dict)
    trained: list[nn.Module] = field(default_factory=list)

    def fill(self, architecture: es.Architecture, network: nn.Module) -> None:
        """Take over the slices that overlap."""
        if self.parent:
            network.load_state_dict(inherited(network.state_dict(), self.parent)[0])
        self.trained.append(network)


def ground(name: str) -> tuple[es.Task, es.EinSpace, es.Architecture, dict[str, float]]:
    """A task, its usual space, its first small baseline, and the changes to recipe and head with which our trials start; one thread."""
    torch.set_num_threads(1)
    task = load(name)
    space = es.EinSpace(task.input, grammar=usual_grammar(task.input))
    first = within(space, small_baselines(task.kind, task.input)[0])
    return task, space, first, dict(ours(task.recipe, task.head, task.input, len(task.train)))


def main(words: list[str] | None = None) -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="adddigits", help=", ".join(TASKS))
    parser.add_argument("--parents", type=int, default=4)
    parser.add_argument("--children", type=int, default=7, help="of each parent")
    parser.add_argument("--part", type=float, default=0.5, help="of the epochs of the search, for a child that inherits")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn")
    given = parser.parse_args(words)
    task, space, first, changes = ground(given.task)
    rng = Random(given.seed)
    short = max(1, round(given.part * task.recipe.epochs_search))

    def score(architecture: es.Architecture, seed: int, parent: State | None = None) -> tuple[float | None, float, State]:
        """Its score, the seconds, and its weights, shared with nothing."""
        recipe = task.recipe if parent is None else task.recipe.override(epochs_search=short)
        inherits = Inherited({}, parent or {})
        clock = process_time()  # of this process alone: the machine may do something else beside
        found = TaskObjective(task, recipe, warm=inherits).evaluate(architecture, Context(seed=seed, changes=changes))
        took = process_time() - clock
        state = {name: value.detach().clone().contiguous() for name, value in inherits.trained[0].state_dict().items()}
        value = found.value if task.metric.higher_is_better or found.value is None else -found.value
        return value, took, state

    parents = [first, *children_of(space, first, given.parents - 1, rng)]
    rows: list[tuple[int, float, float, float, float]] = []
    spent = {"fresh": 0.0, "inherited": 0.0}
    for number, parent in enumerate(track(parents, "parents")):
        base, _, state = score(parent, 0)
        for child in children_of(space, parent, given.children, rng):
            (one, seconds, _), (other, more, _) = score(child, 0), score(child, 1)
            took, less, _ = score(child, 0, state)
            spent = {"fresh": spent["fresh"] + seconds + more, "inherited": spent["inherited"] + less}
            if None not in (base, one, other, took):
                rows.append((number, base or 0.0, one or 0.0, other or 0.0, took or 0.0))
    shown = Table(
        "", "tau, all", "tau, within a parent's", "mean score", title=f"{task.name}: {len(rows)} children of {len(parents)} parents"
    )
    for name, column in (("fresh, another seed", 3), (f"inherited, {short} of {task.recipe.epochs_search} epochs", 4)):
        within_one = [_tau([row for row in rows if row[0] == number], column) for number in range(len(parents))]
        known = [tau for tau in within_one if tau == tau]
        shown.add_row(
            name, f"{_tau(rows, column):.2f}", f"{fmean(known):.2f}" if known else "", f"{fmean(row[column] for row in rows):.4f}"
        )
    shown.add_row("fresh", "", "", f"{fmean(row[2] for row in rows):.4f}")
    console = Console(width=140)
    console.print(shown)
    reached = sum(row[4] >= row[1] for row in rows), sum(row[2] >= row[1] for row in rows)
    console.print(
        f"{reached[0]} of {len(rows)} inherited children reach their parent's score, and {reached[1]} of those that start afresh. "
        f"An inherited training took {2 * spent['inherited'] / spent['fresh']:.2f} of a fresh one's seconds."
    )


def children_of(space: es.EinSpace, parent: es.Architecture, count: int, rng: Random) -> list[es.Architecture]:
    """Different ones, edited as by hand or mutated, no larger than four times the parent."""
    found: dict[str, es.Architecture] = {}
    while len(found) < count:
        try:
            child = space.edit(parent, rng) if rng.random() < EDITED else space.mutate(parent, rng)
        except MutationError:
            continue
        if child.key != parent.key and child.flops <= 4 * parent.flops:
            found.setdefault(child.key, child)
    return list(found.values())


def _tau(rows: list[tuple[int, float, float, float, float]], column: int) -> float:
    """Of a column with the first fresh score; nan where all are equal."""
    return float(kendalltau([row[2] for row in rows], [row[column] for row in rows]).statistic)


if __name__ == "__main__":
    main()
