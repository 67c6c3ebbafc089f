"""Facts about a run with a race that goes on with another budget: its baselines, its verdict and its final trainings."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.study.race_samples import World, baseline_is, run
from tests.study_samples import SAMPLED, SMALL, ThreadExecutor, score, small_task

from einspace import baselines
from einspace.evaluation.outcome import Evaluation, Request, Seconds
from einspace.result import Result, load_result
from einspace.study import search
from einspace.trial import RACE

LARGE: dict[str, Any] = {"recipe": {"epochs_search": 5_000}}
"""So many epochs that a training of a baseline does not fit into a short budget, as predicted before anything is measured."""

ROOM_FOR_ONE: dict[str, Any] = {"recipe": {"epochs_search": 600}}
"""So many that ten seconds have room for the smaller of two baselines."""

SMALLER, LARGER = "resnet8", "resnet18"

TEXTS = {name: str(baselines.get(name, (1, 8, 8))) for name in (SMALLER, LARGER)}

WORLD = World(lambda text: {TEXTS[SMALLER]: 0.5, TEXTS[LARGER]: 0.9}.get(text, 0.1 * score(text)))
"""The larger baseline is the better one, and all others are worth little."""


def two_baselines(
    folder: Path, executor: ThreadExecutor | None = None, baselines: tuple[str, ...] = (SMALLER, LARGER), **options: Any
) -> Result:
    """A run with two baselines."""
    given = {"trials": 12, "workers": 1, "limits": SMALL, "run": "test", "runs": folder, **SAMPLED, "race": None, **options}
    task = replace(small_task(), one_pool=True, baselines=baselines)
    return search(task, executor=executor or ThreadExecutor(WORLD), **given)


def test_a_baseline_that_was_trained_stays(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A shorter budget has no room to train it, and need not: what the verdict recommends is still there."""
    world = World(baseline_is(0.9, lambda text: 0.4))
    first = run(tmp_path, world, **LARGE)
    assert first.recommended is not None
    assert first.recommended.name == "resnet8"
    again = run(tmp_path, world, budget="2s", **LARGE)
    assert again.recommended == first.recommended
    assert again.baselines == first.baselines
    assert "left out" not in caplog.text


def test_a_baseline_without_room_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The result says why it has no score, and so does a warning."""
    result = run(tmp_path, World(), budget="2s", **LARGE)
    assert [(row.name, row.proposal, row.validation) for row in result.baselines] == [("resnet8", None, None)]
    assert "a training is predicted to take" in result.baselines[0].reason
    assert "the baseline resnet8 is left out: a training is predicted to take" in caplog.text


def test_a_baseline_that_is_named_no_more_stays(tmp_path: Path) -> None:
    """The run has its score, whatever the task of a later call says its baselines are."""
    first = two_baselines(tmp_path)
    again = two_baselines(tmp_path, baselines=())
    assert (again.baselines, again.recommended) == (first.baselines, first.recommended)


def test_a_better_baseline_makes_another_race(tmp_path: Path) -> None:
    """A longer budget has room for one that was left out: a verdict of the best baseline is one of the best there is."""
    before = two_baselines(tmp_path, budget="10s", **ROOM_FOR_ONE)
    assert before.verdict is not None
    assert before.verdict.baseline == SMALLER
    executor = ThreadExecutor(WORLD)
    after = two_baselines(tmp_path, executor, **ROOM_FOR_ONE)
    assert after.verdict is not None
    assert after.verdict.baseline == LARGER
    assert {trial.text for trial in after.others if trial.phase == RACE} >= {row.text for row in after.baselines}
    assert {request.text for request in executor.requests if request.seed in (1000, 1001)} == {TEXTS[LARGER]}
    assert load_result("test", str(tmp_path)).verdict == after.verdict


def test_a_worse_baseline_changes_no_race(tmp_path: Path) -> None:
    """One that was left out and is not better is trained and shown; the race stays as it was."""
    world = World(lambda text: {TEXTS[SMALLER]: 0.9, TEXTS[LARGER]: 0.5}.get(text, 0.1 * score(text)))
    before = two_baselines(tmp_path, ThreadExecutor(world), budget="10s", **ROOM_FOR_ONE)
    executor = ThreadExecutor(world)
    after = two_baselines(tmp_path, executor, **ROOM_FOR_ONE)
    assert before.verdict is not None
    assert after.verdict == before.verdict
    assert {request.text for request in executor.requests} == {TEXTS[LARGER]}


def test_a_better_baseline_without_time_for_another_race_leaves_the_verdict_as_it_is(tmp_path: Path) -> None:
    """What was found out is not thrown away, and the evidence names the baseline that was not compared."""

    def slow(request: Request) -> Evaluation:
        return replace(WORLD(request), seconds=Seconds(train=10.0))

    before = two_baselines(tmp_path, ThreadExecutor(slow), baselines=(SMALLER,))
    assert before.verdict is not None
    for _ in range(2):
        after = two_baselines(tmp_path, ThreadExecutor(slow), budget="60s")
        assert after.verdict is not None
        assert (after.verdict.word, after.verdict.baseline, after.recommended) == (before.verdict.word, SMALLER, before.recommended)
        assert f"The baseline {LARGER} has a better score in the search" in after.verdict.evidence
    longer = two_baselines(tmp_path, ThreadExecutor(slow), budget="10h")
    assert longer.verdict is not None
    assert longer.verdict.baseline == LARGER
