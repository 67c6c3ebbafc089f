"""The surrogate without training: evolution with and without it, where scores follow from architectures or from tables of trainings.

    python -m benchmarks.surrogate [--trials 40,100] [--seeds 6] [--landscapes 3] [--seconds 10] [--tables nasbench201/cifar100]

Landscapes are functions of an architecture of the paper's grammar at (3, 32, 32), drawn at random: pairs of operations that follow each
other are good or bad, which the surrogate has no feature for, and so are sizes and depths; each training adds noise. Both searches are our
protocol's evolution with the same seed, so that they are equal until the surrogate begins. With `--tables` it is replayed on tables of
`benchmarks.replay` too, with the options of a configuration as features.

Printed is the mean regret of the best true score among the trials so far, in standard deviations of a landscape's random samples or in
points of a table; the best of a landscape is the best that any of its searches has found. `gain` is the mean of the paired differences with
its standard error, above 0 where the surrogate is better; `tau` is Kendall's of predictions and scores, `chosen` the share of the
proposals that the surrogate chose, and `ms` what a proposal takes, in processor time without and with the surrogate; `of a trial` is the
part of the `--seconds` of a trial that the latter is. Where trials are short, the surrogate has fewer children drawn.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from math import inf, log10
from random import Random
from statistics import fmean, pstdev
from time import process_time
from typing import Any

from benchmarks.replay import SEEDS, TABLES, TRIES, Landscape, Point, load, sized
from benchmarks.search.table import mean_and_error
from rich.console import Console
from rich.progress import track
from rich.table import Table

from einspace import Architecture, EinSpace, strategies
from einspace.config.protocol import Protocol
from einspace.errors import DataError
from einspace.evaluation.outcome import Evaluation, Outcome
from einspace.graph import Graph
from einspace.surrogate import Agreement
from einspace.surrogate.guide import Guide, highest
from einspace.trial import Costs, Proposal, Trial

SPACE = EinSpace((3, 32, 32))
INITIAL = ("resnet8", "vit-tiny", "mixer-tiny", "random", "random")
NOISE = 0.3
"""The standard deviation of a training's score, in those of random samples."""


@dataclass(frozen=True, eq=False)
class Objective:
    """A landscape of the space, its true scores in standard deviations of random samples."""

    number: int

    def __post_init__(self) -> None:
        raw = [self._raw(SPACE.sample(Random(f"scale:{seed}"))) for seed in range(60)]
        object.__setattr__(self, "_scale", (fmean(raw), pstdev(raw)))

    def __call__(self, architecture: Architecture) -> float:
        """The true score."""
        middle, spread = self._scale  # type: ignore[attr-defined]
        return float((self._raw(architecture) - middle) / spread)

    def good(self, graph: Graph) -> float:
        """The mean over the pairs of operations that follow each other."""
        pairs = self.pairs(graph)
        return fmean(self.pair(*pair) for pair in pairs) if pairs else 0.0

    @staticmethod
    def pairs(graph: Graph) -> list[tuple[str, str]]:
        """The names of the operations that follow each other."""
        makers = graph.makers()
        return [
            (graph.instructions[makers[value]].operation.name, instruction.operation.name)
            for instruction in graph.instructions
            for value in instruction.inputs
            if value in makers
        ]

    def pair(self, first: str, second: str) -> float:
        """How good it is that one operation follows another."""
        return self.drawn("pair", first, second)

    def drawn(self, *words: str) -> float:
        """A number that is drawn for some words."""
        return _drawn(self.number, *words)

    def _raw(self, architecture: Architecture) -> float:
        graph = architecture.graph(optimize=False)
        chance = Random(f"{self.number}:peaks")
        size, depth = chance.uniform(4.5, 6.5), chance.uniform(8, 30)
        longest = len(graph.instructions) / (1 + sum(len(instruction.outputs) - 1 for instruction in graph.instructions))
        return self.good(graph) - 0.3 * abs(log10(architecture.parameters + 1) - size) - 0.02 * abs(longest - depth)


@cache
def _drawn(number: int, *words: str) -> float:
    """Numbers are asked for again and again, and a generator takes long to seed."""
    return Random(f"{number}:{':'.join(words)}").gauss(0, 1)


@dataclass(frozen=True)
class Searched:
    """One search: its best true score after each trial, the agreement of its surrogate, and the milliseconds of a proposal."""

    best: list[float]
    agreement: Agreement | None
    milliseconds: float


def searched(objective: Callable[[Architecture], float], trials: int, seed: int, seconds: float = inf, **changed: Any) -> Searched:
    """Evolution as our protocol has it for so many trials of so many seconds, with options of the strategy `changed`."""
    protocol = Protocol.of("einspace", trials, 1)
    options = {**protocol.options, "recipe_changes": 0.0, **changed}
    strategy = strategies.RegularisedEvolution(SPACE, initial=INITIAL, **options)
    strategy.takes = lambda history: seconds
    history: list[Trial] = []
    best: list[float] = []
    spent = 0.0
    for number in range(trials):
        before = process_time()
        proposal = strategies.propose(strategy, history, seed)
        spent += process_time() - before
        if proposal is None:
            raise AssertionError("nothing runs, so that evolution has nothing to wait for")
        true = objective(SPACE.parse(proposal.text))
        value = true + Random(f"{seed}:{number}").gauss(0, NOISE)
        history.append(Trial(number, proposal, seed=seed).end(Evaluation(Outcome.OK, value), 1.0, float(number)))
        best.append(max(true, best[-1]) if best else true)
    return Searched(best, Agreement.of(history), 1e3 * spent / trials)


def replayed(land: Landscape, trials: int, seed: int, surrogate: bool, seconds: float = inf) -> Searched:
    """Evolution on a table, from members of its better quarter, as `benchmarks.replay` has it but for seeds that are not cycled."""
    rng, (population, tournament) = Random(seed), sized(trials)
    seeds = rng.sample(land.good, SEEDS)
    guide = Guide(lambda proposal, _: {str(axis): str(option) for axis, option in enumerate(_point(proposal))}, SEEDS)
    history: list[Trial] = []
    best: list[float] = []
    spent = 0.0

    def ask() -> Proposal:
        known, young = {trial.key for trial in history}, history[-population:]
        for _ in range(TRIES):
            parent = max(rng.sample(young, min(tournament, len(young))), key=lambda trial: trial.fitness or 0.0)
            child = _proposal(land.mutant(_point(parent.proposal), rng))
            if child.key not in known:
                break
        return child

    for number in range(trials):
        before = process_time()
        if number < SEEDS:
            proposal = _proposal(seeds[number])
        else:
            found = guide.propose(ask, highest, history, seconds) if surrogate else None
            proposal = found or ask()
        spent += process_time() - before
        point = _point(proposal)
        evaluation = Evaluation(Outcome.OK, land.trainings(point, rng)[0])
        history.append(Trial(number, proposal, seed=seed).end(evaluation, 1.0, float(number)))
        best.append(max([float(land.truth[point]), *best[-1:]]))
    return Searched(best, Agreement.of(history), 1e3 * spent / trials)


def _proposal(point: Point) -> Proposal:
    text = ",".join(map(str, point))
    return Proposal(text, text, Costs(0), "table")


def _point(proposal: Proposal) -> Point:
    return tuple(map(int, proposal.text.split(",")))


def compared(
    name: str, search: Callable[[int, bool], Searched], best: float | None, trials: int, seeds: int, seconds: float = inf
) -> list[str]:
    """A row of the table: both searches from each seed. Where the best of a landscape is not known, it is what the searches found."""
    pairs = [(search(seed, False), search(seed, True)) for seed in track(range(seeds), f"{name}, {trials} trials")]
    top = max(each.best[-1] for pair in pairs for each in pair) if best is None else best
    plain, guided = ([top - pair[i].best[-1] for pair in pairs] for i in range(2))
    gain = mean_and_error([without - with_it for without, with_it in zip(plain, guided, strict=True)])
    known = [pair[1].agreement for pair in pairs if pair[1].agreement is not None]
    told = [
        f"{fmean(each.tau for each in known):.2f}" if known else "–",
        f"{sum(each.chosen for each in known) / (trials * len(pairs)):.0%}",
        " / ".join(f"{fmean(pair[i].milliseconds for pair in pairs):.0f}" for i in range(2)),
        f"{fmean(pair[1].milliseconds for pair in pairs) / (1e3 * seconds):.1%}",
    ]
    regrets = [f"{mean:.2f} ± {error:.2f}" for mean, error in map(mean_and_error, (plain, guided))]
    return [name, str(trials), *regrets, f"{gain[0]:+.2f} ± {gain[1]:.2f}", *told]


def main(words: list[str] | None = None) -> None:
    """Search and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", default="40,100")
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--landscapes", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--tables", default="", help=", ".join(TABLES))
    given = parser.parse_args(words)
    console = Console(width=150)
    columns = ("landscape", "trials", "regret without", "with", "gain", "tau", "chosen", "ms without / with", "of a trial")
    shown = Table(*columns)

    def add(*row: str) -> None:
        shown.add_row(*row)
        console.print("; ".join(f"{name}: {value}" for name, value in zip(columns, row, strict=True)), highlight=False, soft_wrap=True)

    for trials in map(int, given.trials.split(",")):
        for number in range(given.landscapes):
            objective = Objective(number)
            add(
                *compared(
                    f"landscape {number}", partial(_in_space, objective, trials, given.seconds), None, trials, given.seeds, given.seconds
                )
            )
        for name in given.tables.split(",") if given.tables else ():
            try:
                land = load(name)
            except DataError as error:
                console.print(f"{name} is left out: {error}", highlight=False)
                continue
            search = partial(_in_table, land, trials, given.seconds)
            add(*compared(name, search, land.best, trials, given.seeds, given.seconds))
    console.print(shown)


def _in_space(objective: Objective, trials: int, seconds: float, seed: int, surrogate: bool) -> Searched:
    return searched(objective, trials, seed, seconds, surrogate=surrogate)


def _in_table(land: Landscape, trials: int, seconds: float, seed: int, surrogate: bool) -> Searched:
    return replayed(land, trials, seed, surrogate, seconds)


if __name__ == "__main__":
    main()
