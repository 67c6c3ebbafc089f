"""Again: the check for a random transform: some items of a data set are read twice and compared."""

import numpy as np
from numpy.typing import NDArray

SEVERAL = 32
"""Items that are read twice: a transform that changes one in ten of them is missed once in a thousand times or less."""


def spread(count: int) -> list[int]:
    """The places of at most `SEVERAL` among so many items, from the first to the last.

    >>> spread(3), spread(1000)[:3], spread(1000)[-1]
    ([0, 1, 2], [0, 32, 64], 999)
    """
    places: list[int] = np.linspace(0, count - 1, min(count, SEVERAL)).astype(int).tolist()
    return places


def same(one: NDArray[np.generic], other: NDArray[np.generic]) -> bool:
    """True if two arrays have the same shape and values; NaN counts as equal to NaN."""
    return np.array_equal(one, other, equal_nan=one.dtype.kind == other.dtype.kind == "f")
