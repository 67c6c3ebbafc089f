"""Locks: one living process of this machine holds a database file. It is free again the moment that process dies, however that happens."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import lock_descriptor

from einspace.disk.regular import read_small
from einspace.errors import RunError


@contextmanager
def locked(file: Path, what: str) -> Iterator[int]:
    """Hold a database file, by whatever name or link it is reached, and give its descriptor. A missing file is made.

    `FILE.lock` beside it says who holds it. Windows locks that note instead, for SQLite could not read a locked file there. Raises RunError
    if another process holds the file, and where there can be no such file.
    """
    target = Path(os.path.realpath(file))
    note = target.with_name(f"{target.name}.lock")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(note if os.name == "nt" else target, _FLAGS, 0o644)
    except OSError as error:
        raise RunError(f"the folder {file.parent} cannot be used: {error.strerror}") from None
    try:
        if not lock_descriptor(descriptor, blocking=False):
            raise RunError(f"{what} is being driven by another process ({_read(note)})")
        _write(note, f"process {os.getpid()}")
        yield descriptor
    finally:
        os.close(descriptor)


def is_gone(file: Path, descriptor: int) -> bool:
    """Whether a file that is held was deleted, moved or replaced meanwhile."""
    try:
        return os.name != "nt" and not os.path.samestat(file.stat(), os.fstat(descriptor))
    except OSError:
        return True


def _read(note: Path) -> str:
    try:
        return read_small(note, 80).decode("utf-8").strip() or "unknown"
    except (OSError, ValueError):
        return "unknown"


def _write(note: Path, text: str) -> None:
    """Without following a link that somebody has laid there; a full disk is noticed by whoever has more to write."""
    with suppress(OSError), os.fdopen(os.open(note, _FLAGS | os.O_TRUNC, 0o644), "w") as file:
        file.write(text)


_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
