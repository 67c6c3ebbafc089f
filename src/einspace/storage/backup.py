"""Backup: a second copy of a study's SQLite file beside it, and the check that tells whether the first one can be trusted."""

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from einspace.drafts import draft_of
from einspace.errors import RunError

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


def check(file: Path) -> None:
    """Raise RunError, with the way back, for a database that is damaged, and for one that is gone while its copy is still there."""
    if not file.exists() or file.stat().st_size == 0:
        if backup_of(file).exists():
            raise RunError(f"the database {file} is {'empty' if file.exists() else 'gone'}{way_back(file)}")
        return
    try:
        with closing(sqlite3.connect(file, timeout=BUSY)) as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.OperationalError as error:
        raise RunError(f"the database {file} cannot be used: {error}; the same command goes on once it can") from None
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        found, tables = str(error), set()
    if found != "ok":
        raise damaged(file, str(found).splitlines()[-1])
    if tables and "studies" not in tables:
        raise damaged(file, f"it holds no study, but tables such as {min(tables)}")


def damaged(file: Path, how: str) -> RunError:
    """The error for a database that cannot be trusted."""
    return RunError(f"the database {file} cannot be used: it is damaged ({how}){way_back(file)}")


def way_back(file: Path) -> str:
    """What to do about a database that is lost; a copy by way of a draft, so that a full disk takes neither of the two."""
    copy = backup_of(file)
    if not copy.exists():
        return ", and there is no backup of it"
    made = f"{datetime.fromtimestamp(copy.stat().st_mtime):%Y-%m-%d %H:%M}"
    draft = file.with_suffix(".new.db")
    return f"; a backup of {made} lies in {copy}: `cp {copy} {draft} && mv {draft} {file}`, and the same command goes on from there"


def back_up(file: Path) -> bool:
    """Copy a database as of now, all or nothing, while others may write to it.

    A search does not end for want of a copy: what keeps it from being written, such as a full disk, ends the search by itself. A copy
    with more trials is never replaced.

    Returns:
        False where that is not possible.
    """
    copy = backup_of(file)
    try:
        with draft_of(copy) as draft:
            with closing(sqlite3.connect(file, timeout=BUSY)) as source, closing(sqlite3.connect(draft)) as target:
                source.backup(target)
            if copy.exists() and _trials(copy) > _trials(draft):
                raise sqlite3.DataError("the copy that is there has more trials")
    except (sqlite3.Error, OSError):
        return False
    return True


def _trials(file: Path) -> int:
    """How many trials a database has; none for what is no database of a study."""
    try:
        with closing(sqlite3.connect(file, timeout=BUSY)) as connection:
            return int(connection.execute("SELECT COUNT(*) FROM trials").fetchone()[0])
    except sqlite3.DatabaseError:
        return 0
