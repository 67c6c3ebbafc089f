"""Guarded reading: any exception of a reader on a broken file becomes one DataError, and unpacked bytes are counted."""

import io
import lzma
import pickle
import struct
import tarfile
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from einspace.disk.regular import size_of
from einspace.echo import escaped
from einspace.errors import DataError
from einspace.machine import free_memory

MOST = 32 * 2**30
"""Bytes that a file may unpack to, whatever the memory."""

HINT = "its compression ratio is suspicious; if you trust the file, free memory and read it again"
"""The hint that is printed with the error."""

BROKEN = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    RuntimeError,  # an encrypted member; NotImplementedError and RecursionError too
    SyntaxError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    tokenize.TokenError,
    tarfile.TarError,
    zipfile.BadZipFile,
    pickle.UnpicklingError,
)
"""The exceptions that the readers of Python, NumPy and SciPy raise on damaged bytes."""


@contextmanager
def reading(name: object, what: str) -> Iterator[None]:
    """Raise DataError, with the file's name and what it should be, where the block cannot read it; a path must be a regular file."""
    shown = escaped(str(name), keep="")
    try:
        if isinstance(name, Path):
            size_of(name)
        yield
    except FileNotFoundError:
        raise DataError(f"{shown}: there is no such file") from None
    except BROKEN as error:
        said = getattr(error, "strerror", None) or str(error)
        why = said.splitlines()[0].rstrip(":") if any(map(str.isalpha, said)) else f"it is cut off, or none ({type(error).__name__})"
        raise DataError(f"{shown}: cannot be read as {what}: {escaped(why)}") from None


def bound() -> int:
    """Bytes that a file may unpack to at the moment."""
    return min(MOST, free_memory())


def check_room(path: Path, what: str, times: int = 1, hint: str = "free memory, or read fewer of them") -> None:
    """Raise DataError where a path is not a regular file, or where `times` its size is more memory than is free."""
    with reading(path, what):
        needed, free = times * size_of(path), free_memory()
    if needed > free:
        raise DataError(f"{escaped(str(path), keep='')}: needs about {needed:,} bytes of memory as {what}, but {free:,} are free: {hint}")


class Meter:
    """Counts what is unpacked from the file `name` of `packed` bytes; `limit` is in bytes, None for `bound()`."""

    def __init__(self, name: object, packed: int, limit: int | None = None) -> None:
        self.name, self.packed = name, packed
        self.limit = self.left = bound() if limit is None else limit

    def count(self, size: int, hint: str = HINT) -> None:
        """Raises DataError once it is more than the limit."""
        self.left -= size
        if self.left < 0:
            told = f"{self.limit - self.left:,} bytes or more, but at most {self.limit:,} are read"
            raise DataError(f"{self.name}: would unpack from {self.packed:,} to {told}: {hint}")


class Bounded(io.RawIOBase):
    """A stream whose bytes are counted as they are read."""

    def __init__(self, file: IO[bytes], meter: Meter) -> None:
        self.file, self.meter = file, meter

    def readable(self) -> bool:
        """True: it is a stream for reading."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read and count bytes; raises DataError where the meter does."""
        data = self.file.read(len(buffer))
        self.meter.count(len(data))
        buffer[: len(data)] = data
        return len(data)
