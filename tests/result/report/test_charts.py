"""Facts about what the charts of a report show of scores that are far from the others."""

from collections.abc import Sequence
from dataclasses import replace

import plotly.graph_objects as go
import pytest
from tests.result_samples import searched

from einspace.result import Result
from einspace.result.report.charts import pareto, progress

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A short run, whose scores the tests replace."""
    return searched(tmp_path_factory.mktemp("runs"), trials=4, report=False)


def scored(result: Result, values: Sequence[float], baseline: float, sign: int = 1) -> Result:
    """The run with trials of these scores, larger networks the later they are; a sign of -1 turns scores and metric round."""
    scored = next(trial for trial in result.history if trial.evaluation is not None and trial.value is not None)
    assert scored.evaluation is not None
    history = tuple(
        replace(
            scored,
            number=number,
            proposal=replace(scored.proposal, key=str(number), costs=replace(scored.proposal.costs, parameters=1000 + number)),
            evaluation=replace(scored.evaluation, value=sign * value),
            fitness=value,
        )
        for number, value in enumerate(values)
    )
    top = max(history, key=lambda trial: trial.fitness or 0.0)
    assert result.best is not None
    best = replace(result.best, trial=top.number, validation=top.value)
    rivals = tuple(replace(row, validation=sign * baseline) for row in result.baselines)
    settings = {**result.settings, "metric": {**result.settings["metric"], "higher_is_better": sign > 0}}
    return replace(result, history=history, best=best, baselines=rivals, settings=settings)


def figures(result: Result) -> list[go.Figure]:
    """The charts of scores by trial, and against parameters."""
    found = [progress(result), pareto(result, "parameters")]
    return [figure for figure in found if figure is not None]


NEAR_CHANCE = [0.1 + 0.0005 * (number % 10) for number in range(30)]
GOOD = [0.5, 0.55, 0.6, 0.58, 0.61, 0.59]


@pytest.mark.parametrize("sign", [1, -1])
def test_good_scores_are_shown_however_far_they_are_from_the_others(result: Result, sign: int) -> None:
    """Of 30 trials near chance and six good ones, the best, the line of the best and the Pareto front were outside of the charts."""
    for figure in figures(scored(result, [*NEAR_CHANCE, *GOOD], 0.45, sign)):
        assert (figure.layout.yaxis.range, figure.layout.annotations) == (None, ())


@pytest.mark.parametrize("sign", [1, -1])
def test_a_few_poor_scores_do_not_flatten_a_chart_and_are_counted(result: Result, sign: int) -> None:
    """The others are in the window; and so is the best baseline, even if it is a poor one."""
    values = [*NEAR_CHANCE, *GOOD, -9.0, -8.0]
    end = "low" if sign > 0 else "high"
    for baseline, lowest in ((0.45, 0.1), (-1.0, -1.0)):
        for figure in figures(scored(result, values, baseline, sign)):
            low, high = sorted(sign * bound for bound in figure.layout.yaxis.range)
            assert lowest - 0.2 < low < lowest < 0.61 < high < 0.8
            (said,) = figure.layout.annotations
            assert said.text.startswith(f"2 {end} scores are not shown")


def test_a_baseline_outside_of_all_scores_is_shown(result: Result) -> None:
    """Its line was where nobody saw it, without a word."""
    for baseline in (-0.5, 0.9):
        for figure in figures(scored(result, [*NEAR_CHANCE, *GOOD, -9.0], baseline)):
            low, high = figure.layout.yaxis.range
            assert low < baseline < high
