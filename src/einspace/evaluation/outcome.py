"""Outcome: the closed set of ways in which an evaluation can end, and what is kept of it. Everything here can be written as JSON."""

from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """How an evaluation ended; only `OK` has a value."""

    OK = "ok"
    NAN = "nan"
    """The loss or the metric became something else than a finite number."""
    OUT_OF_MEMORY = "out-of-memory"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    """The worker process died."""
    ERROR = "error"
    """Python raised; the traceback says what."""
    PRUNED = "pruned"
    """Given up before its last epoch because others were better by then."""


class NotANumber(ArithmeticError):
    """Training lost itself: the loss of an epoch is not finite. `losses` are those of the epochs, the last one not finite."""

    def __init__(self, losses: tuple[float, ...]) -> None:
        super().__init__(losses)
        self.losses = losses

    def __str__(self) -> str:
        return f"the loss of epoch {len(self.losses)} is {self.losses[-1]}"


@dataclass(frozen=True)
class Request:
    """What to evaluate: an architecture's text; `final` trains for the test split (see `evaluate`); `seed` decides all chance."""

    text: str
    final: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Seconds:
    """Wall-clock seconds of the phases of an evaluation; 0 for a phase that was not reached."""

    build: float = 0.0
    train: float = 0.0
    score: float = 0.0

    @property
    def total(self) -> float:
        """All phases."""
        return self.build + self.train + self.score


@dataclass(frozen=True)
class Evaluation:
    """What came of a request.

    `value` is the metric, None for every outcome but ok; `epochs` the mean training loss of each epoch; `parameters` counts the
    trainable parameters of the network with its head; `reason` is one line and `traceback` the last lines, both empty where all went well.
    """

    outcome: Outcome
    value: float | None = None
    epochs: tuple[float, ...] = ()
    parameters: int | None = None
    seconds: Seconds = field(default_factory=Seconds)
    reason: str = ""
    traceback: str = ""
    scores: tuple[float, ...] = ()
    """The validation score of each epoch, where somebody watched."""
    attempts: int = 1
    """How often it was tried."""
    device: str = ""
    """Where it ran."""
