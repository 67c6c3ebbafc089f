"""Split: samples and their targets; how one pool is divided, and how samples are brought to mean 0 and deviation 1."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from einspace.errors import TaskError
from einspace.features import Feature
from einspace.reading.scanning import chunks, not_finite
from einspace.tasks.stored import Mapped, Rows, packed, written

NOISE = 8
"""The spread that rounding may give to constant numbers, in floating point steps at the largest of them."""


@dataclass(frozen=True, eq=False)
class Split:
    """Samples `x`, float32 (N, C, H, W) or (N, S, D), and their targets `y`.

    Targets are int64 (N,) for classes and (N, h, w) for classes of pixels, float32 (N, L) of 0 and 1 for labels, float32 (N, K) for
    numbers, and float32 (N, C, h, w) for a prediction for each pixel. Samples that stay in a file, a `numpy.memmap` or, in its
    place, `Rows` of one, are of any real type, and are sent to other processes as the file's name.
    """

    x: NDArray[Any]
    y: NDArray[Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "_written", (written(self.x), written(self.y)))

    def __len__(self) -> int:
        return len(self.y)

    @cached_property
    def not_finite(self) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
        """For samples and for targets, the number that are not finite and the first of them, None if all are; computed once."""
        return not_finite(self.x), not_finite(self.y)

    def __getstate__(self) -> tuple[Any, Any]:
        samples, targets = vars(self)["_written"]
        return packed(self.x, samples), packed(self.y, targets)

    def __setstate__(self, state: tuple[Any, Any]) -> None:
        for name, value in zip(("x", "y"), state, strict=True):
            object.__setattr__(self, name, value.open() if isinstance(value, Mapped) else value)
        self.__post_init__()


@dataclass(frozen=True, eq=False)
class Normaliser:
    """Mean and deviation, in double precision, that broadcast against a batch."""

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    low: NDArray[np.float64] | None = None
    """The smallest number that was measured; None where that was not kept."""
    high: NDArray[np.float64] | None = None
    """The largest number that was measured; None where that was not kept."""

    @classmethod
    def of(cls, x: NDArray[Any] | Rows, axes: tuple[int, ...], least: float = 0.0) -> Self:
        """The normaliser measured over some axes, the first among them, in double precision. Constant numbers are only centred.

        Numbers are constant if they spread over no more than the rounding of their type (see `NOISE`), or deviate by less than a
        millionth of `least`.
        """
        count = np.prod([x.shape[axis] for axis in axes])
        total: Any = 0.0
        low: Any = np.inf
        high: Any = -np.inf
        for chunk in chunks(x):
            total = total + chunk.sum(axis=axes, dtype=np.float64, keepdims=True)
            low = np.minimum(low, chunk.min(axis=axes, keepdims=True))
            high = np.maximum(high, chunk.max(axis=axes, keepdims=True))
        mean = np.clip(total / count, low, high)
        squares = sum(np.square(chunk - mean).sum(axis=axes, keepdims=True) for chunk in chunks(x)) / count
        step = np.finfo(x.dtype).eps if x.dtype.kind == "f" else 0.0
        spread = np.asarray(high, np.float64) - low > NOISE * float(step) * np.maximum(np.abs(low), np.abs(high))
        deviation = np.sqrt(squares)
        low, high = np.asarray(low, np.float64), np.asarray(high, np.float64)
        return cls(mean, np.where(spread & (deviation > 1e-6 * least), deviation, 1.0), low, high)

    def normalised(self, x: NDArray[Any] | Rows) -> NDArray[np.float32]:
        """A copy with the mean at 0 and the deviation at 1, cast to float32 after that."""
        out = np.empty(x.shape, np.float32)
        start = 0
        for chunk in chunks(x):
            out[start : start + len(chunk)] = (chunk - self.mean) / self.deviation
            start += len(chunk)
        return out

    def restore(self, y: Tensor) -> Tensor:
        """The values before the normalisation, as a new tensor: in double precision where the device has that."""
        dtype = y.dtype if y.device.type == "mps" else torch.float64
        mean, deviation = (torch.from_numpy(array).to(y.device, dtype) for array in (self.mean, self.deviation))
        return y.to(dtype) * deviation + mean


def channel_axes(input: Feature) -> tuple[int, ...]:
    """The axes of a batch that are measured together: all but the channels'."""
    return (0, 2, 3) if input.mode == "Im" else (0, 1)


def stratified(y: NDArray[Any], shares: Sequence[float], seed: int) -> list[NDArray[np.int64]]:
    """Indices of `y` (N,) in disjoint parts of the given shares, each class divided alike; raises TaskError for senseless shares.

    A class with a member for each part has one in each.
    """
    if len(shares) < 2 or min(shares) <= 0 or abs(sum(shares) - 1) > 1e-6:
        raise TaskError(f"the shares of train, valid and test must be over 0 and add up to 1, not {tuple(shares)}")
    rng = np.random.default_rng(seed)
    parts: list[list[NDArray[np.int64]]] = [[] for _ in shares]
    for rows in rows_by_class(y):
        members = rng.permutation(rows)
        ends = np.round(np.cumsum(shares)[:-1] * len(members)).astype(np.int64)
        if len(members) >= len(shares):
            for number in range(len(ends)):
                least = 1 if number == 0 else ends[number - 1] + 1
                ends[number] = min(max(ends[number], least), len(members) - len(ends) + number)
        for part, chunk in zip(parts, np.split(members, ends), strict=True):
            part.append(chunk)
    return [rng.permutation(np.concatenate(part)) for part in parts]


def rows_by_class(y: NDArray[Any]) -> list[NDArray[np.int64]]:
    """The rows of each class that occurs in `y` (N,), both in ascending order. One sort is enough, however many classes there are.

    >>> [rows.tolist() for rows in rows_by_class(np.array([2, 0, 2, 0]))]
    [[1, 3], [0, 2]]
    """
    order = np.argsort(y, kind="stable").astype(np.int64)
    return np.split(order, np.flatnonzero(np.diff(y[order])) + 1)
