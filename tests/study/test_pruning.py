"""Facts about trials that are given up early, and about what a trial keeps."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from optuna.pruners import BasePruner
from optuna.trial import TrialState
from tests.study_samples import EVOLUTION, SMALL, ThreadExecutor, score, small_task

from einspace.errors import RunError, UnknownNameError
from einspace.result import Result, load_result
from einspace.space import EinSpace
from einspace.storage.pruners import pruner_of
from einspace.storage.records import unsealed
from einspace.study import search
from einspace.tasks.recipe import Recipe
from einspace.trial import Proposal, Trial

RECIPE = Recipe(epochs_search=4, epochs_final=8, batch_size=4, learning_rate=0.1, weight_decay=0.0)


TRIALS = 24


def scores(trial: Trial) -> tuple[float | None, ...]:
    """The validation score of each epoch."""
    return () if trial.evaluation is None else trial.evaluation.scores


def run(folder: Path, **options: Any) -> tuple[Result, ThreadExecutor]:
    """A search whose trials have four epochs."""
    settings: dict[str, Any] = {"trials": TRIALS, "workers": 1, "limits": SMALL, "run": "test", "runs": folder, "recipe": RECIPE, **options}
    executor = ThreadExecutor(workers=settings["workers"])
    return search(small_task(), executor=executor, **{**EVOLUTION, **settings}), executor


@pytest.fixture(scope="module")
def median(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, ThreadExecutor]:
    """A run with the median pruner and one worker."""
    return run(tmp_path_factory.mktemp("median"), pruner="median")


def test_a_pruner_counts_the_epochs_that_a_short_budget_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A budget that is too short for the small baselines has fewer epochs, and brackets are made for these."""
    made: list[int] = []

    def counted(name: str, epochs: int) -> BasePruner:
        made.append(epochs)
        return pruner_of(name, epochs)

    monkeypatch.setattr("einspace.study.searching.pruner_of", counted)
    task = replace(small_task(), recipe=Recipe(400, 800, 4, 0.1, 0.0))
    given: dict[str, Any] = {"workers": 1, "limits": SMALL, "run": "test", "runs": tmp_path, "race": False, "final_seeds": 0}
    result = search(task, budget=1, pruner="hyperband", executor=ThreadExecutor(), **given)
    assert made == [result.history[0].proposal.changes["epochs_search"]] == [100]


@pytest.mark.slow
@pytest.mark.parametrize(("pruner", "workers"), [("median", 1), ("halving", 3), ("hyperband", 2)])
def test_a_pruned_trial_counts_but_is_no_parent(tmp_path: Path, pruner: str, workers: int, median: tuple[Result, ThreadExecutor]) -> None:
    """It is one of the trials, with its scores so far and no value; it is never best, has no children, and its key is not tried again."""
    result, executor = median if pruner == "median" else run(tmp_path, pruner=pruner, workers=workers)
    pruned = [row for row in result.history if row.outcome == "pruned"]
    assert [row.number for row in result.history] == list(range(TRIALS))
    assert pruned
    assert result.outcomes["pruned"] == len(pruned)
    assert not {parent for row in result.history for parent in row.parents} & {row.number for row in pruned}
    assert all(row.value is None and row.reason for row in pruned)
    tried = [row for row in pruned if row.reused is None]
    assert all(scores(row) == tuple(score(row.text) * epoch / 4 for epoch in range(1, len(scores(row)) + 1)) for row in tried)
    keys = [row.proposal.identity for row in result.history if row.reused is None]
    assert len(set(keys)) == len(keys) == len([request for request in executor.requests if not request.final])
    assert result.best is not None
    assert result.best.validation == max(row.value for row in result.history if row.value is not None)


@pytest.mark.slow
def test_optuna_sees_pruned_trials_and_their_scores(median: tuple[Result, ThreadExecutor]) -> None:
    """What a dashboard shows: the state, and the score of each epoch as an intermediate value."""
    result, _ = median
    assert result.outcomes["pruned"]
    for shown, row in zip(result.study().get_trials(), result.history, strict=True):
        assert (shown.state == TrialState.PRUNED) == (row.outcome == "pruned")
        assert (shown.state == TrialState.COMPLETE) == (row.value is not None)
        assert shown.value == row.value or row.outcome == "pruned"
        if row.reused is None:
            assert shown.intermediate_values == dict(enumerate(scores(row), 1))


@pytest.mark.slow
def test_pruned_runs_are_resumed_with_the_same_pruner_only(tmp_path: Path, median: tuple[Result, ThreadExecutor]) -> None:
    """With one worker eight and then more trials are what they would have been at once; another pruner would falsify them."""
    run(tmp_path / "a", pruner="median", trials=11)
    with pytest.raises(RunError, match='pruner: "median" there, null here'):
        run(tmp_path / "a")
    continued, _ = run(tmp_path / "a", pruner="median")
    whole, _ = median
    assert [(row.text, row.outcome, scores(row)) for row in continued.history] == [
        (row.text, row.outcome, scores(row)) for row in whole.history
    ]
    with pytest.raises(UnknownNameError, match="did you mean median"):
        run(tmp_path / "c", pruner="medium")


def test_without_a_pruner_nothing_watches(tmp_path: Path) -> None:
    """Scoring after each epoch costs time: it is not done where nobody asked for it."""
    result, _ = run(tmp_path, trials=12)
    assert all(scores(row) == () for row in result.history)
    assert set(result.outcomes) == {"ok"}


@pytest.mark.slow
def test_what_a_trial_keeps(median: tuple[Result, ThreadExecutor]) -> None:
    """One record, which Optuna's own tools show as an attribute: the proposal with its costs and its place, and the evaluation."""
    result, _ = median
    stored = [Trial.from_json(unsealed(shown.user_attrs["trial"])) for shown in result.study().get_trials()]
    assert all(set(shown.user_attrs) == {"trial"} for shown in result.study().get_trials())
    assert tuple(stored) == result.history == load_result("test", str(result.run.parent)).history
    space = EinSpace((1, 8, 8))
    for row in stored:
        architecture = space.parse(row.text)
        assert (row.key, row.seed) == (architecture.key, 0)
        assert row.proposal.costs == Proposal.of(architecture, "").costs
        assert row.outcome == "ok" or row.reason
        assert row.proposing > 0
        assert row.ended is not None
        assert row.started <= row.ended
        if row.reused is None and row.outcome == "ok":
            assert row.evaluation is not None
            assert (row.evaluation.attempts, row.evaluation.device, row.seconds) == (2, "cpu", 0.001)
            assert len(row.losses) == len(scores(row)) == 4
    changed = [row for row in stored if row.proposal.move not in ("", "recipe")]
    assert changed
    for row in changed:
        (parent,) = row.parents
        place = row.proposal.place
        assert place is not None
        child, old = space.parse(row.text).node, space.parse(stored[parent].text).node
        assert child.at(place) != old.at(place)
        assert old.replace(place, child.at(place)) == child
