"""State: the data of a task that lie on this machine."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

from einspace.tasks.entry import Entry

STATES = ("built-in", "official", "built", "your own", "incomplete", "absent")
"""Built-in: a package carries the data. Your own: files of a task whose official ones are not distributed."""


@dataclass(frozen=True)
class State:
    """The state of a task's data: one of `STATES`, bytes on the disk, the files that are missing, and how to get the data."""

    name: str
    state: str
    bytes: int
    missing: tuple[str, ...]
    how: str

    @property
    def loads(self) -> bool:
        """True if the task can be loaded."""
        return self.state not in ("incomplete", "absent")


def states(entries: Iterable[Entry], data: str | os.PathLike[str] | None = None) -> list[State]:
    """The state of the data of each task, below `data_folder(data)`."""
    return [_state(entry, data) for entry in entries]


def _state(entry: Entry, data: str | os.PathLike[str] | None) -> State:
    if not entry.files:
        return State(entry.name, "built-in", 0, (), entry.how)
    folder, missing = entry.folder(data), entry.missing(data)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
    if missing:
        return State(entry.name, "incomplete" if size else "absent", size, missing, entry.how)
    state = "built" if entry.is_built(folder) else "official" if entry.distributed else "your own"
    return State(entry.name, state, size, (), entry.how)
