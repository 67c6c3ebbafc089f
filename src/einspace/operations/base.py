"""Operation: the interface of every fundamental operation of section 3.1 and appendix A.2."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Self

from einspace.errors import ShapeError
from einspace.features import Feature, Features
from einspace.operations.memory import Storage, Value, Values

if TYPE_CHECKING:
    from torch import nn


class Group(Enum):
    """The four groups of section 3.1, with the colour that the paper draws them in."""

    BRANCHING = "yellow"
    AGGREGATION = "purple"
    ROUTING = "green"
    COMPUTATION = "blue"


@dataclass(frozen=True)
class Operation(ABC):
    """A fundamental operation. Its hyperparameters are its fields; it is immutable and compares by value.

    `infer`, `parameters`, `flops` and `written` are arithmetic on features, `layout` and `saved` on values in memory; only `layer` knows
    tensors.
    """

    name: ClassVar[str]
    """The name in A.2."""
    group: ClassVar[Group]
    """One of the four groups of section 3.1."""
    symbols: ClassVar[tuple[str, ...]]
    """The non-terminals of section 3.3 that derive it."""

    @classmethod
    @abstractmethod
    def options(cls) -> tuple[Self, ...]:
        """Every version that the grammar may sample (equations 10 to 26)."""

    @abstractmethod
    def infer(self, inputs: Features) -> Features:
        """Map the input features to the output features.

        Raises:
            ShapeError: The operation does not fit the inputs.
        """

    def parameters(self, inputs: Features) -> int:
        """Count the trainable parameters at these inputs."""
        return 0

    def flops(self, inputs: Features) -> int:
        """Count the floating point operations of one sample, a multiply-add as two."""
        return 0

    def written(self, inputs: Features) -> int:
        """Count the bytes that the forward pass writes for one sample; nothing where the result is a view of the input."""
        return sum(output.bytes for output in self.infer(inputs))

    def layout(self, inputs: Values, outputs: Features) -> Values:
        """Lay the outputs out as `layer` does: in new memory, row by row, unless the class says otherwise; a view shares a storage.

        Args:
            inputs: The inputs, as they lie in memory.
            outputs: The features that `infer` gives.
        """
        return tuple(Value.new(output.shape) for output in outputs)

    def saved(self, inputs: Values, outputs: Values) -> tuple[Storage, ...]:
        """List the storages that autograd keeps for the backward pass besides weights; none by default.

        These are the storages of inputs or outputs that the backward pass reads, and new ones for copies and statistics. It is called only
        where that pass is needed.

        Args:
            inputs: The inputs, as they lie in memory.
            outputs: The outputs, as they lie in memory.
        """
        return ()

    @abstractmethod
    def layer(self, inputs: Features) -> "nn.Module":
        """Build the module: takes one batch for each input, gives one batch (a tuple of b batches for branching)."""

    @cached_property
    def text(self) -> str:
        """The operation as A.2 writes it, for example `im2col(k=3,s=1,p=1)`."""
        return self.name + (f"({','.join(f'{key}={_literal(value)}' for key, value in self.settings)})" if self.settings else "")

    @property
    def settings(self) -> list[tuple[str, object]]:
        """The hyperparameters by name."""
        return [(field.name, getattr(self, field.name)) for field in fields(self)]

    def __str__(self) -> str:
        return self.text


def _literal(value: object) -> str:
    return "(" + ",".join(map(str, value)) + ")" if isinstance(value, tuple) else str(value)


def single(operation: Operation, inputs: Features) -> Feature:
    """Take the one feature of a one-to-one or one-to-many operation; raises ShapeError for another number."""
    if len(inputs) != 1:
        raise ShapeError(operation, "one input", inputs)
    return inputs[0]
