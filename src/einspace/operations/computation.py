"""Computation, 1 -> 1 (equations 24 to 26): alter the content of one tensor."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from einspace.errors import ShapeError
from einspace.features import Feature, Features
from einspace.operations.base import Group, Operation, single
from einspace.operations.memory import CHANNELS_LAST, Storage, Value, Values

if TYPE_CHECKING:
    from torch import nn

NEGATIVE_SLOPE = 0.01
"""Slope of the leaky relu below zero, PyTorch's default."""


class Computation(Operation):
    """An operation that keeps the shape, unless it says otherwise."""

    group: ClassVar[Group] = Group.COMPUTATION
    symbols: ClassVar[tuple[str, ...]] = ("C",)

    @classmethod
    def options(cls) -> tuple[Self, ...]:
        """A single version."""
        return (cls(),)

    def infer(self, inputs: Features) -> Features:
        """Keep the feature: f -> f."""
        return (single(self, inputs),)


@dataclass(frozen=True)
class Identity(Computation):
    """f -> f. Also a routing function (R1 and R2)."""

    name: ClassVar[str] = "identity"
    symbols: ClassVar[tuple[str, ...]] = ("R1", "R2", "C")

    def written(self, inputs: Features) -> int:
        """Nothing."""
        return 0

    def layout(self, inputs: Values, outputs: Features) -> Values:
        """The input."""
        return inputs

    def layer(self, inputs: Features) -> "nn.Module":
        """The tensor itself."""
        from einspace.operations import layers

        return layers.Identity()


@dataclass(frozen=True)
class Linear(Computation):
    """Affine map of the last axis to `d`, with bias: (S, D) -> (S, d), (C, H, W) -> (C, H, d)."""

    name: ClassVar[str] = "linear"
    d: int

    @classmethod
    def options(cls) -> tuple[Self, ...]:
        """Equations 24 to 26: powers of two from 16 to 2048."""
        return tuple(cls(2**power) for power in range(4, 12))

    def infer(self, inputs: Features) -> Features:
        """Replace the last axis."""
        feature = single(self, inputs)
        if self.d < 1:
            raise ShapeError(self, "d of at least 1", inputs)
        return (Feature((*feature.shape[:-1], self.d), feature.grid),)

    def parameters(self, inputs: Features) -> int:
        """Weight and bias."""
        return (inputs[0].shape[-1] + 1) * self.d

    def flops(self, inputs: Features) -> int:
        """Two for each multiply-add; the bias rides along."""
        return 2 * inputs[0].elements * self.d

    def saved(self, inputs: Values, outputs: Values) -> tuple[Storage, ...]:
        """The input, as one matrix."""
        (x,) = inputs
        return (x.merged(len(x.shape) - 1),)

    def layer(self, inputs: Features) -> "nn.Module":
        """`torch.nn.Linear`."""
        from torch import nn

        return nn.Linear(inputs[0].shape[-1], self.d)


@dataclass(frozen=True)
class Norm(Computation):
    """Batch normalisation of the channels in Im mode, layer normalisation of the last axis in Col mode."""

    name: ClassVar[str] = "norm"

    def parameters(self, inputs: Features) -> int:
        """Scale and shift: 2 C in Im mode, 2 D in Col mode."""
        shape = inputs[0].shape
        return 2 * (shape[0] if len(shape) == 3 else shape[-1])

    def layout(self, inputs: Values, outputs: Features) -> Values:
        """New; channels last as the input is."""
        return (Value.new(outputs[0].shape, CHANNELS_LAST if inputs[0].channels_last else ()),)

    def saved(self, inputs: Values, outputs: Values) -> tuple[Storage, ...]:
        """The input; mean and deviation of each token in Col mode (in Im mode they are the batch's, not a sample's)."""
        (x,) = inputs
        return (x.storage,) if len(x.shape) == 3 else (x.storage, Storage(2 * x.shape[0]))

    def layer(self, inputs: Features) -> "nn.Module":
        """`torch.nn.BatchNorm2d` or `torch.nn.LayerNorm`."""
        from torch import nn

        shape = inputs[0].shape
        return nn.BatchNorm2d(shape[0]) if len(shape) == 3 else nn.LayerNorm(shape[-1])


@dataclass(frozen=True)
class Relu(Computation):
    """Leaky relu (A.2)."""

    name: ClassVar[str] = "relu"

    def layout(self, inputs: Values, outputs: Features) -> Values:
        """New, with the axes in the order of the input."""
        return (Value.new(outputs[0].shape, inputs[0].order),)

    def saved(self, inputs: Values, outputs: Values) -> tuple[Storage, ...]:
        """The input."""
        return (inputs[0].storage,)

    def layer(self, inputs: Features) -> "nn.Module":
        """`torch.nn.functional.leaky_relu`."""
        from einspace.operations import layers

        return layers.Relu(NEGATIVE_SLOPE)


@dataclass(frozen=True)
class Softmax(Computation):
    """Softmax over the last axis."""

    name: ClassVar[str] = "softmax"

    def saved(self, inputs: Values, outputs: Values) -> tuple[Storage, ...]:
        """The output."""
        return (outputs[0].storage,)

    def layer(self, inputs: Features) -> "nn.Module":
        """`torch.softmax`."""
        from einspace.operations import layers

        return layers.Softmax()


@dataclass(frozen=True)
class PosEnc(Computation):
    """Learnable positional encoding: adds one parameter to each element of the feature, N(0, 1) at the start."""

    name: ClassVar[str] = "pos-enc"

    def parameters(self, inputs: Features) -> int:
        """One for each element."""
        return inputs[0].elements

    def layout(self, inputs: Values, outputs: Features) -> Values:
        """New, with the axes in the order of the input."""
        return (Value.new(outputs[0].shape, inputs[0].order),)

    def layer(self, inputs: Features) -> "nn.Module":
        """A sum with a parameter."""
        from einspace.operations import layers

        return layers.PosEnc(inputs[0].shape)
