"""Split: samples and their targets; how one pool is divided, and how samples are brought to mean 0 and deviation 1."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from einspace.errors import TaskError

CHUNK = 64 * 2**20
"""Bytes of samples that are looked at together, so that data on disk need not fit in memory twice."""


@dataclass(frozen=True, eq=False)
class Split:
    """Samples `x`, float32 (N, C, H, W) or (N, S, D), and their targets `y`.

    Targets are int64 (N,) for classes, float32 (N, L) of 0 and 1 for labels, float32 (N, K) for numbers, and float32 (N, C, h, w) for a
    prediction for each pixel. Arrays that are mapped from a file are sent to other processes as the file's name.
    """

    x: NDArray[np.float32]
    y: NDArray[Any]

    def __len__(self) -> int:
        return len(self.y)

    def __getstate__(self) -> tuple[Any, Any]:
        return _packed(self.x), _packed(self.y)

    def __setstate__(self, state: tuple[Any, Any]) -> None:
        for name, value in zip(("x", "y"), state, strict=True):
            object.__setattr__(self, name, value.open() if isinstance(value, _Mapped) else value)


@dataclass(frozen=True)
class _Mapped:
    """Where an array lies in a file."""

    path: str
    offset: int
    dtype: str
    shape: tuple[int, ...]

    def open(self) -> NDArray[Any]:
        return np.memmap(self.path, np.dtype(self.dtype), "r", self.offset, self.shape)


def _packed(array: NDArray[Any]) -> Any:
    """The place of an array that is all of a mapping, in C order and read only; any other as it is."""
    whole = isinstance(array, np.memmap) and array.mode == "r" and not isinstance(array.base, np.ndarray)
    if whole and isinstance(array, np.memmap) and array.filename is not None and array.flags.c_contiguous:
        return _Mapped(str(array.filename), array.offset, array.dtype.str, array.shape)
    return array


def chunks(x: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """The samples in pieces of some megabytes."""
    size = max(1, CHUNK // max(1, x[:1].nbytes))
    for start in range(0, len(x), size):
        yield x[start : start + size]


@dataclass(frozen=True, eq=False)
class Normaliser:
    """Mean and deviation that broadcast against a batch."""

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    @classmethod
    def of(cls, x: NDArray[Any], axes: tuple[int, ...], least: float = 0.0) -> Self:
        """Measured over some axes, the first among them, in double precision; what is constant has deviation 1: it is only centred.

        Constant is what deviates by less than a millionth of its mean, or of `least`, if that is more.
        """
        count = np.prod([x.shape[axis] for axis in axes])
        mean = sum(chunk.sum(axis=axes, dtype=np.float64, keepdims=True) for chunk in chunks(x)) / count
        squares = sum(np.square(chunk - mean).sum(axis=axes, keepdims=True) for chunk in chunks(x)) / count
        deviation = np.sqrt(squares)
        deviation = np.where(deviation > np.maximum(np.finfo(np.float32).tiny, 1e-6 * np.maximum(least, np.abs(mean))), deviation, 1)
        return cls(mean.astype(np.float32), deviation.astype(np.float32))

    def normalised(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """A copy with the mean at 0 and the deviation at 1."""
        return np.asarray((x - self.mean) / self.deviation, dtype=np.float32)

    def apply(self, x: Tensor) -> Tensor:
        """Bring a tensor, in place, to mean 0 and deviation 1."""
        return x.sub_(torch.from_numpy(self.mean).to(x.device)).div_(torch.from_numpy(self.deviation).to(x.device))

    def restore(self, y: Tensor) -> Tensor:
        """What was before, as a new tensor."""
        return y * torch.from_numpy(self.deviation).to(y.device) + torch.from_numpy(self.mean).to(y.device)


def stratified(y: NDArray[Any], shares: Sequence[float], seed: int) -> list[NDArray[np.int64]]:
    """Indices of `y` (N,) in disjoint parts of the given shares, each class divided alike; raises TaskError for senseless shares.

    A class with a member for each part has one in each.
    """
    if len(shares) < 2 or min(shares) <= 0 or abs(sum(shares) - 1) > 1e-6:
        raise TaskError(f"the shares of train, valid and test must be over 0 and add up to 1, not {tuple(shares)}")
    rng = np.random.default_rng(seed)
    parts: list[list[NDArray[np.int64]]] = [[] for _ in shares]
    for label in np.unique(y):
        members = rng.permutation(np.flatnonzero(y == label))
        ends = np.round(np.cumsum(shares)[:-1] * len(members)).astype(np.int64)
        if len(members) >= len(shares):
            for number in range(len(ends)):
                least = 1 if number == 0 else ends[number - 1] + 1
                ends[number] = min(max(ends[number], least), len(members) - len(ends) + number)
        for part, chunk in zip(parts, np.split(members, ends), strict=True):
            part.append(chunk)
    return [rng.permutation(np.concatenate(part)) for part in parts]
