"""Regular: a path from outside is read only if it is a regular file of a bounded size, for pipes and devices may never end."""

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any

from einspace.machine import free_memory

SMALL = 64 * 2**20
"""Bytes of a file of settings or notes, at most."""


def size_of(path: str | os.PathLike[str]) -> int:
    """The bytes of a regular file; raises OSError for a folder, a pipe, a socket, a device and a missing file."""
    try:
        found = os.stat(path)
    except ValueError:  # a NUL in the name
        raise OSError(errno.EINVAL, "there is a NUL in the name", os.fspath(path)) from None
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file", os.fspath(path))
    return found.st_size


def read_small(path: Path, most: int = SMALL) -> bytes:
    """A whole file of at most so many bytes; raises OSError where it is not a regular file, or is larger."""
    size = size_of(path)
    if size > most:
        raise OSError(errno.EFBIG, f"it is larger than {most:,} bytes", os.fspath(path))
    with path.open("rb") as file:
        return file.read(size)  # which takes so much memory at once: `most` may be all that is free


def read_whole(path: Path) -> bytes:
    """A whole file that memory has room for, such as one of weights; raises OSError for one that is larger than the free memory."""
    return read_small(path, free_memory())


def read_json(path: Path, most: int = SMALL) -> Any:
    """The value of a file of JSON; raises OSError where the file cannot be read, and ValueError where it is no JSON, or too deep."""
    try:
        return json.loads(read_small(path, most).decode("utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
