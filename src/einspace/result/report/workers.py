"""Workers: the chart of the evaluations of each worker over time."""

from collections.abc import Container, Mapping, Sequence

import plotly.graph_objects as go

from einspace.quantities import duration
from einspace.result.report.axes import BLUE, GREEN, ORANGE, figure_of
from einspace.result.result import Result
from einspace.trial import SEARCH, Trial

OVERLAP = 0.05
"""Seconds by which two evaluations of one worker may seem to overlap: the driver hears of an end a little after it."""


def workers(result: Result, shown: Container[int] | None = None) -> go.Figure | None:
    """The evaluations of each worker over time, of the search those of the trials that are shown; a lane holds one at a time."""
    trials = sorted((trial for trial in result.trials() if trial.seconds and trial.ended), key=lambda trial: trial.started)
    if not trials:
        return None
    start = min(_began(trial) for trial in trials)
    lanes = lanes_of([(_worker(trial), _began(trial), trial.ended or 0.0) for trial in trials])
    names = sorted(set(lanes), key=lambda lane: (lane[0] is None, lane))
    drawn = [i for i, trial in enumerate(trials) if shown is None or trial.phase != SEARCH or trial.number in shown]
    trials, lanes = [trials[i] for i in drawn], [lanes[i] for i in drawn]
    figure = figure_of("minutes since the search began", "", height=110 + 34 * len(names))
    for phase, name, colour in (("build", "building", GREEN), ("train", "training", BLUE), ("score", "scoring", ORANGE)):
        base, length = [], []
        for trial in trials:
            spent = _phases(trial)
            before = sum(seconds for other, seconds in spent.items() if list(spent).index(other) < list(spent).index(phase))
            base.append((_began(trial) - start + before) / 60)
            length.append(spent[phase] / 60)
        text = [f"{trial.title}: {duration(trial.seconds)}, {trial.outcome}" for trial in trials]
        figure.add_bar(
            y=[_lane(*lane) for lane in lanes],
            x=length,
            base=base,
            orientation="h",
            name=name,
            marker={"color": colour},
            text=text,
            textposition="none",
            hovertemplate="%{text}<extra></extra>",
            customdata=[trial.number if trial.phase == SEARCH else None for trial in trials],
        )
    order = [_lane(*name) for name in names]
    axis = {"autorange": "reversed", "type": "category", "categoryorder": "array", "categoryarray": order}
    figure.update_layout(barmode="overlay", yaxis=axis)
    return figure


def lanes_of(spans: Sequence[tuple[int | None, float, float]]) -> list[tuple[int | None, int]]:
    """A lane for each span of a worker, by their beginning: the worker's number, and 0 where only one program gave it work.

    Two programs that work on one run both have a worker 1, whose spans overlap; the spans of unknown workers may overlap too. Those that
    do get the fewest lanes in which none does.

    >>> lanes_of([(1, 0, 2), (2, 1, 3), (1, 2, 4), (1, 3, 5), (None, 4, 5)])
    [(1, 0), (2, 0), (1, 0), (1, 1), (None, 0)]
    """
    ends: dict[int | None, list[float]] = {}
    found = []
    for worker, begin, end in spans:
        busy = ends.setdefault(worker, [])
        lane = next((i for i, until in enumerate(busy) if until <= begin + OVERLAP), len(busy))
        busy[lane : lane + 1] = [end]
        found.append((worker, lane))
    return found


def _lane(worker: int | None, lane: int) -> str:
    """The name of a lane."""
    if worker is None:
        return f"lane {lane + 1}"
    return f"worker {worker}" + (f" of program {lane + 1}" if lane else "")


def _worker(trial: Trial) -> int | None:
    return None if trial.evaluation is None else trial.evaluation.worker


def _began(trial: Trial) -> float:
    """The moment at which the evaluation began, which can be later than the trial, since the driver may have let it wait."""
    return (trial.ended or 0.0) - trial.seconds


def _phases(trial: Trial) -> Mapping[str, float]:
    spent = trial.evaluation.seconds if trial.evaluation is not None else None
    return {name: 0.0 if spent is None else getattr(spent, name) for name in ("build", "train", "score")}
