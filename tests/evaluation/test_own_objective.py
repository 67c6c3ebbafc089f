"""What an objective of the user may return, raise and report, and what becomes of it."""

import json
import signal
from dataclasses import replace
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from einspace.evaluation import Context, Evaluation, Outcome, Request, Work
from einspace.evaluation import attempt as border
from einspace.evaluation.outcome import Report
from einspace.features import Feature
from einspace.space import Architecture

LINEAR = "[linear(d=16) relu]"
INPUT = Feature((2, 4, 4))


def own(returned: Any, request: Request | None = None, report: Report | None = None) -> Evaluation:
    """Evaluate with an objective of the user's that returns this."""
    return border.attempt(request or Request("[relu norm]"), Work(lambda architecture, context: returned, INPUT), report=report)


@pytest.mark.parametrize(
    ("returned", "outcome", "value", "extra"),
    [
        (0.5, Outcome.OK, 0.5, {}),
        (np.float32(0.5), Outcome.OK, 0.5, {}),
        (1, Outcome.OK, 1.0, {}),
        (torch.tensor(0.5, requires_grad=True), Outcome.OK, 0.5, {}),
        ({"score": np.array(0.5)}, Outcome.OK, 0.5, {}),
        (np.ma.masked, Outcome.ERROR, None, {}),
        (10**400, Outcome.ERROR, None, {}),
        ({"score": 0.5, "size": np.int64(3), "curve": [1, nan]}, Outcome.OK, 0.5, {"size": 3, "curve": [1, None]}),
        (nan, Outcome.NAN, None, {}),
        ({"score": -inf, "size": 3}, Outcome.NAN, None, {"size": 3}),
        (None, Outcome.ERROR, None, {}),
        (True, Outcome.ERROR, None, {}),
        ("0.5", Outcome.ERROR, None, {}),
        ({"accuracy": 0.5}, Outcome.ERROR, None, {}),
        ({"score": 0.5, "network": object()}, Outcome.ERROR, None, {}),
        (Evaluation(Outcome.OK), Outcome.ERROR, None, {}),
        (Evaluation(Outcome.OK, inf), Outcome.NAN, None, {}),
        (Evaluation(Outcome.NAN, 0.5, reason="lost"), Outcome.NAN, None, {}),
    ],
)
def test_own_objective(returned: Any, outcome: Outcome, value: float | None, extra: dict[str, Any]) -> None:
    """A number, a mapping with a score and more, or an evaluation; all else is an error that says so, and can be stored."""
    evaluation = own(returned)
    assert (evaluation.outcome, evaluation.value, dict(evaluation.extra)) == (outcome, value, extra)
    assert (evaluation.reason == "") == (outcome is Outcome.OK)
    assert Evaluation.from_json(json.loads(json.dumps(evaluation.to_json()))) == evaluation


@pytest.mark.parametrize(
    ("latency", "known"),
    [(0.25, 0.25), (np.float32(0.25), 0.25), (torch.tensor(2), 2.0), ("fast", None), (0, None), (inf, None), (True, None)],
)
def test_the_latency_of_an_own_objective_is_that_of_the_trial(latency: Any, known: float | None) -> None:
    """Else the strategy that keeps it small would know none; what is no number over 0 is kept like any other value."""
    evaluation = own({"score": 0.5, "latency": latency, "more": 1})
    kept = {} if known is not None else {"latency": None if latency == inf else latency}
    assert (evaluation.outcome, evaluation.latency, dict(evaluation.extra)) == (Outcome.OK, known, {**kept, "more": 1})


def test_own_objective_is_named_what_it_must_return() -> None:
    """The reason of a wrong return value lists the right ones."""
    assert 'must return a number, a mapping with a number as "score", or an Evaluation, not None' in own(None).reason


def test_own_objective_gets_the_request() -> None:
    """Seed, device, changes, files and the watch reach the objective; its reports are kept, and a no prunes whatever it returns."""
    seen: list[Context] = []
    told: list[tuple[int, float, float | None]] = []

    def objective(architecture: Architecture, context: Context) -> float:
        seen.append(context)
        assert str(architecture) == LINEAR
        return 0.75 if context.report(1, 0.25, 2.0) and context.report(2, 0.5, 1.0) else 99.0

    def report(epoch: int, score: float, loss: float | None) -> bool:
        told.append((epoch, score, loss))
        return epoch < 2

    request = Request(LINEAR, seed=7, keep="there", changes={"learning_rate": 0.5})
    work = Work(objective, INPUT)
    evaluation = border.attempt(request, work, "cuda:3", report)
    assert (evaluation.outcome, evaluation.value, evaluation.scores, evaluation.losses) == (Outcome.PRUNED, None, (0.25, 0.5), (2.0, 1.0))
    assert told == [(1, 0.25, 2.0), (2, 0.5, 1.0)]
    assert (seen[0].seed, seen[0].device, seen[0].files, seen[0].watched, seen[0].final) == (7, "cuda:3", Path("there"), True, False)
    assert seen[0].changes == {"learning_rate": 0.5}
    final = border.attempt(replace(request, final=True), work, report=report)
    assert (final.outcome, final.value, final.device, seen[1].final, seen[1].watched) == (Outcome.OK, 0.75, "cpu", True, False)
    assert len(told) == 2


class Speechless(Exception):
    """Cannot say what it is."""

    def __str__(self) -> str:
        raise ValueError


class Sudden(BaseException):
    """Is caught by nobody who catches exceptions."""


def raising(error: BaseException) -> Evaluation:
    """What becomes of an objective that raises."""

    def objective(architecture: Architecture, context: Context) -> float:
        raise error

    return border.attempt(Request(LINEAR), Work(objective, INPUT))


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), Sudden("x"), Speechless()])
def test_an_objective_that_ends_everything_is_one_outcome(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a worker, which Ctrl-C does not reach, it ends no process, which would be tried again, and the traceback is kept."""
    monkeypatch.setattr(signal, "getsignal", lambda _: signal.SIG_IGN)
    found = raising(error)
    assert (found.outcome, found.reason.split(":")[0]) == (Outcome.ERROR, type(error).__name__)
    assert "objective" in found.traceback


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"value": "high"}, "the value of an Evaluation cannot be 'high'"),
        ({"losses": ("x",)}, "the losses.0 of an Evaluation cannot be 'x'"),
        ({"seconds": 7}, "the seconds of an Evaluation cannot be 7"),
        ({"parameters": 1.5}, "the parameters of an Evaluation cannot be 1.5"),
        ({"extra": {"x": object()}}, "object cannot be written as JSON"),
    ],
)
def test_an_evaluation_of_the_users_has_the_types_of_ours(fields: dict[str, Any], said: str) -> None:
    """One with another type in it is an error of that trial, and no record that nobody can read."""
    found = own(Evaluation(**{"outcome": Outcome.OK, "value": 0.5, **fields}))
    assert found.outcome is Outcome.ERROR
    assert said in found.reason


def test_numbers_of_others_are_numbers() -> None:
    """Scalars of NumPy and PyTorch, an outcome by its name, and losses that are not finite are taken as they are meant."""
    given: Any = {"outcome": "ok", "value": torch.tensor(0.5), "losses": [np.float32(1.0), nan], "reason": "a\nb"}
    found = own(Evaluation(**given))
    assert (found.outcome, found.value, found.reason, found.losses[0]) == (Outcome.OK, 0.5, "a b", 1.0)
    assert own(Evaluation(Outcome.OK, nan)).outcome is Outcome.NAN


def test_a_message_without_end_is_cut() -> None:
    """An exception that holds an array does not fill the database."""
    found = raising(ValueError("x" * 3_000_000))
    assert len(found.reason) + len(found.traceback) < 30_000
