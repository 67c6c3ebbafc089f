"""Storage: the database of a study. One of SQLite has one driver at a time, one of PostgreSQL any number.

What a driver has told of is on the disk: neither its death nor a power cut a moment later can undo it. A trial is stored in three commits,
each whole or not at all: that it runs, what came of it, and that it has ended. What a power cut can lose is a trial without the third:
it is tried again.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import optuna
from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from einspace.errors import RunError, StorageError
from einspace.storage.backup import BUSY, check
from einspace.storage.locks import locked
from einspace.storage.outage import PATIENCE, Outage, said
from einspace.storage.shared import SharedStorage

HEARTBEAT = 15
"""Seconds between two signs of life of a running trial, where several drivers share a study."""

GRACE = 60
"""Seconds without a sign of life after which a trial's driver counts as dead."""

_T = TypeVar("_T")


class Database:
    """Where a study lives: `sqlite:///path` or `postgresql+psycopg://user:password@host/name`, and the study's name in it.

    A server may be away for up to `patience` seconds once it was reached (see `Outage`). Raises RunError for every other address.
    """

    def __init__(self, url: str, study: str, patience: float = PATIENCE) -> None:
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise RunError(f"{url!r} is no address of a database: {_HINT}") from None
        kind, _, driver = parsed.drivername.partition("+")
        self.shared = kind == "postgresql" and driver in ("", "psycopg")
        """Whether several drivers may use the study at once."""
        if not (self.shared or (parsed.drivername == "sqlite" and parsed.database not in (None, "", ":memory:"))):
            raise RunError(f"{_shown(parsed)} cannot hold a study: {_HINT}")
        self.url = parsed.set(drivername="postgresql+psycopg") if self.shared else parsed
        self.study = study
        self.file = None if self.shared else Path(str(parsed.database))
        """The file of SQLite, None for a server."""
        self.outage = Outage(str(self), patience)
        self._engine: Engine | None = None

    @classmethod
    def of_file(cls, file: Path, study: str) -> "Database":
        """A study in a file of SQLite."""
        return cls(URL.create("sqlite", database=str(file)).render_as_string(), study)

    def __str__(self) -> str:
        return str(self.file) if self.file is not None else _shown(self.url)

    @contextmanager
    def open(self) -> Iterator[optuna.storages.RDBStorage]:
        """Optuna's storage, with Optuna's messages turned off meanwhile.

        Raises StorageError where the database cannot be used, and says why. A file is checked for damage first, which raises RunError.
        """
        if self.file is not None:
            check(self.file)
        verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.CRITICAL)
        try:
            with self._starting():
                storage = self._storage()
            self._engine = storage.engine
            try:
                yield storage
            finally:
                storage.remove_session()
                storage.engine.dispose()
        except ImportError as error:
            raise RunError(f"{self} needs psycopg, as in `pip install 'einspace[postgres]'`: {error}") from None
        except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
            raise self._unusable(error) from error
        except RuntimeError as error:  # a study of another version of Optuna
            if "version" not in str(error):
                raise
            raise self._unusable(error) from error
        finally:
            self._engine = None
            optuna.logging.set_verbosity(verbosity)

    @contextmanager
    def driving(self) -> Iterator[None]:
        """Be a driver: the only one, if the study lives in a file; raises RunError if another one holds that."""
        if self.file is None:
            yield
            return
        with locked(self.file.with_name(f"{self.file.name}.{self.study}.lock"), f"the run {self.study!r} in {self.file}"):
            yield

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Keep the other drivers from asking for a trial meanwhile, unless the connection is lost: see `Outdated`."""
        engine = self._engine
        if engine is None or not self.shared:
            yield
            return
        connection = self.outage.survive(lambda _: _lock(engine, self.study))
        try:
            yield
        finally:
            _unlock(connection, self.study)

    @contextmanager
    def finishing(self) -> Iterator[bool]:
        """Whether this driver is the one that trains for the test split; no other one is, as long as this lasts and its connection does."""
        engine = self._engine
        if engine is None or not self.shared:
            yield True
            return
        name = f"{self.study} final"
        connection = self.outage.survive(lambda _: _lock(engine, name, wait=False))
        try:
            yield connection is not None
        finally:
            if connection is not None:
                _unlock(connection, name)

    def write(self, trial_id: int, attributes: Mapping[str, Any]) -> None:
        """Store attributes of a running trial, by Optuna's id, all or none: Optuna itself waits for the disk once for each.

        Raises UpdateFinishedTrialError for a trial that does not run any more.
        """
        engine = self._engine
        if engine is None:
            raise RunError(f"the database {self} is not open")
        self._patiently(lambda: self._write(engine, trial_id, attributes))

    def _write(self, engine: Engine, trial_id: int, attributes: Mapping[str, Any]) -> None:
        with engine.begin() as connection:
            state = connection.execute(text("SELECT state FROM trials WHERE trial_id = :trial"), {"trial": trial_id}).scalar()
            if state != "RUNNING":
                raise optuna.exceptions.UpdateFinishedTrialError(f"the trial {trial_id} is not running, but {state}")
            statement = text(
                "INSERT INTO trial_user_attributes (trial_id, key, value_json) VALUES (:trial, :key, :value) "
                "ON CONFLICT (trial_id, key) DO UPDATE SET value_json = excluded.value_json"
            )
            found = [{"trial": trial_id, "key": key, "value": json.dumps(value)} for key, value in attributes.items()]
            connection.execute(statement, found)

    def _storage(self) -> optuna.storages.RDBStorage:
        address = self.url.render_as_string(hide_password=False)
        if not self.shared:
            connecting = {"timeout": BUSY, "factory": _Durable}
            return optuna.storages.RDBStorage(address, {"connect_args": connecting, "max_overflow": -1})
        return SharedStorage(address, self.outage, HEARTBEAT, GRACE)

    def _patiently(self, action: Callable[[], _T]) -> _T:
        """Do what can be done again, as often as a server needs it; a file has nobody to wait for."""
        return self.outage.survive(lambda _: action()) if self.shared else action()

    @contextmanager
    def _starting(self) -> Iterator[None]:
        """Two drivers that start at once must not both make the tables."""
        if not self.shared:
            yield
            return
        connection = _lock(create_engine(self.url, poolclass=NullPool), "the tables")
        try:
            yield
        finally:
            _unlock(connection, "the tables")

    def _unusable(self, error: Exception) -> StorageError:
        what = f"the database {self} cannot be used: {said(error)}"
        return StorageError(f"{what}. Finished trials are kept: the same command goes on once it can")


class _Durable(sqlite3.Connection):
    """A commit has ended once its data, and the removal of its journal, are on the disk: SQLite's default forgoes the second."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.execute("PRAGMA synchronous = EXTRA")


_HINT = "sqlite:///path holds a study with one driver, postgresql+psycopg://user:password@host/name one with any number"


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=True)


def _lock(engine: Engine, name: str, wait: bool = True) -> Connection | None:
    """Take a lock of PostgreSQL's, which ends with the connection and so with the process; None if it is held and not waited for."""
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        got = _call("pg_advisory_lock" if wait else "pg_try_advisory_lock", connection, name)
    except BaseException:
        connection.invalidate()
        connection.close()
        raise
    if got is not False:
        return connection
    connection.close()
    return None


def _unlock(connection: Connection | None, name: str) -> None:
    """Give a lock back, if there is one; with a connection that is lost it is back already."""
    if connection is None:
        return
    try:
        _call("pg_advisory_unlock", connection, name)
    except SQLAlchemyError:
        connection.invalidate()
    finally:
        connection.close()


def _call(function: str, connection: Connection, name: str) -> Any:
    return connection.execute(text(f"SELECT {function}(:key)"), {"key": _key(name)}).scalar()


def _key(name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"einspace {name}".encode()).digest()[:8], signed=True)
