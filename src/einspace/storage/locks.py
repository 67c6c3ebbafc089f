"""Locks: a file that one living process of this machine holds. It is free again the moment its process dies, however that happens."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from einspace.errors import RunError


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold the file; raises RunError if another process does, and says which, or if there can be no such file."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise RunError(f"the folder {path.parent} cannot be used: {error.strerror}") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise RunError(f"{what} is being driven by another process ({file.read().strip() or 'unknown'})") from None
        try:
            file.truncate(0)
            file.write(f"process {os.getpid()}")
            file.flush()
        except OSError as error:  # a full disk: the lock holds all the same, so say it before the search does
            raise RunError(f"{path} cannot be written: {error.strerror}") from None
        yield
