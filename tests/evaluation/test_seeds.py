"""Several seeds: each is the evaluation of that seed, and one that failed takes the mean away."""

import json

import pytest
from typer.testing import CliRunner

from einspace.cli import app
from einspace.errors import EinspaceError, SettingError
from einspace.evaluation import Evaluation, NotANumber, Outcome, Request, seeds
from einspace.evaluation.evaluate import evaluate
from einspace.tasks import load_task, over_seeds

WORDS = ["evaluate", "[[linear(d=8) norm] relu]", "digits", "--epochs", "1", "--seed", "3", "--seeds", "3"]


def test_each_seed_is_evaluated_as_if_alone() -> None:
    """Scores and losses of the seeds from the first on; progress says which seed it is of."""
    task = load_task("digits")
    recipe = task.recipe.override(epochs_search=1)
    told: list[tuple[int, int]] = []
    found = seeds.evaluate_seeds(WORDS[1], task, recipe, 2, 3, on_epoch=lambda seed, epoch, loss: told.append((seed, epoch)))
    alone = [evaluate(Request(WORDS[1], seed=seed), task, recipe) for seed in (3, 4)]
    assert [(one.value, one.epochs) for one in found] == [(one.value, one.epochs) for one in alone]
    assert found[0].epochs != found[1].epochs
    assert told == [(3, 1), (4, 1)]
    with pytest.raises(SettingError, match="seeds must be a whole number of at least 1, not 0"):
        seeds.evaluate_seeds(WORDS[1], task, recipe, 0)


def _scores(monkeypatch: pytest.MonkeyPatch, values: dict[int, float | None]) -> None:
    """Make up what the seeds score; None is a loss that is lost."""

    def made_up(request: Request, *_: object, **__: object) -> Evaluation:
        value = values[request.seed]
        if value is None:
            raise NotANumber((1.0, float("nan")))
        return Evaluation(Outcome.OK, value, (1.0,), 9)

    monkeypatch.setattr(seeds, "evaluate", made_up)


def test_the_command_prints_each_seed_mean_and_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    """For people and for machines."""
    _scores(monkeypatch, {3: 0.5, 4: 0.7, 5: 0.6})
    text = CliRunner().invoke(app, WORDS).stdout
    for part in ("seed 3: 0.5000", "seed 4: 0.7000", "seed 5: 0.6000", "accuracy on valid: 0.6000 ± 0.0816 over 3 seeds of 1 epochs"):
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
