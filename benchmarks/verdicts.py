"""How often the verdict of a search is right, on tables of real trainings: the race of `einspace.racing`, replayed.

    python -m benchmarks.verdicts [--repetitions 200] [--trials 60] [--synthetic]

A search of evolution claims the first score of each configuration. The best of them and a baseline, a configuration of a given rank in
the table, are then trained again as a race does it. A new training scores the true mean of the configuration and noise, normal, as wide as
the seeds of the better quarter of the table differ. On splits that are given, all trainings of a configuration share a part of this noise;
on new splits of one pool they share less of it, since a validation split is a quarter of the pool, as of one's own data.

For each way to decide and each number of standard errors that is asked for, the table shows how often the word is "better" although the
winner is not: at the worst of all tables and baselines, on average, and by more than a standard error; and how often it is "better" where
the winner truly is in nine of ten searches. The words are those of `einspace.racing.verdict`.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot
from random import Random
from statistics import fmean

import numpy as np
from benchmarks.replay import TABLES, Landscape, Point, Strategy, load, sized, synthetic
from rich.console import Console
from rich.table import Table

from einspace.errors import DataError
from einspace.racing.verdict import Scores, best_of, standard_error, word_of

RANKS = (0.9, 0.97, 0.99, 0.999)
"""The share of the table that the baseline is better than."""

FACTORS = (1.0, 1.5, 2.0, 2.5)
"""Standard errors over which a difference is a finding."""

COMMON = 0.7
"""The noise that all trainings of a configuration share on splits that are given, as a part of that of one training."""

POOL = 0.25
"""The part of the pool that is one validation split: 20% of one's own data of 80%, where 20% are for test."""


@dataclass(frozen=True)
class Way:
    """A race of `field` candidates, or as many as usual, and a decision of so many re-evaluations for the `finalists`.

    `fixed` where the validation split is given. A `race` of False leaves the decision to the best by its claimed score alone.
    """

    decision: int
    fixed: bool = False
    finalists: int = 2
    field: int = 0
    race: bool = True

    def common(self, noise: float) -> float:
        """The noise that all trainings of a configuration share."""
        return COMMON * noise * (1.0 if self.fixed else POOL**0.5)


WAYS = {
    "decision of two on 8 new partitions": Way(8),
    "decision of two on 5 new partitions": Way(5),
    "decision of two on 3 new partitions": Way(3),
    "decision of one on 8 new partitions": Way(8, finalists=1),
    "decision of one on 5 new partitions": Way(5, finalists=1),
    "decision of one on 3 new partitions": Way(3, finalists=1),
    "race of two, decision of one on 2 new partitions": Way(2, finalists=1, field=2),
    "no race, decision of one on 5 new partitions": Way(5, finalists=1, field=1, race=False),
    "no race, decision of one on 4 new partitions": Way(4, finalists=1, field=1, race=False),
    "no race, decision of one on 3 new partitions": Way(3, finalists=1, field=1, race=False),
    "no race, decision of one on 2 new partitions": Way(2, finalists=1, field=1, race=False),
    "race on 2 new partitions alone": Way(0),
    "decision of two from 3 seeds, splits given": Way(3, fixed=True),
    "decision of one from 5 seeds, splits given": Way(5, fixed=True, finalists=1),
    "decision of one from 2 seeds, splits given": Way(2, fixed=True, finalists=1),
}


@dataclass(frozen=True)
class Judged:
    """A race: the measured difference and its standard error, and the true difference."""

    difference: float
    error: float
    truth: float


def noise_of(landscape: Landscape) -> float:
    """The standard deviation over seeds, of the better quarter of the table."""
    least = np.quantile(landscape.truth, 0.75)
    rows = [row for point, row in landscape.rows.items() if landscape.truth[point] >= least and len(row) > 1]
    return float(np.sqrt(np.mean([np.var(row, ddof=1) for row in rows])))


def baselines(landscape: Landscape) -> list[Point]:
    """The configurations of the ranks `RANKS`."""
    points = sorted(landscape.rows, key=lambda point: landscape.truth[point])
    return [points[int(rank * (len(points) - 1))] for rank in RANKS]


def judged(landscape: Landscape, baseline: Point, way: Way, trials: int, rng: Random, noise: float) -> Judged:
    """One search and its race."""
    seen = Strategy(*sized(trials)).run(landscape, trials, rng)
    common = {point: way.common(noise) * rng.gauss(0, 1) for point in [*seen, baseline]}

    def trained(point: Point, times: int) -> list[float]:
        return [float(landscape.truth[point]) + common[point] + noise * rng.gauss(0, 1) for _ in range(times)]

    claimed = {point: trained(point, 1)[0] for point in seen if point != baseline}
    field = sorted(claimed, key=lambda point: -claimed[point])[: way.field or max(5, min(10, trials // 10))]
    race: dict[str, list[float]] = {str(point): trained(point, 2) for point in [*field, baseline]} if way.race else {}
    ranked = sorted(map(str, field), key=lambda name: -fmean(race[name])) if race else list(map(str, field))
    finalists = [point for point in field if str(point) in ranked[: way.finalists]]
    decision = {str(point): trained(point, way.decision) for point in [*finalists, baseline]} if way.decision else {}
    last = decision or race
    winner = best_of({name: scores for name, scores in last.items() if name != str(baseline)}) or ""
    rounds: list[Scores] = [{name: race[name] for name in last} if race else {}, decision]
    error = hypot(standard_error(rounds, len(last[winner])) or 0.0, 2**0.5 * way.common(noise))
    truth = float(landscape.truth[next(point for point in field if str(point) == winner)] - landscape.truth[baseline])
    return Judged(fmean(last[winner]) - fmean(last[str(baseline)]), error, truth)


def shares(races: Sequence[Sequence[Judged]], factor: float) -> tuple[float, float, float, float]:
    """Of races by table and baseline: the highest and the mean share of false "better", of grossly false ones, and of true ones."""
    false, gross, power = [], [], []
    for found in races:
        better = [race for race in found if word_of(race.difference, race.error, factor) == "better"]
        false.append(sum(race.truth <= 0 for race in better) / len(found))
        gross.append(sum(race.truth < -race.error for race in better) / len(found))
        if fmean(race.truth > 0 for race in found) > 0.9:
            power.append(len(better) / len(found))
    return max(false), fmean(false), max(gross), fmean(power) if power else float("nan")


def main(words: list[str] | None = None) -> None:
    """Replay and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--synthetic", action="store_true")
    options = parser.parse_args(words)
    console = Console(width=140)
    landscapes = [synthetic(0.5), synthetic(2.0)]
    if not options.synthetic:
        try:
            landscapes += [load(name) for name in TABLES]
        except DataError as error:
            console.print(f"Only synthetic landscapes, since the tables cannot be had: {error}", highlight=False)
    known = [(land, baselines(land), noise_of(land)) for land in landscapes]
    title = f"{options.repetitions} searches of {options.trials} trials on each of {len(landscapes)} tables beside {len(RANKS)} baselines"
    table = Table("", "standard errors", "false better, worst", "mean", "by over an error", "better where it is", title=title)
    for name, way in WAYS.items():
        races = [
            [judged(land, point, way, options.trials, Random(number), noise) for number in range(options.repetitions)]
            for land, points, noise in known
            for point in points
        ]
        for factor in FACTORS:
            table.add_row(name, f"{factor:g}", *(f"{share:.1%}" for share in shares(races, factor)))
    console.print(table)


if __name__ == "__main__":
    main()
