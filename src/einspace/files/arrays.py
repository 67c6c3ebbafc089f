"""NumPy's own files: .npy, mapped where it is large, and .npz."""

import zipfile
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from einspace.errors import DataError
from einspace.files.border import Meter, reading

LARGE = 32 * 2**20
"""Bytes from which on an array stays in its file and is mapped, or is shared by all workers."""

KINDS = "biufcSU"
"""Kinds of NumPy's types that are plain values."""


def read_npy(path: Path) -> NDArray[Any]:
    """The array of a .npy file, mapped read-only where it is large; raises DataError for what is no whole array of plain values."""
    with reading(path, "an array"):
        size = path.stat().st_size
        with path.open("rb") as file:
            _check_header(file, size, str(path))
        return np.asarray(np.load(path, allow_pickle=False)) if size < LARGE else np.load(path, mmap_mode="r", allow_pickle=False)


def read_npz(path: Path, limit: int | None = None) -> dict[str, NDArray[Any]]:
    """The arrays of a .npz file by name; what it would unpack to is looked up before anything is read."""
    arrays: dict[str, NDArray[Any]] = {}
    with reading(path, "an archive of arrays"), zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        total = sum(member.file_size for member in members)
        Meter(path, path.stat().st_size, limit).count(total, "keep large arrays as .npy files, which need not be unpacked")
        for member in members:
            where = f"{path}, {member.filename}"
            if not member.filename.endswith(".npy"):
                raise DataError(f"{where}: an archive of arrays holds .npy members only")
            with archive.open(member) as file:
                _check_header(file, member.file_size, where)
            with archive.open(member) as file:
                arrays[member.filename.removesuffix(".npy")] = npy.read_array(file, allow_pickle=False)
    return arrays


def _check_header(file: IO[bytes], size: int, where: str) -> None:
    """Raise DataError where an array's header promises other than what `size` bytes can hold, or objects, which would be unpickled."""
    version = npy.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise DataError(f"{where}: is of version {version} of the array format, not 1.0 or 2.0")
    shape, _, dtype = (npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0)(file)
    if dtype.hasobject:
        raise DataError(f"{where}: holds Python objects, which are not read: they could run code; save an array of numbers")
    if dtype.kind not in KINDS or not dtype.itemsize:
        raise DataError(f"{where}: holds values of the type {dtype}, which are neither numbers nor words")
    if min(shape, default=0) < 0:
        raise DataError(f"{where}: there is no array of the shape {shape}")
    promised, there = prod(shape) * dtype.itemsize, size - file.tell()
    if there < promised:
        raise DataError(f"{where}: is cut off: {shape} of {dtype} are {promised:,} bytes, but {there:,} are there")
