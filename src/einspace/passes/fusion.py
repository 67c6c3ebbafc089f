"""Fusion: im2col -> linear -> col2im is a convolution (A.3), and runs as one."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

from einspace.features import Feature, Features
from einspace.graph import Graph, Instruction
from einspace.normal_form.identities import PIXELS
from einspace.operations import CHANNELS_LAST, Col2im, Computation, Im2col, Linear, Operation, Relu, Storage, Value, Values

if TYPE_CHECKING:
    from torch import nn


CHANNELS_OF_A_STRIDE = 8
"""Input channels from which on a convolution of one pixel may have a stride.

With fewer of them, and channels last, its backward pass on a CPU writes beyond its memory in PyTorch 2.13: 48 of 48 cases of up to 6
channels ended in a corrupted heap, and none with more channels or without a stride.
"""


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
        """The parameters of the linear layer."""
        return (inputs[0].shape[0] * self.k**2 + 1) * self.d

    def flops(self, inputs: Features) -> int:
        """The operations of the linear layer."""
        return 2 * inputs[0].shape[0] * self.k**2 * self.infer(inputs)[0].elements

    def layout(self, inputs: Values, outputs: Features) -> Values:
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

    Linear layers that share their columns become convolutions on one image; columns that anything else reads stay as they are. A lone
    im2col(k=1,s=1,p=0) -> linear stays a linear layer.
    """
    uses, readers = graph.uses(), graph.readers()
    features: list[Feature] = list(graph.features)
    replaced: dict[int, list[Instruction]] = {}
    for i, instruction in enumerate(graph.instructions):
        unroll = instruction.operation
        if type(unroll) is not Im2col:
            continue
        (columns,) = instruction.outputs
        followers = readers.get(columns, [])
        if unroll.k == 1 < unroll.s and features[instruction.inputs[0]].shape[0] < CHANNELS_OF_A_STRIDE:
            continue
        if not followers or any(type(graph.instructions[position].operation) is not Linear for position in followers):
            continue
        rolled = [_only(graph, uses, readers, graph.instructions[position].outputs[0], Col2im) for position in followers]
        if uses[columns] != len(followers):
            continue
        if unroll == PIXELS and not all(_is_image(graph, uses, readers, graph.instructions[position].outputs[0]) for position in followers):
            continue
        replaced[i] = []
        for position, last in zip(followers, rolled, strict=True):
            linear = graph.instructions[position]
            assert isinstance(linear.operation, Linear)
            convolution = Convolution(unroll.k, unroll.s, unroll.p, linear.operation.d)
            if last is not None:
                replaced[last] = []
                replaced[position] = [Instruction(convolution, instruction.inputs, graph.instructions[last].outputs, linear.name)]
            else:
                image = len(features)
                features.extend(convolution.infer(graph.inputs(instruction)))
                pixels = Instruction(PIXELS, (image,), linear.outputs, f"im2col_of_{linear.name}")
                replaced[position] = [Instruction(convolution, instruction.inputs, (image,), linear.name), pixels]
    return replace(graph.replaced(replaced), features=tuple(features))


def relu_before_pixels(graph: Graph) -> Graph:
    """Let a relu on the unrolled pixels of a convolution work on its image, and drop the unrolling where a col2im follows the relu.

    The normal form has relu before col2im, so this is what becomes of convolution and relu.
    """
    uses, readers = graph.uses(), graph.readers()
    features: list[Feature] = list(graph.features)
    replaced: dict[int, list[Instruction]] = {}
    for i, instruction in enumerate(graph.instructions):
        if instruction.operation != PIXELS:
            continue
        position = _only(graph, uses, readers, instruction.outputs[0], Relu)
        if position is None:
            continue
        relu = graph.instructions[position]
        last = _only(graph, uses, readers, relu.outputs[0], Col2im)
        replaced[i] = []
        if last is not None:
            replaced[last] = []
            replaced[position] = [replace(relu, inputs=instruction.inputs, outputs=graph.instructions[last].outputs)]
        else:
            image = len(features)
            features.extend(graph.inputs(instruction))
            replaced[position] = [
                replace(relu, inputs=instruction.inputs, outputs=(image,)),
                replace(instruction, inputs=(image,), outputs=relu.outputs),
            ]
    return replace(graph.replaced(replaced), features=tuple(features))


def _is_image(graph: Graph, uses: list[int], readers: dict[int, list[int]], value: int) -> bool:
    """True if only a col2im reads these rows, directly or after a relu."""
    relu = _only(graph, uses, readers, value, Relu)
    rows = value if relu is None else graph.instructions[relu].outputs[0]
    return _only(graph, uses, readers, rows, Col2im) is not None


def _only(graph: Graph, uses: list[int], readers: dict[int, list[int]], value: int, kind: type[Operation]) -> int | None:
    """The instruction of a kind that alone reads a value."""
    position = readers[value][0] if uses[value] == 1 and value in readers else None
    return position if position is not None and type(graph.instructions[position].operation) is kind else None
