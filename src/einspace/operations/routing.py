"""Routing, 1 -> 1 (equations 18 to 23): change the shape or the order of the content, not the content."""

from dataclasses import dataclass
from itertools import permutations
from math import prod
from typing import TYPE_CHECKING, ClassVar, Self

from einspace.errors import ShapeError
from einspace.features import Feature, Features
from einspace.operations.base import Group, Operation, single
from einspace.operations.memory import CHANNELS_LAST, Storage, Value, Values

if TYPE_CHECKING:
    from torch import nn


class Routing(Operation):
    """An operation that moves elements."""

    group: ClassVar[Group] = Group.ROUTING


@dataclass(frozen=True)
class Im2col(Routing):
    """Unroll k x k patches into rows, channel-major: (C, H, W) -> (H'W', C k k) on grid (H', W'), equations 30 to 32."""

    name: ClassVar[str] = "im2col"
    symbols: ClassVar[tuple[str, ...]] = ("R1",)
    k: int
    s: int
    p: int

    @classmethod
    def options(cls) -> tuple[Self, ...]:
        """Equations 18 to 20."""
        sizes = ((1, 1, 0), (1, 2, 0), (3, 1, 1), (3, 2, 1), (4, 4, 0), (8, 8, 0), (16, 16, 0))
        return tuple(cls(k, s, p) for k, s, p in sizes)

    def infer(self, inputs: Features) -> Features:
        """Needs Im mode, and height and width (with padding) of at least k."""
        shape = single(self, inputs).shape
        if len(shape) != 3:
            raise ShapeError(self, "a feature in Im mode (C, H, W)", inputs)
        channels, *sizes = shape
        if self.k < 1 or self.s < 1 or self.p < 0:
            raise ShapeError(self, "k and s of at least 1, and p of at least 0", inputs)
        if any(size + 2 * self.p < self.k for size in sizes):
            raise ShapeError(self, f"a height and a width of at least {self.k - 2 * self.p}", inputs)
        height, width = ((size + 2 * self.p - self.k) // self.s + 1 for size in sizes)
        return (Feature((height * width, channels * self.k * self.k), (height, width)),)

    def layout(self, inputs: Values, outputs: Features) -> Values:
        """The columns of unfold, seen as rows; patches of one pixel are a view where strides allow it."""
        (x,) = inputs
        if self.k > 1:
            (rows, columns), _ = outputs[0]
            # Unfold asks for as much memory as its input has, and then for more if it needs more.
            storage = Storage(rows * columns, spare=max(0, prod(x.shape) - rows * columns))
            unrolled = Value((columns, rows), (rows, 1), storage)
        else:
            channels, *sizes = x.shape
            if self.p:
                x = Value.new((channels, *(size + 2 * self.p for size in sizes)), CHANNELS_LAST if x.channels_last else ())
            kept = (channels, *((size + 2 * self.p - 1) // self.s + 1 for size in sizes))
            unrolled = x.view(kept, (x.strides[0], x.strides[1] * self.s, x.strides[2] * self.s)).flattened()
        return (unrolled.view(unrolled.shape[::-1], unrolled.strides[::-1]),)

    def layer(self, inputs: Features) -> "nn.Module":
        """Unfold, with the patches as rows."""
        from einspace.operations import layers

        return layers.Im2col(self.k, self.s, self.p)


@dataclass(frozen=True)
class Col2im(Routing):
    """Put rows back on their grid, as channels: (H'W', D) -> (D, H', W')."""

    name: ClassVar[str] = "col2im"
    symbols: ClassVar[tuple[str, ...]] = ("R2",)

    @classmethod
    def options(cls) -> tuple[Self, ...]:
        """A single version: the shape follows from the im2col before it."""
        return (cls(),)

    def infer(self, inputs: Features) -> Features:
        """Needs S == H'W' of the grid that the last im2col left (A.3)."""
        shape, grid = single(self, inputs)
        if len(shape) != 2 or grid is None or shape[0] != grid[0] * grid[1]:
            raise ShapeError(self, "a feature in Col mode (S, D) with S == H'W' of the im2col before it", inputs)
        return (Feature((shape[1], *grid)),)

    def written(self, inputs: Features) -> int:
        """Nothing: a view."""
        return 0

    def layout(self, inputs: Values, outputs: Features) -> Values:
        """A view."""
        (x,) = inputs
        rows, columns = x.strides
        return (x.view(outputs[0].shape, (columns, rows * outputs[0].shape[2], rows)),)

    def layer(self, inputs: Features) -> "nn.Module":
        """Transpose and unflatten."""
        from einspace.operations import layers

        grid = inputs[0].grid
        assert grid is not None, "infer accepts no feature without a grid"
        return layers.Col2im(*grid)


@dataclass(frozen=True)
class Permute(Routing):
    """Reorder the axes: output axis i is input axis o[i], 1-based."""

    name: ClassVar[str] = "permute"
    symbols: ClassVar[tuple[str, ...]] = ("R1", "R2")
    o: tuple[int, ...]

    @classmethod
    def options(cls) -> tuple[Self, ...]:
        """Equations 21 to 23: one order in Col mode, five in Im mode."""
        return tuple(cls(order) for n in (2, 3) for order in permutations(range(1, n + 1)) if order != tuple(range(1, n + 1)))

    def infer(self, inputs: Features) -> Features:
        """Needs as many axes as the order has."""
        shape, grid = single(self, inputs)
        if sorted(self.o) != list(range(1, len(shape) + 1)):
            raise ShapeError(self, f"a feature of {len(self.o)} axes, each named once", inputs)
        return (Feature(tuple(shape[axis - 1] for axis in self.o), grid),)

    def written(self, inputs: Features) -> int:
        """Nothing: a view."""
        return 0

    def layout(self, inputs: Values, outputs: Features) -> Values:
        """A view."""
        (x,) = inputs
        return (x.view(outputs[0].shape, tuple(x.strides[axis - 1] for axis in self.o)),)

    def layer(self, inputs: Features) -> "nn.Module":
        """A view."""
        from einspace.operations import layers

        return layers.Permute(self.o)
