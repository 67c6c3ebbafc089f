"""MATLAB's files of format 5, of which arrays of numbers are read; SciPy's reader follows numbers of a damaged file out of its memory.

After 128 bytes of header there is an element for each array, maybe packed by zlib. In it are elements in turn: flags, sizes, name, content.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from einspace.errors import DataError
from einspace.files.guarded import Meter, reading

_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
"""NumPy types: of the stored numbers, by an element's type, and of the array itself, by its class."""

_ARRAY, _PACKED = 14, 15
_COMPLEX = 0x800
_SHORT = 4096
"""Bytes of a name and of sizes at most."""


def read_mat(path: Path, names: tuple[str, ...], limit: int | None = None) -> dict[str, NDArray[Any]]:
    """Some arrays of real numbers of a .mat file by name; raises DataError for what is missing, no number, or too large for memory."""
    found: dict[str, NDArray[Any]] = {}
    with reading(path, "a file of MATLAB's"), path.open("rb") as file:
        meter = Meter(path, path.stat().st_size, limit)
        header = file.read(128)
        order = {b"IM": "<", b"MI": ">"}.get(header[126:])
        if order is None:
            raise ValueError("the header of format 5 is not there")
        if struct.unpack(f"{order}H", header[124:126])[0] != 0x100:
            raise DataError(f"{path}: is of MATLAB's format 7.3, not 5: write it anew with scipy.io.savemat")
        for stream in _elements(file, order):
            (flags, _), sizes, name = (np.frombuffer(*_element(stream, order, _SHORT)) for _ in range(3))
            word = name.tobytes().decode("ascii")
            if word in names:
                found[word] = _numbers(stream, order, int(flags), tuple(sizes.tolist()), f"{path}, {word}", meter)
    for word in names:
        if word not in found:
            raise DataError(f"{path}: must hold {word}, an array of numbers")
    return found


def _elements(file: IO[bytes], order: str) -> Iterator[IO[bytes]]:
    """A stream at the beginning of each array's elements."""
    while tag := file.read(8):
        kind, length = struct.unpack(f"{order}II", tag)
        end = file.tell() + length
        stream: IO[bytes] = io.BufferedReader(_Unpacked(file, length)) if kind == _PACKED else file
        if kind == _PACKED:
            kind, _ = struct.unpack(f"{order}II", stream.read(8))
        if kind == _ARRAY:
            yield stream
        file.seek(end)


def _element(stream: IO[bytes], order: str, most: int) -> tuple[bytes, np.dtype[Any]]:
    """The content of an element of numbers and their type; raises ValueError and EOFError for one of too many bytes or too few."""
    tag = stream.read(8)
    kind, length = struct.unpack(f"{order}II", tag)
    small = kind >> 16  # so few bytes that they stand in the tag itself
    if small:
        kind, length = kind & 0xFFFF, small
    if kind not in _STORED or length > (4 if small else most):
        raise ValueError(f"there is an element of type {kind} and {length:,} bytes")
    content = tag[4 : 4 + length] if small else stream.read(length)
    if not small:
        stream.read(-length % 8)
    if len(content) < length:
        raise EOFError(f"{length:,} bytes are needed, but {len(content):,} are there")
    return content, np.dtype(order + _STORED[kind])


def _numbers(stream: IO[bytes], order: str, flags: int, sizes: tuple[int, ...], where: str, meter: Meter) -> NDArray[Any]:
    if flags & 0xFF not in _CLASSES or flags & _COMPLEX:
        kind = "of complex ones" if flags & _COMPLEX else f"of MATLAB's class {flags & 0xFF}"
        raise DataError(f"{where}: must be an array of real numbers, not {kind}")
    if not all(type(size) is int and size >= 0 for size in sizes):
        raise ValueError(f"there is no array of the sizes {sizes}")
    meter.count(8 * prod(sizes))
    content = np.frombuffer(*_element(stream, order, 8 * prod(sizes)))
    return content.reshape(sizes, order="F").astype(_CLASSES[flags & 0xFF], copy=False)


class _Unpacked(io.RawIOBase):
    """The unpacked bytes of a file, read as far as they are asked for."""

    def __init__(self, file: IO[bytes], length: int) -> None:
        self.file, self.left, self.machine = file, length, zlib.decompressobj()

    def readable(self) -> bool:
        """True: it is a stream for reading."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read unpacked bytes, none at the end; raises zlib.error for bytes that are not packed."""
        data = b""
        while not data and not self.machine.eof:
            packed = self.machine.unconsumed_tail or self.file.read(min(self.left, 2**16))
            self.left -= 0 if self.machine.unconsumed_tail else len(packed)
            data = self.machine.decompress(packed, len(buffer))
            if not packed:
                break
        buffer[: len(data)] = data
        return len(data)
