"""Soundness: checks for damage to a study's SQLite file, so that a damaged file never replaces a sound copy."""

import json
import sqlite3
from collections.abc import Collection
from functools import partial
from pathlib import Path

from einspace.errors import in_one_line
from einspace.storage.records import RECORD, trial_of, unsealed
from einspace.trial import UnknownFieldError

_FIRST = {"version_info", "alembic_version"}
"""Tables that Optuna makes first, before any that holds trials."""

_READ = {
    "studies",
    "study_directions",
    "study_user_attributes",
    "trials",
    "trial_user_attributes",
    "trial_values",
    "trial_intermediate_values",
}
"""Tables of Optuna's that we read. A missing one is damage, although Optuna would make it again, empty."""

_ROWS = """
    SELECT trials.number, state, CASE value_type WHEN 'INF_POS' THEN 9e999 WHEN 'INF_NEG' THEN -9e999 ELSE value END, value_json
    FROM {0}.trials
    LEFT JOIN {0}.trial_values AS v ON v.trial_id = trials.trial_id
    LEFT JOIN {0}.trial_user_attributes AS a ON a.trial_id = trials.trial_id AND a.key = 'trial'
    WHERE trials.study_id IN ({1})
"""
"""The rows of our trials, in one of the databases that a connection has open."""

_OURS = """
    SELECT t.study_id FROM {0}.trials AS t JOIN {0}.trial_user_attributes AS b ON b.trial_id = t.trial_id WHERE b.key = 'trial'
"""
"""The studies with trials of ours: a file may hold others, which the user has made with Optuna."""


class Unsound(Exception):
    """The file is damaged; the message says how."""


def check_pages(connection: sqlite3.Connection) -> None:
    """Raise Unsound for a file that has lost pages, tables or rows, and OperationalError where it cannot be read now."""
    try:
        connection.execute("BEGIN")  # all of it as of one moment, while a driver writes
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        objection = _lost(connection, tables)
        connection.rollback()
    except sqlite3.OperationalError:
        raise
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise Unsound(str(error).splitlines()[-1]) from None
    if found != "ok" or objection is not None:
        raise Unsound(str(found).splitlines()[-1] if found != "ok" else objection)


def check_records(connection: sqlite3.Connection, sound: Path) -> None:
    """Raise Unsound for records that readers would refuse. What an earlier copy `sound` holds too was checked when that was made."""
    connection.text_factory = partial(str, encoding="utf-8", errors="replace")  # bytes that are not text fail their checksum too
    try:
        for (note,) in connection.execute(f"SELECT value_json FROM study_user_attributes WHERE study_id IN ({_OURS.format('main')})"):
            unsealed(json.loads(note))
        for number, state, value, record in _new_rows(connection, sound):
            trial_of(number, state, value, {} if record is None else {RECORD: json.loads(record)})
    except UnknownFieldError:
        pass  # a newer version has stored it
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise Unsound(in_one_line(error)) from None


def _new_rows(connection: sqlite3.Connection, sound: Path) -> list[tuple[int, str, float | None, str | None]]:
    """The rows that a copy lacks; all where there is none that can be read."""
    if sound.is_file():
        try:
            connection.execute("ATTACH DATABASE ? AS sound", (str(sound),))
            return connection.execute(f"{_rows('main')} EXCEPT {_rows('sound')}").fetchall()
        except sqlite3.DatabaseError:
            pass
    return connection.execute(_rows("main")).fetchall()


def _rows(database: str) -> str:
    return _ROWS.format(database, _OURS.format(database))


def _lost(connection: sqlite3.Connection, tables: Collection[str]) -> str | None:
    """The loss of a study whose pages are sound: everything, a table, or rows that others refer to; None if nothing is lost."""
    if connection.execute("PRAGMA page_count").fetchone() == (0,):
        return "it ends within its first bytes"
    if "studies" not in tables:
        return f"it holds no study, but tables such as {min(tables)}" if set(tables) - _FIRST else None
    (has_study,) = connection.execute("SELECT EXISTS (SELECT * FROM studies)").fetchone()
    if has_study and (missing := _READ - set(tables)):
        return f"the table {min(missing)} is missing"
    for table in sorted(_READ & set(tables)):
        orphan = connection.execute(f"PRAGMA foreign_key_check({table})").fetchone()
        if orphan is not None:
            return f"rows of the table {table} belong to no row of {orphan[2]}"
    return None
