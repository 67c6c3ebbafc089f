"""Charts of a report, as figures of Plotly's. The page gives them the colours of its text and its grid, light or dark."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import accumulate
from statistics import quantiles
from typing import Any

import plotly.graph_objects as go

from einspace.quantities import duration, quantity
from einspace.result.report.operations import Shares
from einspace.result.result import Entrant, Result
from einspace.surrogate import predicted
from einspace.trial import Trial

BLUE, ORANGE, GREEN, PURPLE, GREY, RED = "#3b82c4", "#d9822b", "#2e9e6b", "#9a5cc7", "#8b97a4", "#d64545"
"""Bright enough on a dark page and dark enough on a light one."""

COSTS = {"parameters": "parameters of the backbone", "flops": "FLOPs for one sample", "latency": "milliseconds for one sample"}
"""What the Pareto fronts are drawn against."""

FEW = 20
"""Trials or epochs up to which each has its mark on an axis."""

SPREAD = 4.0
"""Interquartile ranges beyond the quartiles, outside of which scores do not stretch an axis."""

OVERLAP = 0.05
"""Seconds by which two evaluations of one worker may seem to overlap: the driver hears of an end a little after it."""

Chart = dict[str, Any]


def charts(result: Result, shares: Sequence[Shares]) -> dict[str, Chart]:
    """Every chart that the run has data for, by name, as JSON of Plotly's."""
    figures = {
        "by-trial": progress(result),
        "by-time": progress(result, by_time=True),
        "losses": losses(result),
        "predicted": predictions(result),
        "test": tests(result),
        **{f"pareto-{cost}": pareto(result, cost) for cost in COSTS},
        "operations": operations(shares),
        "workers": workers(result),
    }
    return {name: figure.to_plotly_json() for name, figure in figures.items() if figure is not None}


def progress(result: Result, by_time: bool = False) -> go.Figure | None:
    """Each trial's score as a point, and the best so far as a line; the best baseline is a dashed one."""
    trials = [trial for trial in result.history if trial.value is not None]
    if not trials:
        return None
    start = min(trial.started for trial in trials)
    if by_time:
        trials = sorted(trials, key=lambda trial: trial.ended or 0.0)
    along = [((trial.ended or start) - start) / 60 if by_time else trial.number for trial in trials]
    scores = [trial.value or 0.0 for trial in trials]
    best = list(accumulate(scores, max if result.higher_is_better else min))
    figure = figure_of("minutes since the search began" if by_time else "trial", f"validation {result.metric}")
    hover = [
        f"trial {trial.number}: {trial.value:.4f}<br>{escape(trial.origin)}, {quantity(trial.parameters)} parameters" for trial in trials
    ]
    numbers = [trial.number for trial in trials]
    figure.add_scatter(
        x=along,
        y=scores,
        mode="markers",
        name="a trial",
        marker={"color": BLUE, "size": 7, "opacity": 0.85},
        text=hover,
        customdata=numbers,
        hovertemplate="%{text}<extra></extra>",
    )
    figure.add_scatter(
        x=along, y=best, mode="lines", name="best so far", line={"color": ORANGE, "width": 2.5, "shape": "hv"}, hoverinfo="skip"
    )
    chosen = [i for i, trial in enumerate(trials) if result.best is not None and trial.number == result.best.trial]
    if chosen:
        figure.add_scatter(
            x=[along[i] for i in chosen],
            y=[scores[i] for i in chosen],
            mode="markers",
            name="the winner" if result.finalists else "the best",
            marker={"symbol": "star", "color": ORANGE, "size": 15},
            text=[hover[i] for i in chosen],
            customdata=[numbers[i] for i in chosen],
            hovertemplate="%{text}<extra></extra>",
        )
    baseline = best_baseline(result)
    if baseline is not None and baseline.validation is not None:
        figure.add_scatter(
            x=[min(along), max(along)],
            y=[baseline.validation] * 2,
            mode="lines",
            name=f"{escape(baseline.name)}, the best baseline",
            line={"color": GREY, "dash": "dash"},
            hoverinfo="name+y",
        )
    if not by_time and max(along) < FEW:
        figure.update_xaxes(dtick=1)
    _window(figure, scores)
    return figure


def _cost(trial: Trial, cost: str) -> float:
    """A cost in the units of its axis; 0 where it is not known."""
    return (trial.cost(cost) or 0.0) * (1e3 if cost == "latency" else 1)


def best_baseline(result: Result) -> Entrant | None:
    """The baseline with the best score on validation, if one has any."""
    scored = [row for row in result.baselines if row.validation is not None]
    choose = max if result.higher_is_better else min
    return choose(scored, key=lambda row: row.validation or 0.0) if scored else None


def losses(result: Result) -> go.Figure | None:
    """The best architecture's training loss by epoch, in the search and in its final trainings."""
    best = result.best
    if best is None:
        return None
    searched = next((trial for trial in result.history if trial.number == best.trial), None)
    curves = [("in the search", searched, BLUE)]
    curves += [(f"final, seed {final.seed}", final, ORANGE) for final in best.finals if final is not None]
    figure = figure_of("epoch", "mean training loss")
    for name, trial, colour in curves:
        if trial is not None and trial.losses:
            figure.add_scatter(
                x=list(range(1, len(trial.losses) + 1)),
                y=list(trial.losses),
                mode="lines+markers",
                name=name,
                line={"color": colour},
                hovertemplate="epoch %{x}: %{y:.4f}",
            )
    if max((len(trace.x) for trace in figure.data), default=0) <= FEW:
        figure.update_xaxes(dtick=1)
    return figure if figure.data else None


def predictions(result: Result) -> go.Figure | None:
    """What the surrogate predicted of a trial before it was trained, and the score that it has; those that it chose have their colour."""
    trials = [(trial, trial.proposal.prediction) for trial in predicted(result.history)]
    if len(trials) < 2:
        return None
    figure = figure_of("predicted percentile", f"validation {result.metric}")
    for name, chosen, colour in (("chosen among several children", True, ORANGE), ("as the strategy proposed it", False, BLUE)):
        shown = [(trial, prediction) for trial, prediction in trials if prediction is not None and (prediction.among > 1) == chosen]
        if shown:
            figure.add_scatter(
                x=[prediction.percentile for _, prediction in shown],
                y=[trial.value for trial, _ in shown],
                mode="markers",
                name=name,
                marker={"size": 8, "color": colour},
                customdata=[trial.number for trial, _ in shown],
                text=[
                    f"trial {trial.number}: {trial.value:.4f}<br>predicted at {prediction.percentile:.0%}" for trial, prediction in shown
                ],
                hovertemplate="%{text}<extra></extra>",
            )
    figure.update_xaxes(tickformat=".0%")
    _window(figure, [trial.value or 0.0 for trial, _ in trials])
    return figure


def tests(result: Result) -> go.Figure | None:
    """Scores on test: the best found, the baselines, and what others published."""
    rows = [
        (escape(row.name), row.test, row.over_seeds.deviation, colour)
        for row, colour in [(result.best, ORANGE), *((row, BLUE) for row in result.baselines)]
        if row is not None
    ]
    rows += [(f"{escape(name)} (published)", score, 0.0, GREY) for name, score in result.settings["published"].items()]
    shown = sorted((row for row in rows if row[1] is not None), key=lambda row: row[1] or 0.0, reverse=not result.higher_is_better)
    if len(shown) < 2:
        return None
    figure = figure_of(f"test {result.metric}", "", height=70 + 34 * len(shown))
    names, scores, deviations, colours = ([row[i] for row in shown] for i in range(4))
    figure.add_scatter(
        x=scores,
        y=names,
        mode="markers",
        marker={"color": colours, "size": 12},
        error_x={"array": [deviation or 0.0 for deviation in deviations], "color": GREY},
        hovertemplate="%{y}: %{x:.4f}<extra></extra>",
    )
    figure.update_layout(showlegend=False, yaxis={"type": "category", "automargin": True})
    return figure


def pareto(result: Result, cost: str) -> go.Figure | None:
    """Scores against a cost, with the front of the trials that no other beats in both."""
    trials = [trial for trial in result.history if trial.value is not None and trial.cost(cost) is not None]
    if not trials:
        return None
    front = {trial.number for trial in result.pareto(cost)}
    figure = figure_of(COSTS[cost], f"validation {result.metric}")
    groups = [
        ("a trial", [trial for trial in trials if trial.number not in front], BLUE, "markers"),
        (
            "Pareto front",
            sorted((trial for trial in trials if trial.number in front), key=lambda trial: _cost(trial, cost)),
            ORANGE,
            "lines+markers",
        ),
    ]
    for name, members, colour, mode in groups:
        costs = [_cost(trial, cost) for trial in members]
        figure.add_scatter(
            x=costs,
            y=[trial.value for trial in members],
            mode=mode,
            name=name,
            line={"shape": "hv", "color": colour},
            marker={"size": 8, "color": colour},
            customdata=[trial.number for trial in members],
            text=[f"trial {trial.number}: {trial.value:.4f}<br>{quantity(_cost(trial, cost))}" for trial in members],
            hovertemplate="%{text}<extra></extra>",
        )
    rivals = [] if cost == "latency" else [row for row in result.baselines if row.validation is not None and row.proposal is not None]
    if rivals:
        figure.add_scatter(
            x=[getattr(row.proposal.costs, cost) for row in rivals if row.proposal is not None],
            y=[row.validation for row in rivals],
            mode="markers",
            name="baseline",
            text=[escape(row.name) for row in rivals],
            marker={"symbol": "diamond", "size": 10, "color": GREY},
            hovertemplate="%{text}: %{y:.4f}<extra></extra>",
        )
    known = [_cost(trial, cost) for trial in trials]
    if min(known) > 0:
        figure.update_xaxes(type="log", dtick=1 if max(known) >= 100 * min(known) else "D2", tickformat="~g" if cost == "latency" else "~s")
    _window(figure, [trial.value or 0.0 for trial in trials])
    return figure


def operations(shares: Sequence[Shares]) -> go.Figure | None:
    """How often each function occurs in the good architectures and in all of them, as in figure 7."""
    if not shares:
        return None
    figure = figure_of("", "share of the operations", height=340)
    names = [share.name for share in shares]
    for label, values, colour in (
        ("best quarter", [share.good for share in shares], ORANGE),
        ("all", [share.all for share in shares], BLUE),
    ):
        figure.add_bar(x=names, y=values, name=label, marker={"color": colour}, hovertemplate=f"{label}: %{{y:.1%}}<extra>%{{x}}</extra>")
    figure.update_layout(barmode="group", yaxis={"tickformat": ".0%"})
    return figure


def workers(result: Result) -> go.Figure | None:
    """What each worker evaluated when; a lane holds one evaluation at a time."""
    trials = sorted((trial for trial in result.trials() if trial.seconds and trial.ended), key=lambda trial: trial.started)
    if not trials:
        return None
    start = min(_began(trial) for trial in trials)
    lanes = lanes_of([(_worker(trial), _began(trial), trial.ended or 0.0) for trial in trials])
    names = sorted(set(lanes), key=lambda lane: (lane[0] is None, lane))
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
            customdata=[trial.number if trial.phase == "search" else None for trial in trials],
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
    """What a lane is called."""
    if worker is None:
        return f"lane {lane + 1}"
    return f"worker {worker}" + (f" of program {lane + 1}" if lane else "")


def _worker(trial: Trial) -> int | None:
    return None if trial.evaluation is None else trial.evaluation.worker


def _began(trial: Trial) -> float:
    """When its evaluation began: its driver may have kept it waiting before."""
    return (trial.ended or 0.0) - trial.seconds


def _phases(trial: Trial) -> Mapping[str, float]:
    spent = trial.evaluation.seconds if trial.evaluation is not None else None
    return {name: 0.0 if spent is None else getattr(spent, name) for name in ("build", "train", "score")}


def figure_of(across: str, up: str, height: int = 320) -> go.Figure:
    """An empty chart with its axes named, without colours that a dark page would not take."""
    layout = {
        "template": "none",
        "height": height,
        "margin": {"l": 64, "r": 16, "t": 34, "b": 48},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hovermode": "closest",
        "legend": {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"},
        "xaxis": {"title": {"text": across}, "zeroline": False, "automargin": True},
        "yaxis": {"title": {"text": escape(up)}, "zeroline": False, "automargin": True},
    }
    return go.Figure(layout=layout)


def _window(figure: go.Figure, scores: Sequence[float]) -> None:
    """Keep a few scores far from the others from flattening the chart, and say how many are not shown."""
    if len(scores) < 8:
        return
    first, _, third = quantiles(scores)
    reach = SPREAD * (third - first)
    inside = [score for score in scores if first - reach <= score <= third + reach]
    if reach == 0 or len(inside) == len(scores):
        return
    margin = 0.06 * (max(inside) - min(inside))
    figure.update_yaxes(range=[min(inside) - margin, max(inside) + margin])
    beyond = len(scores) - len(inside)
    figure.add_annotation(
        text=f"{beyond} {'score lies' if beyond == 1 else 'scores lie'} beyond the edge; double-click shows all",
        xref="paper",
        yref="paper",
        x=1,
        y=0.02,
        yanchor="bottom",
        showarrow=False,
        font={"size": 11},
    )
