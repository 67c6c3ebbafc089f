"""Drafts: a written file appears whole or not at all, and replaces a link in its place instead of following it."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_open: set[Path] = set()


@contextmanager
def draft_of(path: Path) -> Iterator[Path]:
    """Give an empty file beside `path`, under a fresh name, that takes its place when the block ends and is removed if the block raises.

    Raises OSError where that cannot be.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    _open.add(draft)  # before it is there: a signal or a timer may end this process at any time
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))  # who may read it follows from the umask, as of any file
        yield draft
        os.replace(draft, path)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    finally:
        _open.discard(draft)


def remove_open() -> None:
    """Remove the drafts that are being written: for a process that ends at once, whatever it is doing."""
    for draft in list(_open):
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text, whole or not at all; raises OSError where that cannot be."""
    with draft_of(path) as draft:
        draft.write_text(text, encoding="utf-8")
