"""Locks: one living process of this machine holds a database file. It is free again the moment that process dies, however that happens."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import lock_descriptor

from einspace.disk.regular import read_small
from einspace.errors import RunError


@dataclass(frozen=True)
class Held:
    """A database file and its lock, and the state of both when they were taken."""

    file: Path
    lock: Path
    found: tuple[os.stat_result, os.stat_result]

    def lost(self) -> Path | None:
        """The file or the lock, if it was deleted, moved or replaced since; None otherwise."""
        return next((path for path, was in zip((self.file, self.lock), self.found, strict=True) if _is_gone(path, was)), None)


@contextmanager
def locked(file: Path, what: str) -> Iterator[Held]:
    """Hold a database file, by whatever name or link it is reached. A missing file is made.

    The lock is on `FILE.lock` beside it, which says who holds it: SQLite has locks of its own on the file, which one on all of it may bar,
    as on Windows and over NFS. Raises RunError if another process holds the file, and where there can be no such file or lock.
    """
    target = Path(os.path.realpath(file))
    lock = target.with_name(f"{target.name}.lock")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            target.touch(0o644, exist_ok=False)
        found = file.stat()
    except OSError as error:
        raise RunError(f"the folder {file.parent} cannot be used: {error.strerror}") from None
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
    except OSError as error:
        raise RunError(f"the lock {lock} cannot be used: {error.strerror}") from None
    try:
        if not _taken(descriptor, lock):
            raise RunError(f"{what} is being driven by another process ({_read(lock)})")
        with suppress(OSError):  # a full disk is reported by the writes that matter
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"process {os.getpid()}".encode())
        yield Held(file.absolute(), lock, (found, os.fstat(descriptor)))  # the search may change the working folder
    finally:
        os.close(descriptor)


def _taken(descriptor: int, lock: Path) -> bool:
    try:
        return lock_descriptor(descriptor, blocking=False)
    except OSError as error:
        hint = "a run needs a file system that locks files, which --runs (in Python runs=) may name, or a server as --storage (storage=)"
        raise RunError(f"the lock {lock} cannot be used: {error.strerror}: {hint}") from None


def _is_gone(path: Path, was: os.stat_result) -> bool:
    try:
        return not os.path.samestat(path.stat(), was)
    except OSError:
        return True


def _read(lock: Path) -> str:
    try:
        return read_small(lock, 80).decode("utf-8").strip() or "unknown"
    except (OSError, ValueError):
        return "unknown"
