"""Messages between a driver and the workers that are at its evaluations; plain data, in a module that loads no PyTorch."""

from dataclasses import dataclass

PATIENCE = 1.0
"""Seconds that a worker waits for a verdict on an epoch before it goes on without; a later one is heard after the next epoch."""


@dataclass(frozen=True)
class Taken:
    """The worker has begun."""


@dataclass(frozen=True)
class Epoch:
    """An epoch has ended; `loss` is None where `evaluate` does not tell it."""

    number: int
    score: float
    loss: float | None


@dataclass(frozen=True)
class Verdict:
    """What the driver says to an epoch of an order."""

    order: int
    epoch: int
    go_on: bool


@dataclass(frozen=True)
class Unfit:
    """The worker cannot work at all, because its device or its limits cannot be set up."""

    reason: str
