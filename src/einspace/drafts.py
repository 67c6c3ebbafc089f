"""Drafts: a file of ours appears whole or not at all, and never through a link that somebody has laid in its place."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def draft_of(path: Path) -> Iterator[Path]:
    """Give an empty file beside `path`, under a fresh name, that takes its place when the block ends and is removed if the block raises.

    Raises OSError where that cannot be.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    draft = Path(name)
    try:
        os.close(descriptor)
        draft.chmod(0o644)
        yield draft
        os.replace(draft, path)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text, whole or not at all; raises OSError where that cannot be."""
    with draft_of(path) as draft:
        draft.write_text(text, encoding="utf-8")
