"""Storage: the database of a study. One of SQLite has one driver at a time, one of PostgreSQL any number."""

import hashlib
import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from einspace.backup import BUSY, check
from einspace.errors import RunError
from einspace.locks import locked

HEARTBEAT = 15
"""Seconds between two signs of life of a running trial, where several drivers share a study."""

GRACE = 60
"""Seconds without a sign of life after which a trial's driver counts as dead."""

_KEEPALIVE = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
"""Tells the server to notice within a minute that a machine is gone: else its locks would outlive it by hours."""


class Database:
    """Where a study lives: `sqlite:///path` or `postgresql+psycopg://user:password@host/name`, and the study's name in it.

    Raises RunError for every other address.
    """

    def __init__(self, url: str, study: str) -> None:
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
        self._engine: Engine | None = None

    @classmethod
    def of_file(cls, file: Path, study: str) -> "Database":
        """A study in a file of SQLite."""
        return cls(URL.create("sqlite", database=str(file)).render_as_string(), study)

    def __str__(self) -> str:
        return str(self.file) if self.file is not None else _shown(self.url)

    @contextmanager
    def open(self) -> Iterator[optuna.storages.RDBStorage]:
        """Optuna's storage, with Optuna's messages turned off meanwhile; raises RunError where the database cannot be used, and says why.

        A file is checked for damage first.
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
        """Keep the other drivers from asking for a trial meanwhile."""
        if self._engine is None or not self.shared:
            yield
            return
        with _connected(self._engine) as connection, _held(connection, self.study):
            yield

    @contextmanager
    def finishing(self) -> Iterator[bool]:
        """Whether this driver is the one that trains for the test split; no other one is, as long as this lasts."""
        if self._engine is None or not self.shared:
            yield True
            return
        with _connected(self._engine) as connection:
            key = {"key": _key(f"{self.study} final")}
            got = bool(connection.execute(text("SELECT pg_try_advisory_lock(:key)"), key).scalar())
            try:
                yield got
            finally:
                if got:
                    connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)

    def write(self, trial_id: int, attributes: Mapping[str, Any]) -> None:
        """Store attributes of a running trial, by Optuna's id, all or none: Optuna itself waits for the disk once for each.

        Raises UpdateFinishedTrialError for a trial that does not run any more.
        """
        if self._engine is None:
            raise RunError(f"the database {self} is not open")
        with self._engine.begin() as connection:
            state = connection.execute(text("SELECT state FROM trials WHERE trial_id = :trial"), {"trial": trial_id}).scalar()
            if state != "RUNNING":
                raise optuna.exceptions.UpdateFinishedTrialError(f"the trial {trial_id} is not running, but {state}")
            statement = text(
                "INSERT INTO trial_user_attributes (trial_id, key, value_json) VALUES (:trial, :key, :value) "
                "ON CONFLICT (trial_id, key) DO UPDATE SET value_json = excluded.value_json"
            )
            found = [{"trial": trial_id, "key": key, "value": json.dumps(value)} for key, value in attributes.items()]
            connection.execute(statement, found)

    def never_alive(self) -> list[int]:
        """Optuna's ids of running trials that gave no sign of life.

        A driver gives the first one before it lets another one ask, so if this is called in `asking`, their driver died while it asked.
        """
        if self._engine is None:
            return []
        query = text(
            "SELECT trials.trial_id FROM trials JOIN studies ON studies.study_id = trials.study_id "
            "LEFT JOIN trial_heartbeats ON trial_heartbeats.trial_id = trials.trial_id "
            "WHERE trials.state = 'RUNNING' AND studies.study_name = :study AND trial_heartbeats.trial_id IS NULL"
        )
        with self._engine.connect() as connection:
            return list(connection.execute(query, {"study": self.study}).scalars())

    def _storage(self) -> optuna.storages.RDBStorage:
        address = self.url.render_as_string(hide_password=False)
        if not self.shared:
            return optuna.storages.RDBStorage(address, {"connect_args": {"timeout": BUSY}, "max_overflow": -1})
        arguments: dict[str, Any] = {"pool_pre_ping": True, "max_overflow": -1, "connect_args": {"options": _KEEPALIVE}}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return optuna.storages.RDBStorage(address, arguments, heartbeat_interval=HEARTBEAT, grace_period=GRACE)

    @contextmanager
    def _starting(self) -> Iterator[None]:
        """Two drivers that start at once must not both make the tables."""
        if not self.shared:
            yield
            return
        engine = create_engine(self.url, poolclass=NullPool)
        with _connected(engine) as connection, _held(connection, "the tables"):
            yield

    def _unusable(self, error: Exception) -> RunError:
        """What the database itself said, and not what Optuna made of it."""
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        said = str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
        return RunError(f"the database {self} cannot be used: {said}. Finished trials are kept: the same command goes on once it can")


_HINT = "sqlite:///path holds a study with one driver, postgresql+psycopg://user:password@host/name one with any number"


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=True)


def _connected(engine: Engine) -> Connection:
    return engine.connect().execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def _held(connection: Connection, name: str) -> Iterator[None]:
    """A lock of PostgreSQL's that ends with the connection, and so with the process."""
    key = {"key": _key(name)}
    connection.execute(text("SELECT pg_advisory_lock(:key)"), key)
    try:
        yield
    finally:
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)


def _key(name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"einspace {name}".encode()).digest()[:8], signed=True)
