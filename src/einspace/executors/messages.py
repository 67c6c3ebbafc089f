"""Messages between a driver and its workers; plain data, in a module that loads no PyTorch."""

from dataclasses import dataclass

from einspace.evaluation.outcome import Request

VERDICT_WAIT = 1.0
"""Seconds that a worker waits for the verdict on an epoch before it goes on; a later verdict is heard after the next epoch."""

OFTEN = 1.0
"""Seconds between two messages of epochs that have passed, so that short epochs cost next to nothing."""


@dataclass(frozen=True)
class Ready:
    """The worker is set up."""


@dataclass(frozen=True)
class SetupFailed:
    """The worker cannot work at all, because its device or its limits cannot be set up."""

    reason: str


@dataclass(frozen=True)
class Begin:
    """The driver hands over an evaluation; `number` counts those of one worker."""

    number: int
    request: Request
    watched: bool


@dataclass(frozen=True)
class Taken:
    """The worker has begun."""


@dataclass(frozen=True)
class Epoch:
    """An epoch has ended; `loss` is None where it is not known."""

    number: int
    score: float
    loss: float | None


@dataclass(frozen=True)
class Passed:
    """An epoch has ended, of `epochs` if that is known; sent for the display of the search, without an answer."""

    epoch: int
    epochs: int | None


@dataclass(frozen=True)
class Verdict:
    """The driver's answer to an epoch of the evaluation with that number."""

    attempt: int
    epoch: int
    go_on: bool
