"""Memory: the layout of values in PyTorch, which decides what is a view, what is a copy and what is kept for the backward pass."""

from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import NamedTuple


@dataclass(frozen=True, eq=False)
class Storage:
    """A piece of memory, told apart by identity; views share it. For each sample it holds `elements`, and `spare` more lie idle."""

    elements: int
    spare: int = 0


class Value(NamedTuple):
    """A tensor in memory: its shape and strides, in elements and without the batch axis, whose stride is the whole storage.

    `requires_grad` says whether a gradient flows into it.
    """

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    storage: Storage
    requires_grad: bool = False

    @classmethod
    def new(cls, shape: tuple[int, ...], order: tuple[int, ...] = ()) -> "Value":
        """A value in a storage of its own, gapless, with the axes from the outermost to the innermost in `order`; row by row without."""
        strides = [0] * len(shape)
        stride = 1
        for axis in reversed(order or range(len(shape))):
            strides[axis] = stride
            stride *= shape[axis]
        return cls(shape, tuple(strides), Storage(prod(shape)))

    def view(self, shape: tuple[int, ...], strides: tuple[int, ...]) -> "Value":
        """Other axes over the same storage."""
        return Value(shape, strides, self.storage)

    @property
    def order(self) -> tuple[int, ...]:
        """The axes from the outermost to the innermost: the layout that the result of an elementwise operation takes over."""
        return tuple(sorted(range(len(self.shape)), key=lambda axis: -self.strides[axis]))

    @property
    def channels_last(self) -> bool:
        """True if PyTorch treats the value as an image in channels-last layout, which convolutions and the like preserve."""
        if len(self.shape) != 3:
            return False
        least = 0
        for axis in (0, 2, 1):
            if self.strides[axis] < least:
                return False
            least = self.strides[axis] * self.shape[axis]
        return least != self.strides[0]

    def merged(self, axes: int) -> Storage:
        """The storage once the batch axis and the next `axes` are made one: its own, or that of a copy where strides do not allow it."""
        return self.storage if _one((self.storage.elements, *self.strides[:axes]), (2, *self.shape[:axes])) else Storage(prod(self.shape))

    def contiguous(self) -> Storage:
        """The storage row by row: its own, or that of a copy where it is not so already."""
        row_by_row = Value.new(self.shape)
        gapless = self.storage.elements == row_by_row.storage.elements
        steps = zip(self.shape, self.strides, row_by_row.strides, strict=True)
        return self.storage if gapless and all(size == 1 or have == want for size, have, want in steps) else row_by_row.storage

    def flattened(self) -> "Value":
        """(C, H, W) -> (C, H W), a view if strides allow it."""
        channels, height, width = self.shape
        shape = (channels, height * width)
        if not _one(self.strides[1:], self.shape[1:]):
            return Value.new(shape)
        return self.view(shape, (self.strides[0], self.strides[1 if width == 1 else 2]))


Values = tuple[Value, ...]
"""The inputs or the outputs of an operation, in memory."""

CHANNELS_LAST = (1, 2, 0)
"""The axes of (C, H, W) from the outermost to the innermost, where channels lie next to each other."""


def _one(strides: tuple[int, ...], sizes: tuple[int, ...]) -> bool:
    """True if these axes can be merged without a copy: each steps over exactly what the next one spans. Axes of size 1 do not count."""
    axes = [(stride, size) for stride, size in zip(strides, sizes, strict=True) if size > 1]
    return all(outer == stride * size for (outer, _), (stride, size) in pairwise(axes))
