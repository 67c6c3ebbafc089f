"""Samples that stay in their files: rows of a mapped array, how they are sent to other processes, and batches that are read when needed."""

import os
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from einspace.errors import DataError
from einspace.machine import free_memory

SHARE = 4
"""The denominator of the share of free memory, a quarter, above which samples stay in their files."""


@dataclass(frozen=True)
class Mapped:
    """The place of an array in a file: its first byte, its type, its shape and its strides in bytes."""

    path: str
    start: int
    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def open(self) -> NDArray[Any]:
        """The array, mapped read-only."""
        dtype = np.dtype(self.dtype)
        span = dtype.itemsize + sum((size - 1) * stride for size, stride in zip(self.shape, self.strides, strict=True))
        flat = np.memmap(self.path, np.uint8, "r", self.start, (span,))
        first = flat[: dtype.itemsize].view(dtype)
        return np.lib.stride_tricks.as_strided(first, self.shape, self.strides, subok=True, writeable=False)


def is_mapped(array: object) -> bool:
    """True if an array is mapped from a file with a name, so that it need not be copied to be sent."""
    if not isinstance(array, np.memmap) or array.filename is None or array.mode not in ("r", "r+"):
        return False
    return bool(array.size) and all(stride >= 0 for stride in array.strides)


Written = tuple[int, int]
"""The size of a file, and the time of its last change in nanoseconds."""


def written(array: Any) -> Written | None:
    """The state of an array's file before the array is sent anywhere; None without a file. Raises DataError where the file is gone."""
    if not is_mapped(array):
        return None
    try:
        found = os.stat(array.filename)
    except OSError as error:
        raise DataError(f"{array.filename}: can no longer be read: {error.strerror}") from None
    return found.st_size, found.st_mtime_ns


def packed(array: Any, before: Written | None) -> Any:
    """The place of an array that is mapped from a file with a name; any other as it is.

    Raises DataError where the file is not what it was: others would map other samples than this process.
    """
    if not is_mapped(array):
        return array
    if written(array) != before:
        raise DataError(f"{array.filename}: has changed since its samples were read")
    root = array
    while isinstance(root.base, np.ndarray) and isinstance(root.base, np.memmap):
        root = root.base
    start = array.offset + array.__array_interface__["data"][0] - root.__array_interface__["data"][0]
    return Mapped(str(array.filename), start, array.dtype.str, array.shape, array.strides)


class Rows:
    """Some samples of an array in a file, in an order of their own, without a copy: the result of a division of a pool.

    Indexed by rows it gives arrays. `nbytes` counts samples in memory, of which there are none.
    """

    def __init__(self, array: NDArray[Any], rows: NDArray[np.int64]) -> None:
        self.array, self.rows = array, rows
        self.shape: tuple[int, ...] = (len(rows), *array.shape[1:])
        self.dtype, self.ndim, self.nbytes = array.dtype, array.ndim, 0
        self._written = written(array)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        wanted = self.rows[rows]
        if np.ndim(wanted) == 0:
            return np.asarray(self.array[wanted])
        order = np.argsort(wanted, kind="stable")  # a file is read faster from its beginning to its end
        found = np.empty((len(wanted), *self.shape[1:]), self.dtype)
        found[order] = self.array[wanted[order]]
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        found = self[:]
        return found if dtype is None else found.astype(dtype)

    def __getstate__(self) -> tuple[Any, NDArray[np.int64]]:
        return packed(self.array, self._written), self.rows

    def __setstate__(self, state: tuple[Any, NDArray[np.int64]]) -> None:
        array, rows = state
        self.__init__(array.open() if isinstance(array, Mapped) else array, rows)  # type: ignore[misc]


def on_disk(x: object) -> bool:
    """True if samples stay in a file."""
    return isinstance(x, Rows | np.memmap)


class _Normalising(Protocol):
    def normalised(self, x: NDArray[Any]) -> NDArray[np.float32]: ...


class OnDisk:
    """Samples (N, ...) that are read from their files, normalised and sent to a device batch by batch.

    It has all that training and scoring use of a tensor: length, shape, device, slices and `split`; and `take`, some samples by number.
    """

    def __init__(self, parts: Sequence[NDArray[Any] | Rows], normaliser: _Normalising | None, device: str) -> None:
        self._parts, self._normaliser = parts, normaliser
        self._rows: NDArray[np.int64] | None = None
        self._ends = np.cumsum([len(part) for part in parts])
        self.device = torch.device(device)
        self.shape = (int(self._ends[-1]), *parts[0].shape[1:])
        self.dtype = torch.float32

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, rows: slice) -> Tensor:
        return self.take(torch.arange(len(self))[rows])

    def split(self, size: int, dim: int = 0) -> Iterator[Tensor]:
        """Batches of a size one after the other, each read when it is asked for; `dim` is the axis of the samples."""
        for start in range(0, len(self), size):
            yield self[start : start + size]

    def chosen(self, rows: NDArray[np.int64], device: str) -> "OnDisk":
        """Some of the samples, by number and in that order, for a device; none is read."""
        found = copy(self)
        found.device = torch.device(device)
        found._rows = rows if self._rows is None else self._rows[rows]
        found.shape = (len(rows), *self.shape[1:])
        return found

    def take(self, chosen: Tensor) -> Tensor:
        """The samples of some numbers (n,), in that order, normalised, on the device."""
        rows = chosen.cpu().numpy()
        rows = rows if self._rows is None else self._rows[rows]
        out = np.empty((len(rows), *self.shape[1:]), np.float32)
        owners = np.searchsorted(self._ends, rows, side="right")
        for number, part in enumerate(self._parts):
            mine = owners == number
            if mine.any():
                found = part[rows[mine] - (self._ends[number - 1] if number else 0)]
                out[mine] = found if self._normaliser is None else self._normaliser.normalised(found)
        return torch.from_numpy(out).to(self.device)


def fits(parts: Sequence[NDArray[Any] | Rows]) -> bool:
    """True if samples, as float32, take at most 1 / `SHARE` of the free memory."""
    wanted = sum(4 * int(np.prod(part.shape)) for part in parts)
    return wanted * SHARE <= free_memory()
