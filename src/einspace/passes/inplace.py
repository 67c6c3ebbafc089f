"""In place: a relu overwrites its input where nothing else reads it."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

from einspace.features import Features
from einspace.graph import Graph
from einspace.operations import Add, Computation, Concat, Linear, Matmul, Norm, PosEnc, Relu, Storage, Values
from einspace.operations.computation import NEGATIVE_SLOPE
from einspace.operations.recurrent import Multiply
from einspace.operations.sequences import BatchNorm
from einspace.passes.fusion import Convolution

if TYPE_CHECKING:
    from torch import nn

FORGETTING = (Add, BatchNorm, Concat, Convolution, Linear, Matmul, Multiply, Norm, PosEnc)
"""Operations whose outputs are new memory that their backward pass does not read. Exact types: nothing is assumed of a user's operation."""


@dataclass(frozen=True)
class ReluInPlace(Computation):
    """Leaky relu in the memory of its input: the slope is positive, so the result says which elements were negative."""

    name: ClassVar[str] = "relu-in-place"
    symbols: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def options(cls) -> tuple[Self, ...]:
        """None: it is never sampled."""
        return ()

    def layout(self, inputs: Values, outputs: Features) -> Values:
        """The input."""
        return inputs

    def saved(self, inputs: Values, outputs: Values) -> tuple[Storage, ...]:
        """The output."""
        return (outputs[0].storage,)

    def layer(self, inputs: Features) -> "nn.Module":
        """`torch.nn.functional.leaky_relu` in place."""
        from einspace.operations import layers

        return layers.Relu(NEGATIVE_SLOPE, inplace=True)


def relu_in_place(graph: Graph) -> Graph:
    """Let a relu work in place where it alone reads the output of an operation whose backward pass does not need that output."""
    uses = graph.uses()
    fresh = {value for instruction in graph.instructions if type(instruction.operation) in FORGETTING for value in instruction.outputs}
    return replace(
        graph,
        instructions=tuple(
            replace(instruction, operation=ReluInPlace())
            if type(instruction.operation) is Relu and instruction.inputs[0] in fresh and uses[instruction.inputs[0]] == 1
            else instruction
            for instruction in graph.instructions
        ),
    )
