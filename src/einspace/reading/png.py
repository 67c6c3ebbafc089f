"""PNG: a check for missing rows at the end of a file, which Pillow reads as zeros where the stream of the other rows is closed."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Values of a pixel by the type of colour."""

_WHOLE = ((0, 0, 1, 1),)

_INTERLACED = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""The first column and row of each pass, and the steps to the next."""

_PIECE = 65536


def check_rows(path: Path, image: Any) -> None:
    """Raise ValueError for one of Pillow's images, from a PNG file, whose last rows are missing.

    Rows that are missing are zeros, so that the file is read a second time only where its last row is.
    """
    width, height = image.size
    if np.asarray(image.crop((0, height - 1, width, height))).any() and not image.info.get("interlace"):
        return
    with path.open("rb") as file:
        file.seek(16)
        width, height, bits, colours, interlaced = struct.unpack(">IIBBxxB", file.read(13))
        needed = 0
        for column, row, across, down in _INTERLACED if interlaced else _WHOLE:
            columns, rows = -(-(width - column) // across), -(-(height - row) // down)
            needed += rows * (1 + (columns * bits * _CHANNELS[colours] + 7) // 8) if columns > 0 and rows > 0 else 0
        file.seek(8)
        if _unpacked(file) < needed:
            raise ValueError("its last rows are missing")


def _unpacked(file: BinaryIO) -> int:
    """The number of bytes that the stream of pixels unpacks to."""
    stream, found = zlib.decompressobj(), 0
    for piece in _pieces(file):
        while piece:
            found += len(stream.decompress(piece, _PIECE))
            piece = stream.unconsumed_tail
    return found + len(stream.flush(_PIECE))


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    """The stream of pixels as it is packed."""
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IDAT":
            while length and (piece := file.read(min(length, _PIECE))):
                length -= len(piece)
                yield piece
        file.seek(length + 4, 1)
