"""Feature: the parameters (shape, mode, branching factor) of section 3.6, as one thing."""

import re
from collections.abc import Iterable
from math import prod
from operator import index
from typing import NamedTuple, Self

from einspace.errors import NotationError, ShapeError

BYTES_PER_ELEMENT = 4
"""Bytes of one float32."""


class Feature(NamedTuple):
    """The value between two operations: a shape without the batch axis, and the grid that a col2im will need.

    A branching factor is the length of a tuple of features.

    >>> Feature((3, 32, 32)).mode
    'Im'
    >>> print(Feature((64, 27), grid=(8, 8)))
    (64, 27) on grid 8x8
    """

    shape: tuple[int, ...]
    """`(C, H, W)`, which is Im mode, or `(S, D)`, which is Col mode (section 3.5); so the mode is the rank."""
    grid: tuple[int, int] | None = None
    """The `(H', W')` that the last im2col unrolled into S; it stays with the data until a col2im consumes it (A.3)."""

    @property
    def mode(self) -> str:
        """`'Im'` for (C, H, W) and `'Col'` for (S, D)."""
        return "Im" if len(self.shape) == 3 else "Col"

    @property
    def elements(self) -> int:
        """Numbers in one sample."""
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        """Bytes of one sample in float32."""
        return self.elements * BYTES_PER_ELEMENT

    def __str__(self) -> str:
        shape = "(" + ", ".join(map(str, self.shape)) + ")"
        return shape if self.grid is None else f"{shape} on grid {self.grid[0]}x{self.grid[1]}"

    @classmethod
    def of(cls, value: "Feature | Iterable[int]") -> Self:
        """Check a shape that comes from outside.

        Raises:
            ShapeError: The shape does not have two or three positive axes.

        >>> Feature.of([3, 8, 8])
        Feature(shape=(3, 8, 8), grid=None)
        """
        if not isinstance(value, Feature):
            value = cls(tuple(index(axis) if hasattr(axis, "__index__") and not isinstance(axis, bool) else axis for axis in value))
        feature = cls(value.shape, value.grid)
        if len(feature.shape) not in (2, 3) or any(type(axis) is not int or axis < 1 for axis in feature.shape):
            raise ShapeError("a feature", "two axes (S, D) or three axes (C, H, W), all of them at least 1", [feature])
        return feature

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `3,32,32` or `24,24`.

        Raises:
            NotationError: The text is not such a shape; the message points at the place.

        >>> print(Feature.parse("3,32,32"))
        (3, 32, 32)
        """
        sizes: list[int] = []
        position = 0
        for part in text.split(","):
            if not re.fullmatch(r"\s*[0-9]{1,9}\s*", part) or int(part) == 0:
                raise NotationError("a shape is C,H,W or S,D in positive integers", text, position, "for example 3,32,32 or 24,24")
            sizes.append(int(part))
            position += len(part) + 1
        if len(sizes) not in (2, 3):
            last = len(text) - len(text.split(",")[-1])
            raise NotationError(f"a shape has two or three axes, not {len(sizes)}", text, last, "for example 3,32,32 or 24,24")
        return cls(tuple(sizes))


Features = tuple[Feature, ...]
"""The inputs or the outputs of an operation; the branching factor b is the length."""
