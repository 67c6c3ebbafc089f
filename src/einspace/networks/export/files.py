"""Files: a whole file or none."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from einspace.disk.drafts import draft_of
from einspace.errors import ExportError


def check_target(path: Path) -> None:
    """Raise ExportError where no file can be written: the folder is missing or closed to us, or a folder or a device is in the place."""
    try:
        with suppress(FileNotFoundError, NotADirectoryError):
            os.stat(path)  # raises for a link that leads to itself
        problem = _problem(path)
        if problem is None:
            os.rmdir(tempfile.mkdtemp(prefix=".einspace-", dir=path.resolve().parent))
    except OSError as error:
        problem = error.strerror
    if problem is not None:
        raise ExportError(f"cannot write {path}: {problem}")


def write_file(path: Path, content: bytes) -> None:
    """Write all of the content, or leave what was there; raises ExportError where that fails. A link is followed."""
    try:
        with draft_of(path.resolve()) as draft, draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ExportError(f"cannot write {path}: {error.strerror}") from None


def _problem(path: Path) -> str | None:
    if path.is_dir():
        return "it is a folder; name a file in it"
    if path.exists() and not path.is_file():
        return "it is not a regular file"
    if not path.resolve().parent.is_dir():
        return f"there is no folder {path.resolve().parent}"
    return None
