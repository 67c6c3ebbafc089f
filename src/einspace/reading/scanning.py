"""Scanning: looking at many samples in pieces, so that arrays in files need not fit in memory."""

from collections.abc import Callable, Iterator
from math import prod
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

LOOKED_AT = 1_000_000
"""Numbers that `merged` looks at, over all channels; fewer of each where there are many."""


class Samples(Protocol):
    """Samples that can be read in pieces: an array, or rows of one that stay in a file."""

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
    """The number of samples with a value that is not finite in float32, and the first of them; None if all are finite."""
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


def merged(x: Samples, axis: int, cast: Callable[[NDArray[Any]], NDArray[np.float32]]) -> list[int]:
    """Channels of which most distinct values are equal after the cast.

    Args:
        x: Numbers (N, ...) as they are given.
        axis: The axis of the channels.
        cast: What brings samples to float32, such as a normalisation.
    """
    rows = np.unique(np.linspace(0, len(x) - 1, min(len(x), 4_096)).astype(np.int64))
    step = max(1, -(-len(rows) * int(np.prod(x.shape[1:])) // LOOKED_AT))
    before = np.asarray(x[rows[::step]])
    after = cast(before)
    channels = before.shape[axis]
    kept = max(64, LOOKED_AT // max(1, channels))
    pairs = zip(_columns(before, axis), _columns(after, axis), strict=True)
    return [number for number, (old, new) in enumerate(pairs) if 2 * _distinct(new, kept) <= _distinct(old, kept)]


def _columns(x: NDArray[Any], axis: int) -> NDArray[Any]:
    return np.moveaxis(x, axis, 0).reshape(x.shape[axis], -1)


def _distinct(values: NDArray[Any], most: int) -> int:
    return len(np.unique(values[:: max(1, len(values) // most)]))
