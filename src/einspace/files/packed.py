"""Packed files: gzip, and members of archives. Nothing is extracted to the disk, so no path of an archive matters."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, cast

from einspace.errors import DataError
from einspace.files.guarded import Bounded, Meter, reading

_PACKINGS: dict[bytes, Callable[[IO[bytes]], Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
"""The first bytes of a packed tar, and the function that unpacks it."""


def read(path: Path, limit: int | None = None) -> bytes:
    """The bytes of a file, unpacked if its name ends in .gz; raises DataError for a missing, damaged or overlarge one."""
    with opened(path, limit) as stream:
        return stream.read()


@contextmanager
def opened(path: Path, limit: int | None = None) -> Iterator[BinaryIO]:
    """A file as a stream, unpacked if its name ends in .gz, of `limit` bytes at most; what reading it raises becomes DataError."""
    packed = path.suffix == ".gz"
    with reading(path, "a gzip file" if packed else "a file"), path.open("rb") as file, gzip.open(file) if packed else file as stream:
        yield _bounded(cast(IO[bytes], stream), Meter(path, path.stat().st_size, limit))


def unpack(content: bytes, name: object, limit: int | None = None) -> bytes:
    """Unpack gzip; raises DataError, with the name, where the bytes are cut off, are not gzip, or are too many."""
    with reading(name, "a gzip file"), gzip.open(io.BytesIO(content)) as stream:
        return _bounded(cast(IO[bytes], stream), Meter(name, len(content), limit)).read()


def members(path: Path, names: tuple[str, ...], limit: int | None = None) -> dict[str, bytes]:
    """Files of an archive (tar in any packing, zip or wheel) by the end of their path; raises DataError if one is missing.

    What a member says of its size is counted before it is read, and of a tar also what is skipped.
    """
    with reading(path, "an archive"):
        meter = Meter(path, path.stat().st_size, limit)
        found = dict(_of_zip(path, names, meter) if zipfile.is_zipfile(path) else _of_tar(path, names, meter))
    for name in names:
        if name not in found:
            raise DataError(f"{path}: holds no {name}: it is another archive than the one that is needed")
    return found


def _of_zip(path: Path, names: tuple[str, ...], meter: Meter) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as packed:
        for entry in packed.infolist():
            if name := _ends(entry.filename, names):
                meter.count(entry.file_size)
                yield name, packed.read(entry)  # never more than it said


def _of_tar(path: Path, names: tuple[str, ...], meter: Meter) -> Iterator[tuple[str, bytes]]:
    with path.open("rb") as file:
        start = file.read(6)
        file.seek(0)
        opener = next((opener for magic, opener in _PACKINGS.items() if start.startswith(magic)), None)
        stream = file if opener is None else opener(file)
        with tarfile.open(fileobj=_bounded(stream, meter), mode="r|") as tape:
            for entry in tape:
                name = _ends(entry.name, names) if entry.isreg() else ""
                content = tape.extractfile(entry) if name else None
                if content is not None:
                    if entry.size > meter.left:  # holes of a sparse file are in no stream
                        meter.count(entry.size)
                    yield name, content.read()


def _bounded(stream: IO[bytes], meter: Meter) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(Bounded(stream, meter), 2**16))


def _ends(path: str, names: tuple[str, ...]) -> str:
    parts = PurePosixPath(path).parts
    return next((name for name in names if parts[-len(PurePosixPath(name).parts) :] == PurePosixPath(name).parts), "")
