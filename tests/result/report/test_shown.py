"""The report of a long run: of a bounded size, with the best trials and those that it names, and it says what it leaves out."""

import json
import re
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from tests.result_samples import searched

from einspace.evaluation.outcome import Evaluation, Outcome, Seconds
from einspace.result import Result
from einspace.result.report import Album, content
from einspace.result.report.family import family
from einspace.result.report.shown import SHOWN

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return searched(tmp_path_factory.mktemp("runs"), trials=6, report=False)


def lengthened(result: Result, trials: int) -> Result:
    """A run of so many trials with the texts of another one: each trial is a child of the one before, and every ninth fails."""
    rng, known = Random(0), result.history
    history = []
    for number in range(trials):
        spent = Seconds(0.1, 0.7, 0.2)
        failed = Evaluation(Outcome.ERROR, reason="ValueError: no", seconds=spent, worker=1)
        scored = Evaluation(Outcome.OK, rng.random(), (2.0, 1.0), seconds=spent, worker=1, latency=rng.random())
        evaluation = failed if number % 9 == 8 else scored
        trial = known[number % len(known)]
        costs = replace(trial.proposal.costs, parameters=rng.randrange(1_000, 100_000))
        proposal = replace(trial.proposal, key=str(number), costs=costs, parents=(max(0, number - 7),) if number else ())
        known_by: dict[str, Any] = {"number": number, "started": 10.0 * number, "ended": 10.0 * number + 1, "reused": None}
        history.append(replace(trial, proposal=proposal, evaluation=evaluation, fitness=evaluation.value, **known_by))
    top = max(history, key=lambda trial: trial.fitness or 0.0)
    assert result.best is not None
    best = replace(result.best, name=f"trial {top.number}", proposal=top.proposal, trial=top.number, validation=top.value)
    other = replace(best, name="trial 4", proposal=history[4].proposal, trial=4, race=(0.5,))
    return replace(result, history=tuple(history), best=best, finalists=(replace(best, race=(0.6,)), other))


def data(html: str, name: str) -> dict[str, Any]:
    """A block of data in a page."""
    found: dict[str, Any] = json.loads(re.findall(rf'id="{name}">(.*?)</script>', html, re.DOTALL)[0])
    return found


def page_of(result: Result) -> str:
    """The main part of the page without pictures, of which there are so many anyway."""
    return content(result, Album((1, 8, 8), seconds=0))


@pytest.fixture(scope="module")
def run(short: Result) -> Result:
    return lengthened(short, 5_000)


@pytest.fixture(scope="module")
def html(run: Result) -> str:
    return page_of(run)


def rows(html: str) -> set[int]:
    """The numbers of the trials in the table."""
    found = [
        int(number) for number in re.findall(r'<td class="n" data-value="\d+"><button type="button" class="open" data-trial="(\d+)"', html)
    ]
    assert found == sorted(set(found))
    return set(found)


def test_the_page_of_a_long_run_is_no_larger_than_that_of_a_shorter_one(short: Result, html: str) -> None:
    """It grew by more than 1.6 kB a trial, and no browser opened that of a night on many workers."""
    assert len(html) < 1.2 * len(page_of(lengthened(short, SHOWN)))
    assert len(page_of(lengthened(short, 10_000))) < 1.2 * len(html)
    assert len(html) < 5_000_000


def test_the_trials_that_it_has_are_the_best_the_latest_those_it_names_and_a_sample(run: Result, html: str) -> None:
    """Each row has its details, and whatever the page offers to show can be shown."""
    chosen = rows(html)
    assert len(chosen) <= SHOWN
    assert {int(number) for number in data(html, "details")} == chosen
    ranked = sorted(run.history, key=lambda trial: -(trial.fitness or -1.0))
    assert {trial.number for trial in ranked[: SHOWN // 2]} <= chosen
    assert {trial.number for trial in run.history[-SHOWN // 5 :]} <= chosen
    assert {trial.number for cost in ("parameters", "latency") for trial in run.pareto(cost)} <= chosen
    assert {row.trial for row in run.finalists} <= chosen
    assert {step.trial.number for step in family(run)[-40:]} <= chosen
    assert {int(number) for number in re.findall(r'data-trial="(\d+)"', html)} == chosen
    between = sorted(chosen)
    assert max(later - sooner for sooner, later in pairwise(between)) <= 13  # an even sample
    assert any(run.history[number].value is None for number in chosen)


def test_it_says_how_many_it_has_and_where_all_of_them_are(run: Result, html: str) -> None:
    """In one sentence; a page of a run that is short enough has all trials and no such word."""
    count = len(rows(html))
    assert f"{count} of 5000 trials</h2>" in html
    assert f"<code>einspace show test --runs {run.run.parent} --trial NUMBER</code> shows any other" in html
    assert f"<code>es.load_result(&#39;test&#39;, &#39;{run.run.parent}&#39;).history</code> has all" in html
    options = re.findall(r'<option value="[^"]+">[^<]* \((\d+)\)</option>', html)
    assert sum(map(int, options)) == count
    few = page_of(replace(run, history=run.history[:SHOWN]))
    assert len(rows(few)) == SHOWN
    assert f"All {SHOWN} trials</h2>" in few
    assert "shows any other" not in few


def test_marks_are_those_of_the_trials_it_has_and_lines_those_of_all(run: Result, html: str) -> None:
    """The best so far is exact at every trial, as are the fronts, and no mark leads nowhere."""
    chosen, charts = rows(html), data(html, "charts")
    marked = {name: [n for trace in chart["data"] for n in trace.get("customdata", ()) if n is not None] for name, chart in charts.items()}
    assert {"by-trial", "by-time", "pareto-parameters", "pareto-latency", "workers"} <= {name for name in marked if marked[name]}
    assert all(set(numbers) <= chosen for numbers in marked.values())
    line = next(trace for trace in charts["by-trial"]["data"] if trace["name"] == "best so far")
    assert len(line["x"]) < 100
    turns = dict(zip(line["x"], line["y"], strict=True))
    shown, best = 0.0, 0.0
    for trial in run.history:
        best = max(best, trial.value or 0.0)
        shown = turns.get(trial.number, shown)
        assert shown == best
    front = next(trace for trace in charts["pareto-parameters"]["data"] if trace["name"] == "Pareto front")
    assert set(front["customdata"]) == {trial.number for trial in run.pareto("parameters")}
