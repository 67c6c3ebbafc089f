"""Branching, 1 -> b (equations 10 to 13): direct one tensor into b branches."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from einspace.errors import ShapeError
from einspace.features import Feature, Features
from einspace.operations.base import Group, Operation, single
from einspace.operations.memory import Values

if TYPE_CHECKING:
    from torch import nn

FACTORS = (2, 4, 8)
"""The branching factors of the branching prior (section 3.4)."""

LARGEST = 1024
"""The largest factor outside the prior that a text may ask for: every branch is a feature of its own."""


def sampled_branches(b: int) -> int:
    """Branches that a derivation holds for a factor b: both of two, and one that is repeated for four and eight (section 3.4)."""
    return 2 if b == 2 else 1


class Branching(Operation):
    """An operation with one input and `b` outputs of the same shape."""

    group: ClassVar[Group] = Group.BRANCHING
    symbols: ClassVar[tuple[str, ...]] = ("B",)
    b: int

    def written(self, inputs: Features) -> int:
        """Nothing: the branches are views of the input."""
        return 0

    def layout(self, inputs: Values, outputs: Features) -> Values:
        """Views: a chunk has the strides of the whole."""
        (x,) = inputs
        return tuple(x.view(output.shape, x.strides) for output in outputs)


@dataclass(frozen=True)
class Clone(Branching):
    """Hand the input to every branch: f -> (f, ..., f)."""

    name: ClassVar[str] = "clone"
    b: int

    @classmethod
    def options(cls) -> tuple[Self, ...]:
        """Equation 10."""
        return tuple(cls(b) for b in FACTORS)

    def infer(self, inputs: Features) -> Features:
        """Give the feature to each of the b branches: f -> (f, ..., f)."""
        if not 2 <= self.b <= LARGEST:
            raise ShapeError(self, f"a factor b of 2 to {LARGEST}", inputs)
        return (single(self, inputs),) * self.b

    def layer(self, inputs: Features) -> "nn.Module":
        """Share one tensor between the branches, without a copy."""
        from einspace.operations import layers

        return layers.Clone(self.b)


@dataclass(frozen=True)
class GroupDim(Branching):
    """Split axis `dim` (1-based) into `b` contiguous chunks."""

    name: ClassVar[str] = "group-dim"
    dim: int
    b: int

    @classmethod
    def options(cls) -> tuple[Self, ...]:
        """Equations 11 to 13."""
        return tuple(cls(dim, b) for dim in (1, 2, 3) for b in FACTORS)

    def infer(self, inputs: Features) -> Features:
        """Divide shape[dim] by b, which is at least two."""
        shape, grid = single(self, inputs)
        if not 2 <= self.b <= LARGEST:
            raise ShapeError(self, f"a factor b of 2 to {LARGEST}", inputs)
        if not 1 <= self.dim <= len(shape):
            raise ShapeError(self, f"an axis {self.dim}, counted from 1", inputs)
        if shape[self.dim - 1] % self.b:
            raise ShapeError(self, f"an axis {self.dim} that is a multiple of {self.b}", inputs)
        axis = self.dim - 1
        return (Feature((*shape[:axis], shape[axis] // self.b, *shape[axis + 1 :]), grid),) * self.b

    def layer(self, inputs: Features) -> "nn.Module":
        """Give views of the contiguous chunks."""
        from einspace.operations import layers

        return layers.GroupDim(self.dim, self.b)
