"""Aggregation, b -> 1 (equations 14 to 17): merge the branches into one tensor."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from einspace.errors import ShapeError
from einspace.features import Feature, Features
from einspace.operations.base import Group, Operation
from einspace.operations.branching import FACTORS
from einspace.operations.memory import CHANNELS_LAST, Storage, Value, Values

if TYPE_CHECKING:
    from torch import nn


class Aggregation(Operation):
    """An operation with two or more inputs and one output."""

    group: ClassVar[Group] = Group.AGGREGATION
    symbols: ClassVar[tuple[str, ...]] = ("A",)


def _common_grid(inputs: Features) -> tuple[int, int] | None:
    """The grid that all branches agree on; where they disagree, no col2im can be right."""
    return inputs[0].grid if all(feature.grid == inputs[0].grid for feature in inputs) else None


@dataclass(frozen=True)
class Matmul(Aggregation):
    """a @ b on the last two axes: (S, K), (K, D) -> (S, D), and per channel (C, H, K), (C, K, W) -> (C, H, W).

    `scaled` divides by the square root of K, the last axis of a.
    """

    name: ClassVar[str] = "matmul"
    scaled: bool = False

    @classmethod
    def options(cls) -> tuple[Self, ...]:
        """Equation 14."""
        return (cls(scaled=False), cls(scaled=True))

    def infer(self, inputs: Features) -> Features:
        """Check the inner axes, and the channels in Im mode."""
        if len(inputs) != 2:
            raise ShapeError(self, "two branches", inputs)
        a, b = inputs[0].shape, inputs[1].shape
        if len(a) != len(b) or a[:-2] != b[:-2] or a[-1] != b[-2]:
            raise ShapeError(self, "a last axis of the left that equals the last but one of the right, and equal axes before them", inputs)
        return (Feature((*a[:-1], b[-1]), _common_grid(inputs)),)

    def flops(self, inputs: Features) -> int:
        """Two for each multiply-add."""
        return 2 * inputs[0].elements * inputs[1].shape[-1]

    def saved(self, inputs: Values, outputs: Values) -> tuple[Storage, ...]:
        """Each side for the gradient of the other, as a batch of matrices."""
        a, b = inputs
        stacked = len(a.shape) - 2
        return tuple(side.merged(stacked) for side, other in ((a, b), (b, a)) if other.requires_grad)

    def layer(self, inputs: Features) -> "nn.Module":
        """Batched matrix product."""
        from einspace.operations import layers

        return layers.Matmul(inputs[0].shape[-1] ** -0.5 if self.scaled else None)


class Elementwise(Aggregation):
    """An aggregation of each element with those in its place: (f, ..., f) -> f."""

    def infer(self, inputs: Features) -> Features:
        """All shapes must be equal."""
        if len(inputs) < 2:
            raise ShapeError(self, "two or more branches", inputs)
        shape = inputs[0].shape
        if any(feature.shape != shape for feature in inputs):
            raise ShapeError(self, "branches of equal shape", inputs)
        return (Feature(shape, _common_grid(inputs)),)

    def flops(self, inputs: Features) -> int:
        """One operation less than there are branches, for each element."""
        return (len(inputs) - 1) * inputs[0].elements

    def layout(self, inputs: Values, outputs: Features) -> Values:
        """New, with the axes in the order of the first branch."""
        return (Value.new(outputs[0].shape, inputs[0].order),)


@dataclass(frozen=True)
class Add(Elementwise):
    """Sum of all branches: (f, ..., f) -> f."""

    name: ClassVar[str] = "add"

    @classmethod
    def options(cls) -> tuple[Self, ...]:
        """Equation 14."""
        return (cls(),)

    def layer(self, inputs: Features) -> "nn.Module":
        """Sum without stacking."""
        from einspace.operations import layers

        return layers.Add()


@dataclass(frozen=True)
class Concat(Aggregation):
    """Concatenate `b` branches over axis `dim` (1-based)."""

    name: ClassVar[str] = "concat"
    dim: int
    b: int

    @classmethod
    def options(cls) -> tuple[Self, ...]:
        """Equations 15 to 17."""
        return tuple(cls(dim, b) for dim in (1, 2, 3) for b in FACTORS)

    def infer(self, inputs: Features) -> Features:
        """All shapes must be equal but for axis `dim`, which adds up."""
        if len(inputs) != self.b:
            raise ShapeError(self, f"{self.b} branches", inputs)
        first, axis = inputs[0].shape, self.dim - 1
        if not 0 <= axis < len(first):
            raise ShapeError(self, f"an axis {self.dim}", inputs)
        before, after = first[:axis], first[axis + 1 :]
        if any(len(f.shape) != len(first) or f.shape[:axis] != before or f.shape[axis + 1 :] != after for f in inputs):
            raise ShapeError(self, f"branches of equal shape but for axis {self.dim}", inputs)
        return (Feature((*before, sum(f.shape[axis] for f in inputs), *after), _common_grid(inputs)),)

    def layout(self, inputs: Values, outputs: Features) -> Values:
        """New; channels last where all branches are."""
        return (Value.new(outputs[0].shape, CHANNELS_LAST if all(x.channels_last for x in inputs) else ()),)

    def layer(self, inputs: Features) -> "nn.Module":
        """Concatenation."""
        from einspace.operations import layers

        return layers.Concat(self.dim)
