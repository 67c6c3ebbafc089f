"""Learned probabilities and crossover without training: evolution with and without them, where scores follow from architectures.

    python -m benchmarks.learned [--trials 40,100] [--seeds 10] [--edits 0.7,0] [--landscapes operations,pairs,order] [--number 0]

Landscapes are functions of an architecture of the paper's grammar at (3, 32, 32), drawn at random, as `benchmarks.surrogate` has them; all
prefer a size and a depth, and a network that has few operations is neither good nor bad. What they like best is

- `operations`: some operations with their options, wherever they stand, which probabilities of productions can say;
- `pairs`: pairs of operations that follow each other, which they can say in part;
- `order`: such pairs, where no operation is better than another in the mean of all pairs that it is in, which they cannot say.

Each search is our protocol's evolution, with the same seed and noise with the option and without it; where probabilities are learnt, both
are equal until that begins. With `--edits 0` all children are mutants, which learning changes, and not three in ten.

Printed is the mean regret of the best true score among the trials, in standard deviations of a landscape's random samples; the best of a
landscape is the best that any of the searches with as many trials has found. `gain` is the mean of the paired differences with its standard
error, above 0 where the option is better, and `ms` what a proposal takes, in processor time without and with it.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean

from benchmarks.search.table import mean_and_error
from benchmarks.surrogate import Objective, Searched, searched
from rich.console import Console
from rich.progress import track
from rich.table import Table

from einspace.graph import Graph
from einspace.operations import OPERATIONS

FEW = 10
"""Operations, or pairs, of a network that is half as good as a long one."""

OPTIONS: Mapping[str, Mapping[str, float]] = {"learned": {"learned": True}, "crossover 0.3": {"crossover": 0.3}}
"""What is compared with the search without it, by name."""


@dataclass(frozen=True, eq=False)
class Paired(Objective):
    """Pairs of operations that follow each other are good or bad."""

    def good(self, graph: Graph) -> float:
        """The mean of the values, shrunk where they are few."""
        values = self.values(graph)
        return sum(values) / (len(values) + FEW)

    def values(self, graph: Graph) -> list[float]:
        """What is good or bad of a network."""
        return [self.pair(*pair) for pair in self.pairs(graph)]


@dataclass(frozen=True, eq=False)
class Liked(Paired):
    """Some operations are good, and others bad."""

    def values(self, graph: Graph) -> list[float]:
        """Those of the operations."""
        return [self.drawn("operation", instruction.operation.text) for instruction in graph.instructions]


@dataclass(frozen=True, eq=False)
class Ordered(Paired):
    """Pairs are good or bad, and no operation is by itself."""

    def pair(self, first: str, second: str) -> float:
        """What is drawn for a pair, less the mean of all pairs with the same first, and of all with the same second."""
        before, after = self._means
        return self.drawn("pair", first, second) - before[first] - after[second] + fmean(before.values())

    @cached_property
    def _means(self) -> tuple[dict[str, float], dict[str, float]]:
        """Of all pairs that begin with an operation, and of all that end with it."""
        before = {one: fmean(self.drawn("pair", one, other) for other in OPERATIONS) for one in OPERATIONS}
        after = {other: fmean(self.drawn("pair", one, other) for one in OPERATIONS) for other in OPERATIONS}
        return before, after


LANDSCAPES: Mapping[str, type[Paired]] = {"operations": Liked, "pairs": Paired, "order": Ordered}


def compared(name: str, objective: Objective, trials: int, seeds: int, edits: float) -> list[list[str]]:
    """A row of the table for each option: searches from each seed with it and without it."""
    plain: list[Searched] = []
    others: dict[str, list[Searched]] = {option: [] for option in OPTIONS}
    for seed in track(range(seeds), f"{name}, {trials} trials, edits {edits}"):
        plain.append(searched(objective, trials, seed, edits=edits))
        for option, given in OPTIONS.items():
            others[option].append(searched(objective, trials, seed, **{"edits": edits, **given}))
    top = max(each.best[-1] for searches in (plain, *others.values()) for each in searches)
    return [[name, str(trials), f"{edits:g}", option, *_row(top, plain, found)] for option, found in others.items()]


def _row(top: float, plain: Sequence[Searched], others: Sequence[Searched]) -> list[str]:
    """Both regrets, the gain, and what proposals take."""
    without, with_it = ([top - each.best[-1] for each in searches] for searches in (plain, others))
    gain, error = mean_and_error([one - other for one, other in zip(without, with_it, strict=True)])
    regrets = [f"{mean:.2f} ± {spread:.2f}" for mean, spread in map(mean_and_error, (without, with_it))]
    milliseconds = " / ".join(f"{fmean(each.milliseconds for each in searches):.0f}" for searches in (plain, others))
    return [*regrets, f"{gain:+.2f} ± {error:.2f}", milliseconds]


def main(words: list[str] | None = None) -> None:
    """Search and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", default="40,100")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--edits", default="0.7,0")
    parser.add_argument("--landscapes", default=",".join(LANDSCAPES))
    parser.add_argument("--number", type=int, default=0)
    given = parser.parse_args(words)
    console = Console(width=150)
    columns = ("landscape", "trials", "edits", "option", "regret without", "with", "gain", "ms without / with")
    shown = Table(*columns)
    for name in given.landscapes.split(","):
        objective = LANDSCAPES[name](given.number)
        for edits in map(float, given.edits.split(",")):
            for trials in map(int, given.trials.split(",")):
                for row in compared(name, objective, trials, given.seeds, edits):
                    shown.add_row(*row)
                    line = "; ".join(f"{column}: {value}" for column, value in zip(columns, row, strict=True))
                    console.print(line, highlight=False, soft_wrap=True)
    console.print(shown)


if __name__ == "__main__":
    main()
