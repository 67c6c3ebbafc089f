"""Scanning: looking at many samples in pieces, so that arrays in files need not fit in memory."""

from collections.abc import Iterator
from math import prod
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Samples(Protocol):
    """What can be looked at in pieces: an array, or rows of one that stay in a file."""

    @property
    def shape(self) -> tuple[int, ...]: ...  # noqa: D102
    @property
    def dtype(self) -> Any: ...  # noqa: D102
    def __len__(self) -> int: ...
    def __getitem__(self, rows: Any, /) -> Any: ...


CHUNK = 64 * 2**20
"""Bytes of samples, in double precision, that are looked at together."""

LARGEST = float(np.finfo(np.float32).max)
"""The largest number that float32 holds."""


def chunks(x: Samples) -> Iterator[NDArray[Any]]:
    """The samples in pieces of some megabytes."""
    size = max(1, CHUNK // (8 * max(1, prod(x.shape[1:]))))
    for start in range(0, len(x), size):
        yield x[start : start + size]


def not_finite(x: Samples) -> tuple[int, int] | None:
    """How many samples hold a value that is not a finite number in float32, and the first of them; None if there are none."""
    if x.dtype.kind not in "fc":
        return None
    count, first, start = 0, 0, 0
    for chunk in chunks(x):
        good = np.isfinite(chunk) if chunk.dtype.itemsize <= 4 else np.abs(chunk) <= LARGEST
        bad = np.flatnonzero(~good.reshape(len(chunk), -1).all(axis=1))
        if len(bad) and not count:
            first = start + int(bad[0])
        count += len(bad)
        start += len(chunk)
    return (count, first) if count else None
