"""Several seeds: each is the evaluation of that seed, and one that failed takes the mean away."""

import json
from typing import Any

import psutil
import pytest
import torch
from typer.testing import CliRunner

from einspace import baselines
from einspace.cli import app
from einspace.errors import EinspaceError, NetworkError, SettingError
from einspace.evaluation import Context, Evaluation, NotANumber, Outcome, Request, Work
from einspace.evaluation.attempt import attempt
from einspace.evaluation.evaluate import evaluate
from einspace.evaluation.objective import TaskObjective
from einspace.space import Architecture, EinSpace
from einspace.tasks import load_task, over_seeds

WORDS = ["evaluate", "[[linear(d=8) norm] relu]", "digits", "--epochs", "1", "--seed", "3", "--seeds", "3"]


def test_each_seed_is_evaluated_as_if_alone() -> None:
    """Scores and losses of the seeds from the first on; progress says which seed it is of; a text and an architecture are the same."""
    task = load_task("digits")
    recipe = task.recipe.override(epochs_search=1)
    told: list[tuple[int, int]] = []
    found = evaluate(WORDS[1], task, seeds=2, seed=3, recipe=recipe, on_epoch=lambda seed, epoch, loss: told.append((seed, epoch)))
    work = Work(TaskObjective(task, recipe), task.input)
    alone = [attempt(Request(WORDS[1], seed=seed), work) for seed in (3, 4)]
    assert [(one.value, one.losses) for one in found.evaluations] == [(one.value, one.losses) for one in alone]
    assert found.evaluations[0].losses != found.evaluations[1].losses
    assert told == [(3, 1), (4, 1)]
    assert (found.mean, found.deviation, found.failed) == (*over_seeds([one.value for one in alone])[:2], 0)
    again = evaluate(EinSpace(task.input).parse(WORDS[1]), task, seed=3, recipe=recipe)
    assert (again.mean, again.evaluations[0].device) == (alone[0].value, "cpu")


def test_what_cannot_be_evaluated() -> None:
    """No seed, and an architecture for samples of another shape, are refused by name."""
    task = load_task("digits")
    with pytest.raises(SettingError, match="seeds must be a whole number of at least 1, not 0"):
        evaluate(WORDS[1], task, seeds=0)
    with pytest.raises(NetworkError, match=r"the architecture is for samples of .* but those of digits are"):
        evaluate(EinSpace((3, 8, 8)).parse("[relu norm]"), task)


def test_recipe_and_compute_may_be_changes_by_name_and_a_baseline_its_name() -> None:
    """As `search` takes them: a mapping is changes to the task's recipe, None is the task's own, and anything else is refused in a line."""
    task = load_task("digits")
    recipe: dict[str, Any] = {"epochs_search": 1, "batch_size": 256}
    named = evaluate("mixer-tiny", task, recipe=recipe, compute={"precision": "fp32"})
    written = evaluate(str(baselines.get("mixer-tiny", task.input)), task, recipe=task.recipe.override(**recipe))
    assert named.mean == written.mean is not None
    with pytest.raises(SettingError, match=r"a recipe is a Recipe, or changes by name such as .*, not 'fast'"):
        evaluate(WORDS[1], task, recipe="fast")  # type: ignore[arg-type]
    with pytest.raises(SettingError, match=r"compute is a Compute, or its options by name such as .*, not 16"):
        evaluate(WORDS[1], task, compute=16)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="a recipe has no 'epoch'"):
        evaluate(WORDS[1], task, recipe={"epoch": 1})


def _scores(monkeypatch: pytest.MonkeyPatch, values: dict[int, float | None]) -> None:
    """Make up the scores of the seeds; None is a loss that is not finite."""

    def made_up(self: TaskObjective, architecture: Architecture, context: Context, *_: object) -> Evaluation:
        value = values[context.seed]
        if value is None:
            raise NotANumber((1.0, float("nan")))
        return Evaluation(Outcome.OK, value, (1.0,), 9)

    monkeypatch.setattr(TaskObjective, "evaluate", made_up)


def test_the_command_prints_each_seed_mean_and_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    """For people and for machines."""
    _scores(monkeypatch, {3: 0.5, 4: 0.7, 5: 0.6})
    text = CliRunner().invoke(app, WORDS).stdout
    for part in ("seed 3: 0.5000", "seed 4: 0.7000", "seed 5: 0.6000", "accuracy on valid: 0.6000 ± 0.0816 over 3 seeds of 1 epoch"):
        assert part in text
    figures = json.loads(CliRunner().invoke(app, [*WORDS, "--json"]).stdout)
    assert (figures["accuracy"], figures["deviation"]) == over_seeds([0.5, 0.7, 0.6])[:2]
    assert [row["accuracy"] for row in figures["seeds"]] == [0.5, 0.7, 0.6]
    assert figures["failed"] == 0


def test_a_seed_that_failed_takes_the_mean_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is counted and named; where none has a score that is one message."""
    _scores(monkeypatch, {3: 0.5, 4: None, 5: 0.6})
    text = CliRunner().invoke(app, WORDS).stdout
    for part in ("seed 3: 0.5000", "seed 4: no score: the loss of epoch 2 is nan", "no mean, 1 of 3 seeds without a score"):
        assert part in text
    figures = json.loads(CliRunner().invoke(app, [*WORDS, "--json"]).stdout)
    assert (figures["accuracy"], figures["deviation"], figures["failed"]) == (None, None, 1)
    assert [row["outcome"] for row in figures["seeds"]] == ["ok", "nan", "ok"]
    _scores(monkeypatch, dict.fromkeys((3, 4, 5)))
    done = CliRunner().invoke(app, WORDS)
    assert isinstance(done.exception, EinspaceError)
    assert str(done.exception) == "the architecture cannot be trained on digits: the loss of epoch 2 is nan"


def test_a_training_that_takes_too_long() -> None:
    """It ends after the batch that passes the limit, as a timeout, in the function and in the command."""
    task = load_task("digits")
    found = evaluate(WORDS[1], task, time_limit=1e-6).evaluations[0]
    assert (found.outcome, found.value, found.reason) == (Outcome.TIMEOUT, None, "not finished after 1e-06 seconds")
    done = CliRunner().invoke(app, [*WORDS[:3], "--time-limit", "1e-6"])
    assert isinstance(done.exception, EinspaceError)
    assert (
        str(done.exception)
        == "the architecture cannot be trained on digits: timeout: not finished after 1e-06 seconds; --time-limit gives it longer"
    )
    with pytest.raises(SettingError, match="over 0 seconds"):
        evaluate(WORDS[1], task, time_limit=0)


def test_a_training_that_needs_too_much_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is out-of-memory by the architecture's own figures, or once an allocation fails; no allocation beyond what is free succeeds."""
    task = load_task("digits")
    free = psutil.virtual_memory()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free._replace(available=1000))
    found = evaluate(WORDS[1], task).evaluations[0]
    assert (found.outcome, found.reason[:25]) == (Outcome.OUT_OF_MEMORY, "to train an architecture ")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free._replace(available=2**30))
    monkeypatch.setattr(TaskObjective, "evaluate", lambda *_: torch.ones(2**32))
    found = evaluate(WORDS[1], task).evaluations[0]
    assert found.outcome is Outcome.OUT_OF_MEMORY
    assert "allocate" in found.reason
    monkeypatch.setattr(TaskObjective, "evaluate", lambda *_: bytearray(2**34))
    assert evaluate(WORDS[1], task).evaluations[0].outcome is Outcome.OUT_OF_MEMORY
