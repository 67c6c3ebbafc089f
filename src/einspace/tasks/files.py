"""Files that somebody else wrote: arrays and pickles are read without running anything that lies in them."""

import gzip
import io
import pickle
import zipfile
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
import psutil
from numpy.lib import format as npy
from numpy.typing import NDArray

from einspace.errors import TaskError

LARGE = 32 * 2**20
"""Bytes from which on an array stays in its file and is mapped."""

MOST = 32 * 2**30
"""Bytes that an archive may unpack to, whatever the memory."""


def read_npy(path: Path) -> NDArray[Any]:
    """The array of a .npy file, mapped read-only where it is large; raises TaskError for what is no whole array of plain values."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            _check_header(file, size, str(path))
        return np.asarray(np.load(path, allow_pickle=False)) if size < LARGE else np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise TaskError(f"{path}: there is no such file") from None
    except (OSError, ValueError) as error:
        raise TaskError(f"{path}: cannot be read as an array: {error}") from None


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a .npz file by name; what it would unpack to is looked up before anything is read."""
    arrays: dict[str, NDArray[Any]] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            total, limit = sum(member.file_size for member in members), min(MOST, psutil.virtual_memory().available)
            if total > limit:
                raise TaskError(
                    f"{path}: would unpack from {path.stat().st_size:,} to {total:,} bytes, but at most {limit:,} are read: "
                    "keep large arrays as .npy files, which need not be unpacked"
                )
            for member in members:
                where = f"{path}, {member.filename}"
                if not member.filename.endswith(".npy"):
                    raise TaskError(f"{where}: an archive of arrays holds .npy members only")
                with archive.open(member) as file:
                    _check_header(file, member.file_size, where)
                with archive.open(member) as file:
                    arrays[member.filename.removesuffix(".npy")] = npy.read_array(file, allow_pickle=False)
    except FileNotFoundError:
        raise TaskError(f"{path}: there is no such file") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise TaskError(f"{path}: cannot be read as an archive of arrays: {error}") from None
    return arrays


def _check_header(file: IO[bytes], size: int, where: str) -> None:
    """Raise TaskError where an array's header promises other than what `size` bytes can hold, or objects, which would be unpickled."""
    version = npy.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise TaskError(f"{where}: is of version {version} of the array format, not 1.0 or 2.0")
    shape, _, dtype = (npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0)(file)
    if dtype.hasobject:
        raise TaskError(f"{where}: holds Python objects, which are not read: they could run code; save an array of numbers")
    promised, there = prod(shape) * dtype.itemsize, size - file.tell()
    if there < promised:
        raise TaskError(f"{where}: is cut off: {shape} of {dtype} are {promised:,} bytes, but {there:,} are there")


def _bytes_of(text: str, encoding: str = "latin1") -> bytes:
    """What pickles of bytes call, for the one encoding that they use."""
    if encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"bytes in {encoding}")
    return text.encode("latin1")


def _names() -> dict[tuple[str, str], Any]:
    """The only names that a pickle may use: what rebuilds arrays of numbers, and containers."""
    reconstruct, scalar, from_buffer = np.empty(0).__reduce__()[0], np.float64(0).__reduce__()[0], np.empty(1).__reduce_ex__(5)[0]
    names: dict[tuple[str, str], Any] = {("numpy", "ndarray"): np.ndarray, ("numpy", "dtype"): np.dtype, ("_codecs", "encode"): _bytes_of}
    for core in ("numpy.core", "numpy._core"):
        names |= {(f"{core}.multiarray", "_reconstruct"): reconstruct, (f"{core}.multiarray", "scalar"): scalar}
        names[f"{core}.numeric", "_frombuffer"] = from_buffer
    for container in (set, frozenset, bytearray, complex):
        names |= {(module, container.__name__): container for module in ("builtins", "__builtin__")}
    return names


class _Restricted(pickle.Unpickler):
    """Refuses every class and function but those of `_names`, before any of it is looked up."""

    names = _names()

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self.names[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module}.{name}; only arrays and plain values are read") from None


class _Bounded(io.RawIOBase):
    """A stream that raises once more was read from it than it may hold."""

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self.file, self.left = file, limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.file.read(len(buffer))
        self.left -= len(data)
        if self.left < 0:
            raise pickle.UnpicklingError("it unpacks to more than this machine's memory can hold")
        buffer[: len(data)] = data
        return len(data)


def read_pickle(path: Path, encoding: str = "ASCII") -> Any:
    """What a pickle holds, gzipped if its name ends so; raises TaskError for one that names anything but arrays and plain values.

    `encoding` is that of Python 2's strings: "bytes" leaves them as bytes.
    """
    limit = min(MOST, psutil.virtual_memory().available)
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            return _Restricted(io.BufferedReader(_Bounded(file, limit)), encoding=encoding).load()  # type: ignore[arg-type]
    except FileNotFoundError:
        raise TaskError(f"{path}: there is no such file") from None
    except TaskError:
        raise
    except Exception as error:  # noqa: BLE001 - a broken pickle can raise anything
        raise TaskError(f"{path}: cannot be read: {error or type(error).__name__}") from None
