"""Facts about trials that are given up early, and about what a trial keeps."""

from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState
from tests.study_samples import EVOLUTION, SMALL, ThreadExecutor, score, small_task

from einspace.errors import RunError, UnknownNameError
from einspace.result import Result, load_result
from einspace.run import Run
from einspace.space import EinSpace
from einspace.study import search
from einspace.tasks.recipe import Recipe

RECIPE = Recipe(epochs_search=4, epochs_final=8, batch_size=4, learning_rate=0.1, weight_decay=0.0)


def run(folder: Path, **options: Any) -> tuple[Result, ThreadExecutor]:
    """A search whose trials have four epochs."""
    settings: dict[str, Any] = {"trials": 60, "workers": 1, "limits": SMALL, "run": "test", "runs": folder, "recipe": RECIPE, **options}
    executor = ThreadExecutor(workers=settings["workers"])
    return search(small_task(), executor=executor, **{**EVOLUTION, **settings}), executor


@pytest.mark.parametrize(("pruner", "workers"), [("median", 1), ("halving", 3), ("hyperband", 2)])
def test_a_pruned_trial_counts_but_is_no_parent(tmp_path: Path, pruner: str, workers: int) -> None:
    """It is one of the trials, with its scores so far and no value; it is never best, has no children, and its key is not tried again."""
    result, executor = run(tmp_path, pruner=pruner, workers=workers)
    pruned = [row for row in result.history if row.outcome == "pruned"]
    assert [row.number for row in result.history] == list(range(60))
    assert pruned
    assert result.outcomes["pruned"] == len(pruned)
    assert not {parent for row in result.history for parent in row.parents} & {row.number for row in pruned}
    assert all(row.value is None and row.reason for row in pruned)
    tried = [row for row in pruned if row.reused is None]
    assert all(row.scores == tuple(score(row.text) * epoch / 4 for epoch in range(1, len(row.scores) + 1)) for row in tried)
    keys = [row.key for row in result.history if row.reused is None]
    assert len(set(keys)) == len(keys) == len([request for request in executor.requests if not request.final])
    assert result.best is not None
    assert result.best.validation == max(row.value for row in result.history if row.value is not None)


def test_optuna_sees_pruned_trials_and_their_scores(tmp_path: Path) -> None:
    """What a dashboard shows: the state, and the score of each epoch as an intermediate value."""
    result, _ = run(tmp_path, pruner="median")
    with Run(tmp_path, "test").study().open() as storage:
        trials = optuna.load_study(study_name="einspace", storage=storage).get_trials()
    for trial, row in zip(trials, result.history, strict=True):
        assert (trial.state == TrialState.PRUNED) == (row.outcome == "pruned")
        if row.reused is None:
            assert trial.intermediate_values == dict(enumerate(row.scores, 1))


def test_pruned_runs_are_resumed_with_the_same_pruner_only(tmp_path: Path) -> None:
    """With one worker eight and then more trials are what they would have been at once; another pruner would falsify them."""
    run(tmp_path / "a", pruner="median", trials=25)
    with pytest.raises(RunError, match='pruner: "median" there, null here'):
        run(tmp_path / "a", trials=60)
    continued, _ = run(tmp_path / "a", pruner="median", trials=60)
    whole, _ = run(tmp_path / "b", pruner="median", trials=60)
    assert [(row.text, row.outcome, row.scores) for row in continued.history] == [
        (row.text, row.outcome, row.scores) for row in whole.history
    ]
    with pytest.raises(UnknownNameError, match="did you mean median"):
        run(tmp_path / "c", pruner="medium")


def test_without_a_pruner_nothing_watches(tmp_path: Path) -> None:
    """Scoring after each epoch costs time: it is not done where nobody asked for it."""
    result, _ = run(tmp_path, trials=12)
    assert all(row.scores == () for row in result.history)
    assert set(result.outcomes) == {"ok"}


def test_what_a_trial_keeps(tmp_path: Path) -> None:
    """Everything that is known of a trial is a plain attribute of Optuna's, so that its own tools show it."""
    run(tmp_path, pruner="median", trials=12)
    with Run(tmp_path, "test").study().open() as storage:
        trials = optuna.load_study(study_name="einspace", storage=storage).get_trials()
    mutants = [trial.user_attrs for trial in trials if trial.user_attrs["origin"] == "mutation"]
    assert mutants
    texts = [trial.user_attrs["text"] for trial in trials]
    space = EinSpace((1, 8, 8))
    for known in (trial.user_attrs for trial in trials):
        architecture = space.parse(known["text"])
        costs = (known["key"], known["parameters"], known["flops"], known["activation_bytes"], known["seed"])
        assert costs == (architecture.key, architecture.parameters, architecture.flops, architecture.activation_bytes, 0)
        assert known["outcome"] == "ok" or known["reason"]
        assert known["proposing"] > 0
        if "reused" not in known and known["outcome"] == "ok":
            assert (known["attempts"], known["device"], known["seconds"]["train"]) == (2, "cpu", 0.001)
            assert len(known["losses"]) == len(known["scores"]) == 4
    for known in mutants:
        (parent,) = known["parents"]
        place = tuple(known["place"])
        child, old = space.parse(known["text"]).node, space.parse(texts[parent]).node
        assert child.at(place) != old.at(place)
        assert old.replace(place, child.at(place)) == child
    rows = load_result("test", str(tmp_path)).history
    assert [row.place for row in rows if row.origin == "mutation"] == [tuple(known["place"]) for known in mutants]
