"""Limits: "fits within resource constraints" (section 4.1), as part of what makes an architecture valid."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Annotated

from pydantic import ConfigDict, Field

from einspace.derivation import Cost
from einspace.errors import LimitError

FIGURES = {"operations": "terminals", "parameters": "parameters", "activation_bytes": "activation_bytes", "flops": "flops"}
"""What each limit that an architecture can outgrow bounds, by the names that costs have for it."""

ROOM = 2
"""A limit that was raised for an architecture, as a multiple of what it has."""


@dataclass(frozen=True)
class Limits:
    """The largest architecture that is wanted; None is no limit. Every figure is of the expanded backbone and one sample.

    The defaults let through what the paper trained on GPUs of 24 GB: "as many as 3k" operations (C.2).

    Args:
        operations: Terminals, at most.
        parameters: Trainable parameters, at most.
        activation_bytes: Bytes that one forward pass writes for one sample, at most, fused or not; `Architecture.saved_bytes` is what
            training keeps of them.
        flops: Floating point operations of one sample, at most, a multiply-add as two.
        min_parameters: Trainable parameters, at least.

    Raises:
        LimitError: A limit is not a whole number of at least 0, or the limits contradict each other.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    operations: Annotated[int | None, Field(strict=True, ge=2, description="Operations of a backbone, at most.")] = 3_000
    parameters: Annotated[int | None, Field(strict=True, ge=0, description="Parameters of a backbone, at most.")] = 100_000_000
    activation_bytes: Annotated[
        int | None, Field(strict=True, ge=0, description="Bytes that a backbone writes for one sample, at most.")
    ] = 256 * 2**20
    flops: Annotated[int | None, Field(strict=True, ge=0, description="FLOPs of a backbone for one sample, at most.")] = 100 * 10**9
    min_parameters: Annotated[int, Field(strict=True, ge=0, description="Parameters of a backbone, at least.")] = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if (value is None and field.name != "min_parameters") or (type(value) is int and value >= 0):
                continue
            or_none = "" if field.name == "min_parameters" else ", or None"
            raise LimitError(f"the limit {field.name} must be a whole number of at least 0{or_none}, not {value!r}")
        if self.parameters is not None and self.min_parameters > self.parameters:
            raise LimitError(f"at least {self.min_parameters:,} and at most {self.parameters:,} parameters exclude each other")
        if self.operations is not None and self.operations < 2:
            raise LimitError(f"every architecture has two operations or more, so a limit of {self.operations} cannot be met")

    def outgrown(self, cost: Cost) -> str | None:
        """The name of a limit that this cost is over, if any."""
        if self.operations is not None and cost.terminals > self.operations:
            return "operations"
        if self.parameters is not None and cost.parameters > self.parameters:
            return "parameters"
        if self.activation_bytes is not None and cost.activation_bytes > self.activation_bytes:
            return "activation_bytes"
        if self.flops is not None and cost.flops > self.flops:
            return "flops"
        return None

    def objection(self, cost: Cost) -> str | None:
        """Say in words why an architecture of this cost is not wanted; None where it is.

        >>> Limits(parameters=1_000).objection(Cost(parameters=2_000))
        'parameters of the architecture are over the limit of 1,000'
        """
        over = self.outgrown(cost)
        if over is not None:
            return f"{over} of the architecture are over the limit of {getattr(self, over):,}"
        if cost.parameters < self.min_parameters:
            return f"the architecture has {cost.parameters:,} parameters, and {self.min_parameters:,} are the least"
        return None

    def with_room(self, costs: Iterable[Cost]) -> "Limits":
        """The limits with room for architectures of these costs: where they are at their defaults, and one of these is over them.

        >>> Limits(parameters=5).with_room([Cost(parameters=9, flops=10**12), Cost(flops=2 * 10**12)])
        Limits(operations=3000, parameters=5, activation_bytes=268435456, flops=4000000000000, min_parameters=0)
        """
        found, costs = self, tuple(costs)
        for name, figure in FIGURES.items():
            limit, largest = getattr(self, name), max((getattr(cost, figure) for cost in costs), default=0)
            if limit is not None and limit == getattr(Limits, name) and largest > limit:
                found = replace(found, **{name: ROOM * largest})
        return found


UNLIMITED = Limits(operations=None, parameters=None, activation_bytes=None, flops=None)
"""No limit at all."""
