"""Backup: a second copy of a study's SQLite file beside it."""

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from einspace.disk.drafts import draft_of
from einspace.disk.regular import size_of
from einspace.storage.soundness import check_pages, check_records

BUSY = 60.0
"""Seconds that a driver waits for another process that holds the database."""

EVERY = 50
"""Trials between two copies, at least; a tenth of those that the run has where that is more, so that a copy costs each trial the same."""


def backup_of(file: Path) -> Path:
    """The path of the copy of a database.

    >>> str(backup_of(Path("runs/demo/study.db")))
    'runs/demo/study.backup.db'
    """
    return file.with_suffix(f".backup{file.suffix}")


def way_back(file: Path) -> str:
    """The command that restores a lost database from its backup. It goes through a draft, so that a full disk destroys neither."""
    copy = backup_of(file)
    if not copy.exists():
        return ", and there is no backup of it"
    made = f"{datetime.fromtimestamp(copy.stat().st_mtime):%Y-%m-%d %H:%M}"
    draft = file.with_suffix(".new.db")
    return f"; a backup of {made} lies in {copy}: `cp {copy} {draft} && mv {draft} {file}`, and the same command goes on from there"


def back_up(file: Path) -> bool:
    """Copy a database as of now, all or nothing, while others may write to it; returns whether that was possible.

    A search goes on without a copy. A copy with more trials is never replaced, and nothing is made of a file that is gone or empty. Raises
    Unsound for a database that is damaged, which its driver may not have noticed: it does not read finished trials again.
    """
    copy = backup_of(file)
    try:
        if size_of(file) == 0:
            raise sqlite3.DataError("there is nothing to copy")
        with draft_of(copy) as draft:
            with closing(sqlite3.connect(file, timeout=BUSY)) as source, closing(sqlite3.connect(draft)) as target:
                source.backup(target)
                check_pages(target)
                check_records(target, copy)
            if copy.exists() and _trials(copy) > _trials(draft):
                raise sqlite3.DataError("the copy that is there has more trials")
    except (sqlite3.Error, OSError):
        return False
    return True


def _trials(file: Path) -> int:
    """The number of trials in a database; 0 where it is not the database of a study."""
    try:
        size_of(file)  # a pipe under this name would never end
        with closing(sqlite3.connect(file, timeout=BUSY)) as connection:
            return int(connection.execute("SELECT COUNT(*) FROM trials").fetchone()[0])
    except sqlite3.DatabaseError:
        return 0
