"""Backup: a second copy of a study's SQLite file beside it, and the check that tells whether the first one can be trusted."""

import os
import sqlite3
import threading
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

from einspace.errors import RunError

BUSY = 60.0
"""Seconds that a driver waits for another process that holds the database."""

EVERY = 50
"""Trials between two copies, at least."""


def backup_of(file: Path) -> Path:
    """Where the copy of a database lies.

    >>> str(backup_of(Path("runs/demo/study.db")))
    'runs/demo/study.backup.db'
    """
    return file.with_suffix(f".backup{file.suffix}")


def check(file: Path) -> None:
    """Raise RunError, with the way back, for a database that is damaged, or that is gone while its copy is still there."""
    copy = backup_of(file)
    if not file.exists():
        if copy.exists():
            raise RunError(f"the database {file} is gone{_way_back(file)}")
        return
    try:
        with closing(sqlite3.connect(file, timeout=BUSY)) as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        raise RunError(f"the database {file} cannot be used: {error}; the same command goes on once it can") from None
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        raise RunError(f"the database {file} cannot be used: it is damaged ({str(found).splitlines()[-1]}){_way_back(file)}")


def back_up(file: Path) -> bool:
    """Copy a database as of now, all or nothing, while others may write to it; False where that is not possible.

    A search does not end for want of a copy: what keeps it from being written, such as a full disk, ends the search by itself.
    """
    copy = backup_of(file)
    draft = copy.with_name(f"{copy.name}.new")
    try:
        with closing(sqlite3.connect(file, timeout=BUSY)) as source, closing(sqlite3.connect(draft)) as target:
            source.backup(target)
        os.replace(draft, copy)
    except (sqlite3.Error, OSError):
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        return False
    return True


class Backups:
    """Copies of a database while it grows: the next one is due after `EVERY` more trials, or after a tenth of those that the run has.

    A copy costs as much as the run is long; this way it costs the same for each trial.
    """

    def __init__(self, file: Path, trials: int = 0) -> None:
        self.file = file
        self._last = trials
        self._lock = threading.Lock()

    def after(self, trials: int) -> None:
        """So many trials have ended by now; from any thread."""
        with self._lock:
            due = trials - self._last >= max(EVERY, trials // 10)
            self._last = trials if due else self._last
        if due:
            back_up(self.file)


def _way_back(file: Path) -> str:
    copy = backup_of(file)
    if not copy.exists():
        return ", and there is no backup of it"
    made = f"{datetime.fromtimestamp(copy.stat().st_mtime):%Y-%m-%d %H:%M}"
    return f"; a backup of {made} lies in {copy}: `cp {copy} {file}`, and the same command goes on from there"
