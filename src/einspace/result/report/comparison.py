"""Comparison: several runs side by side, runs of equal settings from different seeds as one line with mean and spread."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import mean, stdev
from typing import Any

import plotly.graph_objects as go

from einspace.errors import SettingError
from einspace.quantities import counted, decimal, duration
from einspace.result.report.axes import BLUE, GREEN, ORANGE, PURPLE, RED, Chart, figure_of
from einspace.result.result import Result

COLOURS = (BLUE, ORANGE, GREEN, PURPLE, RED)

POINTS = 60
"""Times at which runs are compared."""

APART = ("seed", "versions")
"""Settings in which the runs of a group may differ."""


@dataclass(frozen=True)
class RunGroup:
    """Runs of equal settings, each from another seed."""

    name: str
    runs: tuple[Result, ...]

    @property
    def best(self) -> "MeanAndDeviation":
        """Mean and deviation of the best scores of the searches on validation."""
        return MeanAndDeviation.of([score for score in map(best_score, self.runs) if score is not None])

    @property
    def test(self) -> "MeanAndDeviation":
        """Mean and deviation of the best architectures' scores on test."""
        return MeanAndDeviation.of([run.best.test for run in self.runs if run.best is not None and run.best.test is not None])

    @property
    def lengths(self) -> str:
        """The numbers of trials and the times of its searches, in words; empty where they have equally many trials."""
        trials, seconds = [len(run.history) for run in self.runs], [run.seconds["search"] for run in self.runs]
        if len(set(trials)) == 1:
            return ""
        times = " to ".join(dict.fromkeys(map(duration, (min(seconds), max(seconds)))))
        return f"{self.name}: {min(trials)} to {max(trials)} trials in {times}"


@dataclass(frozen=True)
class MeanAndDeviation:
    """Mean and deviation (of the sample) over seeds; None without, or with a single, value."""

    mean: float | None
    deviation: float | None
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "MeanAndDeviation":
        """Mean and deviation of some values, maybe of none.

        >>> MeanAndDeviation.of([1.0, 3.0]).mean, MeanAndDeviation.of([1.0]).deviation, MeanAndDeviation.of([]).mean
        (2.0, None, None)
        """
        return cls(mean(values) if values else None, stdev(values) if len(values) > 1 else None, len(values))

    def __str__(self) -> str:
        if self.mean is None:
            return "–"
        return decimal(self.mean) + ("" if self.deviation is None else f" ± {decimal(self.deviation, self.mean)}")


def best_score(result: Result) -> float | None:
    """The best score of a search on validation, whatever the race after it; None where no trial has one, or all are scored on test."""
    top = result.top(1) if result.split == "validation" else []
    return top[0].value if top else None


def grouped(results: Sequence[Result]) -> list[RunGroup]:
    """Runs in groups, by the settings in which they differ; a group has one run of each seed.

    Raises SettingError for runs whose scores say nothing about each other: of different tasks, data or metrics.
    """
    first = results[0]
    for other in results[1:]:
        for name in ("task", "data", "metric"):
            if first.settings.get(name) != other.settings.get(name):
                there, here = first.settings.get(name), other.settings.get(name)
                raise SettingError(f"runs of one {name} can be compared: {first.run.name} has {there}, and {other.run.name} has {here}")
    kinds: dict[str, list[list[Result]]] = {}
    for result in results:
        kind = kinds.setdefault(repr(sorted(_kind(result).items())), [])
        seed = result.settings["seed"]
        group = next((group for group in kind if all(other.settings["seed"] != seed for other in group)), None)
        if group is None:
            kind.append(group := [])
        group.append(result)
    groups = [group for kind in kinds.values() for group in kind]
    names = [str(members[0].settings["strategy"]) for members in groups]
    labels = [name if names.count(name) == 1 else f"{name} ({members[0].run.name})" for name, members in zip(names, groups, strict=True)]
    return [RunGroup(label, tuple(members)) for label, members in zip(labels, groups, strict=True)]


def _kind(result: Result) -> dict[str, Any]:
    return {name: repr(value) for name, value in result.settings.items() if name not in APART}


def comparison_charts(groups: Sequence[RunGroup]) -> dict[str, Chart]:
    """The best score on validation so far, at equal trials and at equal time; a strategy that scores on test has no line."""
    drawn = {"by-trial": _chart(groups, by_time=False), "by-time": _chart(groups, by_time=True)}
    return {name: figure.to_plotly_json() for name, figure in drawn.items()}


def best_at(result: Result, places: Sequence[float], by_time: bool) -> list[float | None]:
    """The best score on validation of all trials that had ended by a number of trials, or by seconds since the first began.

    None before the first score.
    """
    start = min((trial.started for trial in result.history), default=0.0)
    ended = sorted(
        ((trial.ended or start) - start if by_time else i + 1, trial.value)
        for i, trial in enumerate(result.history)
        if trial.value is not None
    )
    choose = max if result.higher_is_better else min
    best = [None, *accumulate((value for _, value in ended if value is not None), choose)]
    ends = [end for end, _ in ended]
    return [best[bisect_right(ends, place)] for place in places]


def _chart(groups: Sequence[RunGroup], by_time: bool) -> go.Figure:
    first = groups[0].runs[0]
    scale = first.metric if first.is_of_objective else f"validation {first.metric}"
    figure = figure_of("minutes since the search began" if by_time else "trials", f"best {scale} so far", height=380)
    for number, group in enumerate(groups):
        if group.runs[0].split == "test":
            continue
        colour = COLOURS[number % len(COLOURS)]
        places = _places(group, by_time)
        curves = [best_at(run, places, by_time) for run in group.runs]
        kept = [
            (place, MeanAndDeviation.of([value for value in values if value is not None]))
            for place, *values in zip(places, *curves, strict=True)
            if all(value is not None for value in values)
        ]
        along = [place / 60 if by_time else place for place, _ in kept]
        middle = [spread.mean or 0.0 for _, spread in kept]
        wide = [spread.deviation or 0.0 for _, spread in kept]
        if len(group.runs) > 1:
            edge = [*(m + w for m, w in zip(middle, wide, strict=True)), *reversed([m - w for m, w in zip(middle, wide, strict=True)])]
            figure.add_scatter(
                x=[*along, *reversed(along)],
                y=edge,
                fill="toself",
                fillcolor=colour,
                opacity=0.2,
                line={"width": 0},
                mode="lines",
                hoverinfo="skip",
                showlegend=False,
            )
        dash = ("solid", "dash", "dot")[number // len(COLOURS) % 3]
        figure.add_scatter(
            x=along,
            y=middle,
            mode="lines",
            name=f"{group.name}, {counted(len(group.runs), 'run')}",
            line={"color": colour, "width": 2.5, "shape": "hv", "dash": dash},
            hovertemplate="%{y:.4g}",
        )
    return figure


def _places(group: RunGroup, by_time: bool) -> list[float]:
    """The range in which all runs of a group have a best score: it ends with the shortest run, so that a mean is over all of them."""
    if not by_time:
        return [float(number) for number in range(1, min(len(run.history) for run in group.runs) + 1)]
    ends = []
    for run in group.runs:
        start = min((trial.started for trial in run.history), default=0.0)
        ends.append(max(((trial.ended or start) - start for trial in run.history), default=0.0))
    return [min(ends) * step / POINTS for step in range(1, POINTS + 1)]
