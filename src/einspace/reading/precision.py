"""Precision: whether numbers keep their differences on the way to float32, in which networks are trained."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.reading.scanning import Samples

LOOKED_AT = 1_000_000
"""Numbers that are looked at, over all channels; fewer of each where there are many."""


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
