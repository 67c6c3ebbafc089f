"""Outcome: the closed set of ways in which an evaluation can end, and what is kept of it. Everything here can be written as JSON."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

Watch = Callable[[int, float], bool]
"""Told after each epoch, counted from 1, the score on the validation split (as it is, even if not finite); returns whether to go on."""


class Outcome(StrEnum):
    """How an evaluation ended; only `OK` has a value."""

    OK = "ok"
    NAN = "nan"
    """The loss or the metric became something else than a finite number."""
    OUT_OF_MEMORY = "out-of-memory"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    """The worker process died, of whatever: the machine may be at fault, so another try makes sense."""
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
    """What to evaluate: an architecture's text; `final` trains for the test split (see `evaluate`); `seed` decides all chance.

    `keep` is a path on the machine of the worker to which the trained weights are written, as safetensors, if the outcome is ok.
    """

    text: str
    final: bool = False
    seed: int = 0
    keep: str | None = None


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
    trainable parameters of the network with its head; `reason` is one line and `traceback` the last lines, both empty where all went well
    (an ok with a reason was scored, but its weights could not be written or its latency not be measured).
    `scores` are those on the validation split after each epoch, empty where nobody watched; those of an evaluation that did not end well
    are kept, as are its losses. `device` is where it ran, `attempts` how many tries it took. `latency` is the seconds that one sample takes
    there, None where that was not measured.
    """

    outcome: Outcome
    value: float | None = None
    epochs: tuple[float, ...] = ()
    parameters: int | None = None
    seconds: Seconds = field(default_factory=Seconds)
    reason: str = ""
    traceback: str = ""
    scores: tuple[float, ...] = ()
    device: str = ""
    attempts: int = 1
    latency: float | None = None


def first_line(error: BaseException) -> str:
    """One line for people: the type of an exception and the first line of its message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
