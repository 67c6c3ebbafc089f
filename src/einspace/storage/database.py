"""Database: the address of a study, and who may write to it. A file of SQLite has one driver at a time, PostgreSQL any number."""

import hashlib
import logging
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from einspace.disk.regular import size_of
from einspace.echo import masked
from einspace.errors import RunError, StorageError
from einspace.storage.backup import BUSY, back_up, backup_of, way_back
from einspace.storage.locks import Held, locked
from einspace.storage.outage import SERVER_PATIENCE, Outage, said
from einspace.storage.soundness import Unsound, check_pages

_LOG = logging.getLogger("einspace")


class Database:
    """The place of a study: `sqlite:///path` or `postgresql+psycopg://user:password@host/name`, and the study's name in it.

    A server may be away for up to `patience` seconds once it was reached (see `Outage`). Raises RunError for every other address.
    """

    def __init__(self, url: str, study: str, patience: float = SERVER_PATIENCE) -> None:
        try:
            parsed = make_url(url)
        except (ArgumentError, ValueError):
            raise RunError(f"{masked(url)!r} is not the address of a database: {_HINT}") from None
        kind, _, driver = parsed.drivername.partition("+")
        self.shared = kind == "postgresql" and driver in ("", "psycopg")
        """True if several drivers may use the study at once."""
        if not (self.shared or (parsed.drivername == "sqlite" and parsed.database not in (None, "", ":memory:"))):
            raise RunError(f"{masked(parsed.render_as_string())} cannot hold a study: {_HINT}")
        self.url = parsed.set(drivername="postgresql+psycopg") if self.shared else parsed
        self.study = study
        self.file = None if self.shared else Path(str(parsed.database))
        """The file of SQLite, None for a server."""
        self.outage = Outage(str(self), patience if self.shared else 0.0)
        self._held: Held | None = None
        self._warned = False
        self._alone: tuple[Connection, int] | None = None

    @classmethod
    def of_file(cls, file: Path, study: str) -> "Database":
        """A study in a file of SQLite; raises RunError where its name has bytes that are no UTF-8, which SQLite cannot take."""
        try:
            return cls(URL.create("sqlite", database=str(file)).render_as_string(), study)
        except UnicodeEncodeError:
            raise RunError(f"{file} cannot hold a study: its name is not UTF-8; rename its folder, or choose another one") from None

    def __str__(self) -> str:
        return str(self.file) if self.file is not None else self.address

    @property
    def address(self) -> str:
        """The address as a user gave it, its password masked."""
        return masked(self.url.render_as_string())

    @property
    def options(self) -> dict[str, Any]:
        """The options of SQLAlchemy's engine."""
        connecting = _CONNECTION if self.shared else {"timeout": BUSY, "factory": _Durable}
        return {"connect_args": connecting, "max_overflow": -1, "pool_pre_ping": self.shared}

    def check(self) -> None:
        """Raise RunError, with the way back, for a file that is damaged, and for one that is lost while its copy is still there."""
        if self.file is None:
            return
        try:
            size_of(self.file)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise RunError(f"the database {self} cannot be used: {error.strerror}") from None
        if not self.file.exists() or self.file.stat().st_size == 0:
            if backup_of(self.file).exists():
                raise RunError(f"the database {self} is {'empty' if self.file.exists() else 'gone'}{way_back(self.file)}")
            return
        try:
            with closing(sqlite3.connect(self.file, timeout=BUSY)) as connection:
                check_pages(connection)
        except Unsound as error:
            raise self.damaged(str(error)) from None
        except sqlite3.OperationalError as error:
            raise RunError(f"the database {self} cannot be used: {error}; the same command goes on once the database can be used") from None

    def back_up(self) -> None:
        """Copy a file as of now, if that is possible. A damaged file is not copied, and a warning says so once."""
        if self.file is None:
            return
        try:
            back_up(self.file)
        except Unsound as error:
            if not self._warned:
                _LOG.warning("the database %s is damaged (%s), and so it is not copied any more%s", self, error, way_back(self.file))
            self._warned = True

    def is_unused(self, studies: Collection[str]) -> bool:
        """True for a file without trials and without other studies than these: a driver that died early leaves such a file."""
        if self.file is None:
            return False
        with closing(sqlite3.connect(self.file, timeout=BUSY)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            names = {name for (name,) in connection.execute("SELECT study_name FROM studies")} if "studies" in tables else set()
            trials = connection.execute("SELECT COUNT(*) FROM trials").fetchone()[0] if "trials" in tables else 0
        return names <= set(studies) and trials == 0

    def holds_study(self) -> bool:
        """Whether a server has the study; nothing is made there. Raises RunError for a server that cannot be used."""
        try:
            engine = create_engine(self.url, poolclass=NullPool, connect_args=_CONNECTION)
            return self.outage.survive(lambda _: _has_study(engine, self.study))
        except ImportError as error:
            raise self.without_driver(error) from None
        except SQLAlchemyError as error:
            raise self.unusable(error) from error

    @contextmanager
    def driving(self) -> Iterator[None]:
        """Hold the study as a driver, as the only one if it is a file; raises RunError if another driver holds that."""
        if self.file is None:
            yield
            return
        with locked(self.file, f"the database {self.file}") as self._held:
            try:
                yield
            finally:
                self._held = None

    def check_held(self) -> None:
        """Raise StorageError for a driver whose file or lock was deleted, moved or replaced: another one may drive the study by now."""
        if (error := self._gone()) is not None:
            raise error

    def _gone(self) -> StorageError | None:
        if self.file is None or self._held is None or (lost := self._held.lost()) is None:
            return None
        if lost != self._held.lock:
            return StorageError(f"the database {self.file} was deleted, moved or replaced while the run went on{way_back(self.file)}")
        what = f"the lock {lost} was deleted or replaced while the run went on, so that another process may drive it"
        return StorageError(f"{what}. Finished trials are kept: once none does, the same command goes on")

    @contextmanager
    def alone(self, engine: Engine | None = None) -> Iterator[None]:
        """Keep the other drivers from asking for a trial while the block runs; without an engine, from making the tables.

        A file has one driver anyway. On a server it is a lock of PostgreSQL's, which ends with the connection and so with the process.
        """
        if not self.shared:
            yield
            return
        name = "the tables" if engine is None else self.study
        engine = engine or create_engine(self.url, poolclass=NullPool)
        connection, process = self.outage.survive(lambda _: _lock(engine, name))
        self._alone = connection, process
        try:
            yield
        finally:
            self._alone = None
            try:
                _call("pg_advisory_unlock", connection, name)
            except SQLAlchemyError:  # with a connection that is lost the lock is back already
                connection.invalidate()
            finally:
                connection.close()

    def is_alone(self) -> bool:
        """True while the lock of `alone` is held. It is lost with its connection, and then another driver may have asked for a trial."""
        if self._alone is None:
            return True
        connection, process = self._alone
        try:
            return bool(connection.execute(_PROCESS).scalar() == process)
        except SQLAlchemyError:
            return False

    def damaged(self, how: str) -> RunError:
        """The error for contents that make no sense, with the way back."""
        return RunError(f"the database {self} cannot be used: it is damaged ({how}){'' if self.file is None else way_back(self.file)}")

    def without_driver(self, error: ImportError) -> RunError:
        """The error for a server where its client is not installed."""
        return RunError(f"{self} needs psycopg, as in `pip install 'einspace[postgres]'`: {error}")

    def unusable(self, error: Exception) -> StorageError:
        """The error for a database that fails, with how to go on."""
        what = f"the database {self} cannot be used: {said(error)}"
        return self._gone() or StorageError(f"{what}. Finished trials are kept: the same command goes on once the database can be used")


def seconds_up(engine: Engine) -> float:
    """Seconds since the server recovered, when its launchers began; since its start, for a user who cannot see them."""
    with engine.connect() as connection:
        return float(connection.execute(_UP_FOR).scalar() or 0)


class _Durable(sqlite3.Connection):
    """A commit has ended once its data, and the removal of its journal, are on the disk: SQLite's default forgoes the second."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.execute("PRAGMA synchronous = EXTRA")


_HINT = "sqlite:///path holds a study with one driver, postgresql+psycopg://user:password@host/name one with any number"

_CONNECTION = {
    "options": "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3",
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "connect_timeout": 10,
}
"""Server and driver notice within a minute that the other's machine is gone: else its locks, or our waiting, would outlive it by hours."""

_PROCESS = text("SELECT pg_backend_pid()")

_UP_FOR = text(
    "SELECT EXTRACT(EPOCH FROM clock_timestamp() - GREATEST(pg_postmaster_start_time(), (SELECT MAX(backend_start) FROM pg_stat_activity "
    "WHERE backend_type IN ('logical replication launcher', 'autovacuum launcher'))))"
)


def _has_study(engine: Engine, name: str) -> bool:
    with engine.connect() as connection:
        if connection.execute(text("SELECT to_regclass('studies')")).scalar() is None:
            return False
        return bool(connection.execute(text("SELECT EXISTS (SELECT FROM studies WHERE study_name = :name)"), {"name": name}).scalar())


def _lock(engine: Engine, name: str) -> tuple[Connection, int]:
    """A connection that holds the lock of a name, and the number of the server's process that serves it."""
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        _call("pg_advisory_lock", connection, name)
        return connection, int(connection.execute(_PROCESS).scalar() or 0)
    except BaseException:
        connection.invalidate()
        connection.close()
        raise


def _call(function: str, connection: Connection, name: str) -> Any:
    key = int.from_bytes(hashlib.sha256(f"einspace {name}".encode()).digest()[:8], signed=True)
    return connection.execute(text(f"SELECT {function}(:key)"), {"key": key}).scalar()
