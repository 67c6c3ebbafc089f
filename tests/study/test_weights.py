"""Weights: whose trained weights a run keeps, and how they are had afterwards."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from tests.study_samples import EVOLUTION, SMALL, ThreadExecutor, good, small_task

from einspace.errors import SettingError
from einspace.evaluation.outcome import Evaluation, Outcome, Request, Seconds
from einspace.reporting.result import summary
from einspace.result import Entrant, Result
from einspace.result.reading import SHORT
from einspace.study import search


def run(folder: Path, **options: Any) -> tuple[Result, list[Request]]:
    """A small search, and its final trainings."""
    executor = options.pop("executor", None) or ThreadExecutor()
    given = {**EVOLUTION, "limits": SMALL, "workers": 1, "trials": 4, "run": "test", "runs": folder, **options}
    result = search(small_task(), executor=executor, **given)
    return result, [request for request in executor.requests if request.final]


def stem(entrant: Entrant | None) -> str:
    """What the file of its weights is called."""
    assert entrant is not None
    assert entrant.proposal is not None
    return entrant.proposal.stem


def test_the_best_network_is_kept_unless_somebody_says_otherwise(tmp_path: Path) -> None:
    """One file under the best architecture's key, and the end of a search says what it takes on the disk."""
    result, finals = run(tmp_path)
    assert result.best is not None
    assert len(finals) == 2
    assert list(result.weights) == [stem(result.best)]
    console = Console(width=400)  # the path of the run is as long as it is
    with console.capture() as captured:
        console.print(*summary(result))
    assert "holds the trained weights of 1 network" in captured.get()
    assert result.to_json()["weights"][stem(result.best)]["bytes"] > 0


@pytest.mark.slow
def test_all_and_none_are_the_other_choices(tmp_path: Path) -> None:
    """With `all`, the baselines' weights are kept too; anything else is refused."""
    result, finals = run(tmp_path, keep_weights="all", run="all")
    assert result.best is not None
    assert set(result.weights) == {stem(result.best), *map(stem, result.baselines)}
    assert len(result.weights) == len(finals) == 2
    assert run(tmp_path, keep_weights="none", run="none")[0].weights == {}
    with pytest.raises(SettingError, match="unknown choice of weights 'bets': did you mean best"):
        run(tmp_path, keep_weights="bets", run="wrong")


@pytest.mark.slow
def test_weights_that_are_missing_are_trained_when_they_are_asked_for(tmp_path: Path) -> None:
    """A finished run trains exactly the networks without a file, keeps its scores, and has nothing to do after that."""
    first, _ = run(tmp_path, keep_weights="none")
    second, finals = run(tmp_path)
    assert first.best is not None
    assert [request.text for request in finals] == [first.best.text]
    assert list(second.weights) == [stem(first.best)]
    third, finals = run(tmp_path, keep_weights="all")
    assert [request.text for request in finals] == [row.text for row in first.baselines if row.text != first.best.text]
    assert run(tmp_path, keep_weights="all")[1] == []
    assert third.best is not None
    assert (third.best.test, third.best.name) == (first.best.test, first.best.name)


@pytest.mark.slow
def test_weights_that_are_missing_are_trained_whatever_is_left_of_the_budget(tmp_path: Path) -> None:
    """Each network that was trained in the end before is, once, as the error of a predictor without weights promises; no seed is added."""

    def function(request: Request) -> Evaluation:
        return replace(good(request), seconds=Seconds(train=10.0))

    first, _ = run(tmp_path, executor=ThreadExecutor(function), budget=1_000, time_limit=1_000)
    options = {"budget": 1e-3, "time_limit": 1_000, "keep_weights": "all", "final_seeds": 3}
    second, finals = run(tmp_path, executor=ThreadExecutor(function), **options)
    baseline = second.baselines[0]
    assert [(request.text, request.seed) for request in finals if request.text == baseline.text] == [(baseline.text, 0)]
    assert set(second.weights) == {stem(second.best), stem(baseline)}
    assert baseline.tests == (first.baselines[0].test, None, None)
    assert baseline.reason == SHORT


def test_the_score_is_that_of_the_weights_that_were_kept(tmp_path: Path) -> None:
    """Where a repeated training scores otherwise, as it may on another device, the report follows the file."""

    def other(request: Request) -> Evaluation:
        return Evaluation(Outcome.OK, 0.125, losses=(1.0,))

    first, _ = run(tmp_path, keep_weights="none")
    again, _ = run(tmp_path, executor=ThreadExecutor(other))
    assert first.best is not None
    assert again.best is not None
    assert (first.best.test, again.best.test) == (good(Request(first.best.text, final=True)).value, 0.125)


def test_a_file_that_cannot_be_written_is_tried_once_a_call(tmp_path: Path) -> None:
    """A full disk costs one training a call, not an endless number, and the score stays."""

    class Full(ThreadExecutor):
        def submit(self, request: Request, watch: Any = None) -> Any:
            return super().submit(replace(request, keep=None), watch)

    for _ in range(2):
        executor = Full()
        result, _ = run(tmp_path, executor=executor)
        assert result.best is not None
        assert [request.text for request in executor.requests if request.final].count(result.best.text) == 1
        assert result.weights == {}
        assert result.best.test is not None
