"""Moves: what one change of a good network is worth, of each kind that a search may make.

    python -m benchmarks.moves [--task adddigits] [--network resnet8] [--edits 24] [--mutations 14] [--seed 0]

The network is trained from three seeds with the start that a search gives it, and each child once: every neighbour on the ladders of recipe
and head, children edited as by hand, and mutants of the paper, all of them different. Gains are on validation, over the mean of the three
seeds; times are in parts of the network's own. One thread; a training of the tasks here takes seconds to a minute.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from statistics import fmean, stdev

import torch
from benchmarks.recipes import trained
from benchmarks.search.tasks import TASKS, load
from rich.console import Console
from rich.progress import track
from rich.table import Table

import einspace as es
from einspace.baselines import within
from einspace.errors import MutationError
from einspace.grammar import usual_grammar
from einspace.tasks.changes import choices, ours
from einspace.variation import EditReport, neighbours

SEEDS = (0, 1, 2)
"""Of the network itself; children are trained from the first."""

TRIES = 20
"""Children that are drawn for each that is wanted, since some are drawn twice."""

Changes = dict[str, float]


@dataclass(frozen=True)
class Move:
    """A child: the kind of its change, what was changed, and what is trained."""

    kind: str
    what: str
    architecture: es.Architecture
    changes: Changes


def moves(space: es.EinSpace, network: es.Architecture, task: es.Task, edits: int, mutations: int, rng: Random) -> Iterator[Move]:
    """The neighbours in recipe and head, and as many edits and mutants, each architecture once."""
    start = ours(task.recipe, task.head, task.input, len(task.train))
    ladders = choices(task.recipe, task.head, task.input, len(task.train))
    for name, values in neighbours(start, ladders).items():
        for value in values:
            now = start.get(name, ladders[name][1])
            yield Move(f"recipe: {name}", f"{now:g} to {value:g}", network, {**start, name: value})
    seen = {network.key}
    for wanted, edited in ((edits, True), (mutations, False)):
        found = 0
        for _ in range(TRIES * wanted):
            if found == wanted:
                break
            report = EditReport()
            try:
                child = space.edit(network, rng, report) if edited else space.mutate(network, rng)
            except MutationError:
                break
            if child.key not in seen:
                seen.add(child.key)
                found += 1
                yield Move(f"edit: {next(iter(report.made))}" if edited else "mutation", report.words, child, dict(start))


def table(title: str, found: list[tuple[Move, float | None, float]], base: float, seconds: float) -> Table:
    """A row for each kind, with the best child of that kind."""
    shown = Table("", "children", "mean gain", "best", "its change", "time", title=title)
    for kind in dict.fromkeys(move.kind for move, _, _ in found):
        scored = [(value - base, move.what) for move, value, _ in found if move.kind == kind and value is not None]
        times = fmean(spent for move, _, spent in found if move.kind == kind) / seconds
        gains = [gain for gain, _ in scored]
        best = max(scored, default=(float("nan"), ""))
        mean = fmean(gains) if gains else float("nan")
        shown.add_row(kind, str(len(scored)), f"{mean:+.4f}", f"{best[0]:+.4f}", best[1], f"{times:.2f}")
    return shown


def main(words: list[str] | None = None) -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="adddigits", help=", ".join(TASKS))
    parser.add_argument("--network", default="resnet8", help="a baseline")
    parser.add_argument("--edits", type=int, default=24)
    parser.add_argument("--mutations", type=int, default=14)
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn")
    given = parser.parse_args(words)
    torch.set_num_threads(1)
    task = load(given.task)
    space = es.EinSpace(task.input, grammar=usual_grammar(task.input))
    network = within(space, given.network)
    start = ours(task.recipe, task.head, task.input, len(task.train))
    own, spent = trained(task, str(network), start, SEEDS)
    values, seconds = [value for value in own if value is not None], spent / len(SEEDS)
    base = fmean(values)
    listed = list(moves(space, network, task, given.edits, given.mutations, Random(given.seed)))
    found = []
    for move in track(listed, "children"):
        (value,), spent = trained(task, str(move.architecture), move.changes, SEEDS[:1])
        found.append((move, value, spent))
    spread = f" ± {stdev(values):.4f}" if len(values) > 1 else ""
    title = f"{task.name}: {given.network} has {base:.4f}{spread} ({task.metric.name}, more is better) after {seconds:.0f} s"
    Console(width=140).print(table(title, found, base, seconds))


if __name__ == "__main__":
    main()
