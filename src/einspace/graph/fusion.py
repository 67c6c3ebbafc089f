"""Fusion: im2col -> linear -> col2im is a convolution (A.3), and runs as one."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

from einspace.features import Feature, Features
from einspace.graph.flat import Graph, Instruction
from einspace.graph.identities import PIXELS
from einspace.operations import CHANNELS_LAST, Col2im, Computation, Im2col, Linear, Storage, Value, Values

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Convolution(Computation):
    """A convolution with bias: (C, H, W) -> (d, H', W'). No grammar derives it; only fusion makes it."""

    name: ClassVar[str] = "convolution"
    symbols: ClassVar[tuple[str, ...]] = ()
    k: int
    s: int
    p: int
    d: int

    @classmethod
    def options(cls) -> tuple[Self, ...]:
        """None: it is never sampled."""
        return ()

    def infer(self, inputs: Features) -> Features:
        """The shape of im2col, linear, col2im in turn."""
        columns = Im2col(self.k, self.s, self.p).infer(inputs)
        return Col2im().infer(Linear(self.d).infer(columns))

    def parameters(self, inputs: Features) -> int:
        """Those of the linear layer."""
        return (inputs[0].shape[0] * self.k**2 + 1) * self.d

    def flops(self, inputs: Features) -> int:
        """Those of the linear layer."""
        return 2 * inputs[0].shape[0] * self.k**2 * self.infer(inputs)[0].elements

    def place(self, inputs: Values, outputs: Features) -> Values:
        """New; channels last as the input is."""
        return (Value.new(outputs[0].shape, CHANNELS_LAST if inputs[0].channels_last else ()),)

    def saved(self, inputs: Values, outputs: Values) -> tuple[Storage, ...]:
        """The input."""
        return (inputs[0].storage,)

    def layer(self, inputs: Features) -> "nn.Module":
        """`torch.nn.Conv2d`."""
        from torch import nn

        return nn.Conv2d(inputs[0].shape[0], self.d, self.k, stride=self.s, padding=self.p)


def fuse_convolutions(graph: Graph) -> Graph:
    """Replace im2col -> linear by a convolution whose pixels are unrolled, and drop the unrolling where a col2im follows.

    Columns that something else reads too stay as they are. A lone im2col(k=1,s=1,p=0) -> linear stays a linear layer.
    """
    uses = graph.uses()
    reader = {value: i for i, instruction in enumerate(graph.instructions) for value in instruction.inputs}
    features: list[Feature] = list(graph.features)
    replaced: dict[int, list[Instruction]] = {}
    for i, instruction in enumerate(graph.instructions):
        unroll = instruction.operation
        (columns, *_) = instruction.outputs
        follower = reader.get(columns)
        if not isinstance(unroll, Im2col) or uses[columns] != 1 or follower is None:
            continue
        linear = graph.instructions[follower]
        if not isinstance(linear.operation, Linear):
            continue
        convolution = Convolution(unroll.k, unroll.s, unroll.p, linear.operation.d)
        last = reader.get(linear.outputs[0])
        if uses[linear.outputs[0]] == 1 and last is not None and isinstance(graph.instructions[last].operation, Col2im):
            replaced[i] = replaced[follower] = []
            replaced[last] = [Instruction(convolution, instruction.inputs, graph.instructions[last].outputs, linear.name)]
        elif unroll != PIXELS:
            image = len(features)
            features.extend(convolution.infer(graph.inputs(instruction)))
            replaced[i] = []
            replaced[follower] = [
                Instruction(convolution, instruction.inputs, (image,), linear.name),
                Instruction(PIXELS, (image,), linear.outputs, instruction.name),
            ]
    instructions = tuple(new for i, old in enumerate(graph.instructions) for new in replaced.get(i, [old]))
    return replace(graph, instructions=instructions, features=tuple(features))
