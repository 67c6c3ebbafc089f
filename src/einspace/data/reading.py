"""Reading files that others wrote: whole files, gzip, members of archives, and pickles of arrays of which nothing is executed."""

import gzip
import io
import lzma
import pickle
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any, Never

import numpy as np

from einspace.errors import DataError

_ARRAYS: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}
_REBUILDERS = ("numpy.core.multiarray", "numpy._core.multiarray")


def read(path: Path) -> bytes:
    """The bytes of a file, unpacked if its name ends in .gz; raises DataError for a missing or a damaged one."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None
    return unpack(content, path) if path.suffix == ".gz" else content


def unpack(content: bytes, name: object) -> bytes:
    """Unpack gzip; raises DataError, with the name, where the bytes are cut off or are none."""
    try:
        return gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"cannot unpack {name}: it is truncated, or no gzip file ({error})") from None


def members(path: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    """Files of an archive (tar in any packing, zip or wheel) by the end of their path; raises DataError if one is missing.

    Nothing is extracted to the disk, so no path of the archive matters.
    """
    found: dict[str, bytes] = {}
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                for name in packed.namelist():
                    if _ends(name, names):
                        found[_ends(name, names)] = packed.read(name)
        else:
            with tarfile.open(path) as tape:
                for entry in tape:
                    stream = tape.extractfile(entry) if entry.isreg() and _ends(entry.name, names) else None
                    if stream is not None:
                        found[_ends(entry.name, names)] = stream.read()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, RuntimeError) as error:
        why = (str(error) or type(error).__name__).splitlines()[0].rstrip(":")
        raise DataError(f"cannot read {path}: it is truncated, or no archive ({why})") from None
    for name in names:
        if name not in found:
            raise DataError(f"{path} holds no {name}: it is another archive than the one that is needed")
    return found


def _ends(path: str, names: tuple[str, ...]) -> str:
    parts = PurePosixPath(path).parts
    return next((name for name in names if parts[-len(PurePosixPath(name).parts) :] == PurePosixPath(name).parts), "")


class _Refused(pickle.UnpicklingError):
    """A pickle names something that is no array."""


def _rebuild(kind: Any, shape: Any, code: Any) -> Any:
    """An empty array, as numpy's pickles start one; of no other type."""
    if kind is not np.ndarray:
        raise _Refused(f"an array of type {kind!r}")
    return np.ndarray((0,), np.int8)


def _encode(text: Any, encoding: Any) -> bytes:
    """Bytes, as the pickles of Python 3 write them for Python 2; no other codec is looked up."""
    if not isinstance(text, str) or encoding != "latin1":
        raise _Refused(f"the codec {encoding!r}")
    return text.encode("latin1")


class _Arrays(pickle.Unpickler):
    """Unpickles numbers, texts, lists, dictionaries and numpy arrays; a name of anything else ends it before it is looked up."""

    def find_class(self, module: str, name: str) -> Any:
        if name == "_reconstruct" and module in _REBUILDERS:
            return _rebuild
        if (module, name) == ("_codecs", "encode"):
            return _encode
        if (module, name) in _ARRAYS:
            return _ARRAYS[module, name]
        raise _Refused(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> Never:
        raise _Refused(f"the object {pid!r} of another file")


def unpickle(content: bytes, name: object) -> Any:
    """What a pickle holds, if that is plain values and numpy arrays; raises DataError for all else, without executing it.

    Texts that Python 2 wrote are read as latin-1.
    """
    try:
        return _Arrays(io.BytesIO(content), encoding="latin1").load()
    except _Refused as error:
        raise DataError(f"{name} is refused: its pickle wants {error}, and only numpy arrays and plain values are read") from None
    except (
        pickle.UnpicklingError,
        EOFError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        MemoryError,
        OverflowError,
    ) as error:
        raise DataError(f"cannot read {name}: it is truncated, or no pickle ({error})") from None
