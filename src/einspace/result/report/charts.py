"""Charts of a report, as figures of Plotly's. The page gives them the colours of its text and its grid, light or dark."""

from collections.abc import Container, Sequence
from html import escape
from itertools import accumulate
from statistics import quantiles
from typing import Any

import plotly.graph_objects as go

from einspace.quantities import counted, decimal, quantity
from einspace.result.entrant import Entrant
from einspace.result.report.axes import BLUE, GREY, ORANGE, Chart, figure_of
from einspace.result.report.operations import Shares
from einspace.result.report.workers import workers
from einspace.result.result import Result
from einspace.result.words import how_found
from einspace.surrogate import predicted
from einspace.trial import Trial

COSTS = {"parameters": "parameters (without the head)", "flops": "FLOPs for one sample", "latency": "milliseconds for one sample"}
"""The costs of the charts with a Pareto front, with the titles of their axes."""

FEW = 20
"""Trials or epochs up to which each has its mark on an axis."""

REACH = 4.0
"""Interquartile ranges beyond the quartiles, outside of which poor scores do not stretch an axis."""


def charts(result: Result, shares: Sequence[Shares], shown: Container[int] | None = None) -> dict[str, Chart]:
    """Every chart that the run has data for, by name, as JSON of Plotly's.

    Args:
        result: What the run found.
        shares: How often each function occurs.
        shown: The numbers of the trials that have a mark; None: all. Lines, fronts and axes are those of all trials.
    """
    figures = {
        "by-trial": progress(result, shown=shown),
        "by-time": progress(result, by_time=True, shown=shown),
        "losses": losses(result),
        "predicted": predictions(result, shown),
        "test": tests(result),
        **{f"pareto-{cost}": pareto(result, cost, shown) for cost in COSTS},
        "operations": operations(shares),
        "workers": workers(result, shown),
    }
    return {name: figure.to_plotly_json() for name, figure in figures.items() if figure is not None}


def progress(result: Result, by_time: bool = False, shown: Container[int] | None = None) -> go.Figure | None:
    """Each trial's score as a point, and the best so far as a line, where one may be selected; the best baseline is a dashed one."""
    trials = [trial for trial in result.history if trial.value is not None]
    if not trials:
        return None
    start = min(trial.started for trial in trials)
    if by_time:
        trials = sorted(trials, key=lambda trial: trial.ended or 0.0)
    along = [((trial.ended or start) - start) / 60 if by_time else trial.number for trial in trials]
    scores = [trial.value or 0.0 for trial in trials]
    best = list(accumulate(scores, max if result.higher_is_better else min))
    figure = figure_of("minutes since the search began" if by_time else "trial", result.scale)

    def marks(indices: Sequence[int]) -> dict[str, Any]:
        """The points of some trials."""
        told = [(trials[i].number, decimal(trials[i].value), escape(trials[i].origin), quantity(trials[i].parameters)) for i in indices]
        return {
            "x": [along[i] for i in indices],
            "y": [scores[i] for i in indices],
            "mode": "markers",
            "text": [f"trial {number}: {score}<br>{origin}, {size} parameters" for number, score, origin, size in told],
            "customdata": [number for number, *_ in told],
            "hovertemplate": "%{text}<extra></extra>",
        }

    drawn = [i for i, trial in enumerate(trials) if shown is None or trial.number in shown]
    figure.add_scatter(name="a trial", marker={"color": BLUE, "size": 7, "opacity": 0.85}, **marks(drawn))
    if result.split == "validation":
        line = {"color": ORANGE, "width": 2.5, "shape": "hv"}
        turns = [i for i in range(len(best)) if shown is None or i in (0, len(best) - 1) or best[i] != best[i - 1]]
        x, y = [along[i] for i in turns], [best[i] for i in turns]
        figure.add_scatter(x=x, y=y, mode="lines", name="best so far", line=line, hoverinfo="skip")
    chosen = [i for i, trial in enumerate(trials) if result.best is not None and trial.number == result.best.trial]
    if chosen:
        name = "the winner" if how_found(result) == "race" else "the best"
        figure.add_scatter(name=name, marker={"symbol": "star", "color": ORANGE, "size": 15}, **marks(chosen))
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
    _window(result, figure, scores, [] if baseline is None or baseline.validation is None else [baseline.validation])
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
    figure = figure_of("epoch", f"mean training loss of {best.name}")
    for name, trial, colour in curves:
        if trial is not None and trial.losses:
            figure.add_scatter(
                x=list(range(1, len(trial.losses) + 1)),
                y=list(trial.losses),
                mode="lines+markers",
                name=name,
                line={"color": colour},
                hovertemplate="epoch %{x}: %{y:.4g}",
            )
    if max((len(trace.x) for trace in figure.data), default=0) <= FEW:
        figure.update_xaxes(dtick=1)
    return figure if figure.data else None


def predictions(result: Result, shown: Container[int] | None = None) -> go.Figure | None:
    """The surrogate's prediction of each trial before it was trained, and its score; those that it chose have their colour."""
    trials = [(trial, trial.proposal.prediction) for trial in predicted(result.history)]
    if len(trials) < 2:
        return None
    figure = figure_of("predicted percentile", result.scale)
    for name, chosen, colour in (("chosen among several children", True, ORANGE), ("as the strategy proposed it", False, BLUE)):
        drawn = [
            (trial, prediction)
            for trial, prediction in trials
            if prediction is not None and (prediction.among > 1) == chosen and (shown is None or trial.number in shown)
        ]
        if drawn:
            figure.add_scatter(
                x=[prediction.percentile for _, prediction in drawn],
                y=[trial.value for trial, _ in drawn],
                mode="markers",
                name=name,
                marker={"size": 8, "color": colour},
                customdata=[trial.number for trial, _ in drawn],
                text=[
                    f"trial {trial.number}: {decimal(trial.value)}<br>predicted at {prediction.percentile:.0%}"
                    for trial, prediction in drawn
                ],
                hovertemplate="%{text}<extra></extra>",
            )
    figure.update_xaxes(tickformat=".0%")
    _window(result, figure, [trial.value or 0.0 for trial, _ in trials])
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
        hovertemplate="%{y}: %{x:.4g}<extra></extra>",
    )
    figure.update_layout(showlegend=False, yaxis={"type": "category", "automargin": True})
    return figure


def pareto(result: Result, cost: str, shown: Container[int] | None = None) -> go.Figure | None:
    """Scores against a cost, with the front of the trials that no other beats in both."""
    trials = [trial for trial in result.history if trial.value is not None and trial.cost(cost) is not None]
    if not trials:
        return None
    front = {trial.number for trial in result.pareto(cost)}
    figure = figure_of(COSTS[cost], result.scale)
    groups = [
        ("a trial", [trial for trial in trials if trial.number not in front and (shown is None or trial.number in shown)], BLUE, "markers"),
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
            text=[f"trial {trial.number}: {decimal(trial.value)}<br>{quantity(_cost(trial, cost))}" for trial in members],
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
            hovertemplate="%{text}: %{y:.4g}<extra></extra>",
        )
    known = [_cost(trial, cost) for trial in trials]
    if min(known) > 0:
        figure.update_xaxes(type="log", dtick=1 if max(known) >= 100 * min(known) else "D2", tickformat="~g" if cost == "latency" else "~s")
    _window(result, figure, [trial.value or 0.0 for trial in trials], [row.validation for row in rivals if row.validation is not None])
    return figure


def operations(shares: Sequence[Shares]) -> go.Figure | None:
    """The frequency of each function in the good architectures and in all of them, as in figure 7."""
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


def _window(result: Result, figure: go.Figure, scores: Sequence[float], baselines: Sequence[float] = ()) -> None:
    """Keep a few scores far worse than the others from flattening the chart, and say how many are not shown.

    What is better than the others is always shown, and so is the best of the baselines, whose scores are marks of the chart too.
    """
    if len(scores) < 8:
        return
    first, _, third = quantiles(scores)
    if first == third:
        return
    low, high = first - REACH * (third - first), third + REACH * (third - first)
    better = max if result.higher_is_better else min
    marks = [*scores, *set(baselines).difference(scores)]
    inside = [score for score in marks if (score >= low if result.higher_is_better else score <= high)]
    inside += [better(baselines)] if baselines else []
    hidden = sum(not min(inside) <= score <= max(inside) for score in marks)
    if not hidden:
        return
    margin = 0.06 * (max(inside) - min(inside))
    figure.update_yaxes(range=[min(inside) - margin, max(inside) + margin])
    end = "low" if result.higher_is_better else "high"
    figure.add_annotation(
        text=f"{counted(hidden, f'{end} score')} {'is' if hidden == 1 else 'are'} not shown; double-click the chart to see all",
        xref="paper",
        yref="paper",
        x=1,
        y=0.02,
        yanchor="bottom",
        showarrow=False,
        font={"size": 11},
    )
