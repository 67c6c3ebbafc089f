"""Outcome: the closed set of ways in which an evaluation can end, and the record that is kept of it. All of it can be written as JSON."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from functools import cache
from math import inf, isfinite
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import AllowInfNan, ConfigDict, PlainSerializer, Strict, TypeAdapter, ValidationError

from einspace.space import Architecture

Watch = Callable[[int, float], bool]
"""Called after each epoch, counted from 1, with the score on the validation split, finite or not; returns whether to go on."""

Report = Callable[[int, float, float | None], bool]
"""A `Watch` as the worker calls it, with the training loss of the epoch too, None where it is not known."""

Passed = Callable[[int, int | None], None]
"""Called when an epoch, counted from 1, has ended, with the number of epochs of the training, None where that is not known."""

LONGEST, LONGEST_TRACEBACK = 1_000, 20_000
"""Characters of a reason and of a traceback that are kept: the message of an exception may hold a whole array."""

PARTS = "parts"
"""The key in `Evaluation.extra` of the scores on disjoint parts of a validation split that re-evaluations cannot draw anew."""


INHERITED = "inherited"
"""The key in `Evaluation.extra` of the share of the parameters that began with weights of another trial; nothing where all were fresh."""

RUNGS = "rungs"
"""The key in `Evaluation.extra` of the scores at rungs, turned so that more is better: pairs of an epoch and a score."""

Bounds = tuple[tuple[int, float | None], ...]
"""Rungs: epochs, each with the score that a training must reach there to go on, turned so that more is better; None for any score."""


class Outcome(StrEnum):
    """The way in which an evaluation ended; only `OK` has a value."""

    OK = "ok"
    NAN = "nan"
    """The loss or the metric was not a finite number."""
    OUT_OF_MEMORY = "out-of-memory"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    """The worker process died, or its device failed. The machine may be at fault, so another try makes sense."""
    ERROR = "error"
    """An exception of Python, which the traceback shows."""
    PRUNED = "pruned"
    """Given up before its last epoch because others were better by then."""


class NotANumber(ArithmeticError):
    """The loss of an epoch is NaN or infinite. `losses` are those of the epochs, the last one not finite."""

    def __init__(self, losses: tuple[float, ...]) -> None:
        super().__init__(losses)
        self.losses = losses

    def __str__(self) -> str:
        return f"the loss of epoch {len(self.losses)} is {self.losses[-1]}"


@dataclass(frozen=True)
class Request:
    """An architecture to evaluate.

    Args:
        text: The architecture.
        final: Train for the test split, see `TaskObjective`.
        seed: Decides all chance.
        keep: Path on the driver's machine for the trained weights, as safetensors, written if the outcome is ok.
        changes: Changes to the recipe and to the head for this evaluation, see `tasks.changes.apply`.
        time_limit: Seconds, in place of the executor's own limit.
        partition: Score on a partition of train and valid that is drawn anew from this seed, None for the task's own.
        valid_share: The part of the pool that is valid in that partition; None for that of the task.
        long: Train for as many epochs as a final training.
        inherits: Path on the driver's machine of weights to begin with, for fewer epochs; where it cannot be read, the weights are fresh.
        rungs: Train with a constant rate that decays in the end, in place of a cosine, and stop early where a score is not reached.
    """

    text: str
    final: bool = False
    seed: int = 0
    keep: str | None = None
    changes: Mapping[str, float] = field(default_factory=dict, hash=False)
    time_limit: float | None = None
    partition: int | None = None
    valid_share: float | None = None
    long: bool = False
    inherits: str | None = None
    rungs: Bounds | None = None


def _always(epoch: int, score: float, loss: float | None) -> bool:
    return True


def _unheard(epoch: int, epochs: int | None) -> None:
    return


@dataclass(frozen=True)
class Context:
    """Everything that an objective gets beside the architecture.

    Args:
        seed: Decides all chance.
        final: Whether to train for the test split; otherwise the score is on the validation split.
        device: Where to train, such as "cuda:0".
        changes: Changes to the recipe and to the head.
        files: Where the trained weights are to be written, None for nowhere.
        watched: Whether somebody looks at the epochs: if not, an objective need not score each of them.
        on_report: Receives the reports.
        partition: Seed of a partition of train and valid that is drawn anew, None for the task's own.
        valid_share: The part of the pool that is valid in that partition, None for that of the task.
        long: Whether to train for as many epochs as a final training, whatever is scored.
        on_passed: Hears of the epochs that have ended.
        inherits: Weights to begin with, None for fresh ones.
        rungs: The epochs at which a search with rungs stops what does not reach a score; None for one without.
    """

    seed: int = 0
    final: bool = False
    device: str = "cpu"
    changes: Mapping[str, float] = field(default_factory=dict, hash=False)
    files: Path | None = None
    watched: bool = False
    on_report: Report = _always
    partition: int | None = None
    valid_share: float | None = None
    long: bool = False
    on_passed: Passed = _unheard
    inherits: Path | None = None
    rungs: Bounds | None = None

    def passed(self, epoch: int, epochs: int | None = None) -> None:
        """Say that an epoch has ended, for the display of the search; costs next to nothing.

        Args:
            epoch: The epoch, counted from 1.
            epochs: The number of all epochs, if it is known.
        """
        self.on_passed(epoch, epochs)

    def report(self, epoch: int, score: float, loss: float | None = None) -> bool:
        """Report the score after an epoch.

        Args:
            epoch: The epoch, counted from 1.
            score: The score, in the units of the metric.
            loss: The training loss of the epoch.

        Returns:
            Whether to go on. After a False the objective should return at once: whatever it returns, the outcome is pruned.
        """
        return self.on_report(epoch, score, loss)


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


Number = Annotated[float, Strict(), AllowInfNan(False)]
Known = Annotated[Number | None, PlainSerializer(_finite)]
"""A finite number or None; NaN and infinity are written as None."""
Count = Annotated[int, Strict()]


@dataclass(frozen=True)
class Seconds:
    """Wall-clock seconds of the phases of an evaluation; 0 for a phase that was not reached."""

    build: Number = 0.0
    train: Number = 0.0
    score: Number = 0.0

    @property
    def total(self) -> float:
        """All phases."""
        return self.build + self.train + self.score


@dataclass(frozen=True)
class Evaluation:
    """The result of a request.

    Args:
        outcome: How it ended.
        value: The score, None for every outcome but ok.
        losses: Mean training loss of each epoch.
        parameters: Trainable parameters of the network with its head.
        seconds: Wall-clock time by phase.
        reason: One line on what went wrong; an ok with a reason was scored, but its weights or its latency are missing, or it
            inherited nothing.
        traceback: Last lines of the traceback.
        scores: Scores on the validation split after each epoch, as far as they were reported.
        device: Where it ran.
        worker: The number of the worker that ran it, counted from 1 by each executor; None where that is not known, as on Ray.
        attempts: Number of tries.
        latency: Seconds for one sample on the device, None where it was not measured.
        extra: More that an objective returned, as JSON values.
    """

    outcome: Outcome
    value: Known = None
    losses: tuple[Known, ...] = ()
    parameters: Count | None = None
    seconds: Seconds = field(default_factory=Seconds)
    reason: str = ""
    traceback: str = ""
    scores: tuple[Known, ...] = ()
    device: str = ""
    worker: Count | None = None
    attempts: Count = 1
    latency: Known = None
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    def to_json(self) -> dict[str, Any]:
        """Plain data for `json.dumps`.

        >>> Evaluation(Outcome.NAN, losses=(0.5, float("nan"))).to_json()["losses"]
        [0.5, None]
        """
        data: dict[str, Any] = _adapter().dump_python(self, mode="json")
        return data

    @classmethod
    def from_json(cls, data: object) -> Self:
        """The inverse of `to_json`; raises ValueError for data of another form."""
        return _adapter().validate_python(data)  # type: ignore[return-value]


@cache
def _adapter() -> TypeAdapter[Evaluation]:
    return TypeAdapter(Evaluation)


Objective = Callable[[Architecture, Context], Evaluation | float | Mapping[str, Any]]
"""Trains an architecture and returns its score: a number, or a mapping with "score" and more, or a whole Evaluation.

Of a mapping, a "latency" over 0 is that of the trial, in seconds.
"""


def settled(evaluation: Evaluation) -> Evaluation:
    """The evaluation without contradictions: only an ok has a value, and it is finite; a latency is positive and finite.

    >>> settled(Evaluation(Outcome.OK, float("inf"))).reason
    'the score is inf'
    """
    latency = evaluation.latency if evaluation.latency is not None and 0 < evaluation.latency < inf else None
    evaluation = replace(evaluation, latency=latency)
    if evaluation.outcome is not Outcome.OK:
        return replace(evaluation, value=None)
    if evaluation.value is None:
        return replace(evaluation, outcome=Outcome.ERROR, reason="the evaluation is ok but has no score")
    if not isfinite(evaluation.value):
        reason = evaluation.reason or f"the score is {evaluation.value}"
        return replace(evaluation, outcome=Outcome.NAN, value=None, reason=reason)
    return evaluation


def checked(evaluation: Evaluation) -> Evaluation:
    """An evaluation that somebody else has made, with scalars of NumPy and PyTorch as numbers; raises TypeError for another type.

    >>> checked(Evaluation(Outcome.OK, "high"))
    Traceback (most recent call last):
    TypeError: the value of an Evaluation cannot be 'high': Input should be a valid number
    """
    found = {field.name: _plainly(getattr(evaluation, field.name)) for field in fields(evaluation)} | {"extra": plain(evaluation.extra)}
    numbers = {name: found[name] for name in ("value", "latency", "losses", "scores")}
    try:
        valid = _adapter().validate_python(found | {name: _only_finite(value) for name, value in numbers.items()})
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        name = ".".join(map(str, wrong["loc"]))
        raise TypeError(f"the {name} of an Evaluation cannot be {wrong['input']!r:.100}: {wrong['msg']}") from None
    valid = replace(valid, reason=" ".join(valid.reason.split())[:LONGEST], traceback=valid.traceback[-LONGEST_TRACEBACK:])
    return replace(valid, **numbers)  # what is not finite decides how it ended


def _plainly(value: Any) -> Any:
    """A scalar as a number, and so in a tuple or a list; anything else as it is."""
    if isinstance(value, tuple | list):
        return tuple(map(_plainly, value))
    return value.item() if getattr(value, "shape", None) == () else value


def _only_finite(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_only_finite, value))
    return None if isinstance(value, float) and not isfinite(value) else value


def plain(extra: Mapping[str, Any]) -> dict[str, Any]:
    """JSON values of a mapping: scalars of NumPy and PyTorch as numbers, NaN and infinity as None; raises TypeError for others."""

    def scalar(value: Any) -> Any:
        if getattr(value, "shape", None) == ():
            return value.item()
        raise TypeError(f"{type(value).__name__} cannot be written as JSON")

    found: dict[str, Any] = json.loads(json.dumps(dict(extra), default=scalar), parse_constant=lambda _: None)
    return found


def first_line(error: BaseException) -> str:
    """One line for people: the type of an exception and the first line of its message, if it has one."""
    try:
        lines = str(error).strip().splitlines()
    except Exception:  # noqa: BLE001 - the message of somebody else's exception is made by their code
        lines = []
    return f"{type(error).__name__}: {lines[0]}"[:LONGEST] if lines else type(error).__name__
