"""NumPy's own files: .npy, mapped where it is large, and .npz."""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from einspace.errors import DataError
from einspace.files.guarded import Meter, reading

LARGE = 32 * 2**20
"""Bytes from which on an array stays in its file and is mapped, or is shared by all workers."""

WHAT = "an archive of arrays"
"""A .npz file, as errors name it."""

UNPACKED = "keep large arrays as .npy files, which need not be unpacked"
"""The hint for an array that does not fit into memory."""

KINDS = "biufcSU"
"""Kinds of NumPy's types that are plain values."""


def read_npy(path: Path) -> NDArray[Any]:
    """The array of a .npy file, mapped read-only where it is large; raises DataError for any other file."""
    with reading(path, "an array"):
        size = path.stat().st_size
        with path.open("rb") as file:
            _check_header(file, size, str(path))
        return np.asarray(np.load(path, allow_pickle=False)) if size < LARGE else np.load(path, mmap_mode="r", allow_pickle=False)


@dataclass(frozen=True)
class Member:
    """An array of a .npz file, of which only the header was read."""

    path: Path
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def read(self, limit: int | None = None) -> NDArray[Any]:
        """The whole array; raises DataError where the file is damaged, or has no room in memory."""
        with reading(self.path, WHAT), zipfile.ZipFile(self.path) as archive:
            Meter(self.path, self.path.stat().st_size, limit).count(archive.getinfo(self.name).file_size, UNPACKED)
            with archive.open(self.name) as file:
                return npy.read_array(file, allow_pickle=False)

    def pieces(self, size: int) -> Iterator[NDArray[Any]]:
        """Its items, so many at a time, in their order; raises DataError where the file is damaged.

        An array in Fortran's order is read whole, for its items do not lie one after the other.
        """
        with reading(self.path, WHAT), zipfile.ZipFile(self.path) as archive, archive.open(self.name) as file:
            shape, fortran, dtype = _check_header(file, archive.getinfo(self.name).file_size, f"{self.path}, {self.name}")
            if fortran:
                whole = self.read()
                yield from (whole[start : start + size] for start in range(0, shape[0], size))
                return
            for start in range(0, shape[0], size):
                count = min(size, shape[0] - start)
                values = np.frombuffer(file.read(count * prod(shape[1:]) * dtype.itemsize), dtype)
                yield values.reshape(count, *shape[1:])


def npz_members(path: Path) -> dict[str, Member]:
    """The arrays of a .npz file by name, of which nothing but the headers is read; raises DataError for any other file."""
    with reading(path, WHAT), zipfile.ZipFile(path) as archive:
        return {name.removesuffix(".npy"): Member(path, name, *header) for name, header in _headers(path, archive)}


def read_npz(path: Path, limit: int | None = None) -> dict[str, NDArray[Any]]:
    """The arrays of a .npz file by name; what it would unpack to is looked up before anything is read."""
    with reading(path, WHAT), zipfile.ZipFile(path) as archive:
        Meter(path, path.stat().st_size, limit).count(sum(member.file_size for member in archive.infolist()), UNPACKED)
        arrays = {}
        for name, _ in _headers(path, archive):
            with archive.open(name) as file:
                arrays[name.removesuffix(".npy")] = npy.read_array(file, allow_pickle=False)
    return arrays


def _headers(path: Path, archive: zipfile.ZipFile) -> Iterator[tuple[str, tuple[tuple[int, ...], np.dtype[Any]]]]:
    """The names of the members, each with the shape and the type of its array."""
    names = archive.namelist()
    for member in archive.infolist():
        where = f"{path}, {member.filename}"
        if names.count(member.filename) > 1:
            raise DataError(f"{where}: two members of the archive have this name")
        if not member.filename.endswith(".npy"):
            raise DataError(f"{where}: an archive of arrays holds .npy members only")
        with archive.open(member) as file:
            shape, _, dtype = _check_header(file, member.file_size, where)
        yield member.filename, (shape, dtype)


def _check_header(file: IO[bytes], size: int, where: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """The shape of an array, whether it is in Fortran's order, and its type.

    Raises DataError where its header promises other than what `size` bytes can hold, or objects, which would be unpickled.
    """
    version = npy.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise DataError(f"{where}: is of version {version} of the array format, not 1.0 or 2.0")
    shape, fortran, dtype = (npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0)(file)
    if dtype.hasobject:
        raise DataError(f"{where}: holds Python objects, which are not read: they could run code; save an array of numbers")
    if dtype.kind not in KINDS or not dtype.itemsize:
        raise DataError(f"{where}: holds values of the type {dtype}, which are neither numbers nor words")
    if min(shape, default=0) < 0:
        raise DataError(f"{where}: there is no array of the shape {shape}")
    promised, there = prod(shape) * dtype.itemsize, size - file.tell()
    if there < promised:
        raise DataError(f"{where}: is cut off: {shape} of {dtype} are {promised:,} bytes, but {there:,} are there")
    return shape, fortran, dtype
