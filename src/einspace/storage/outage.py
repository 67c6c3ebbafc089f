"""Outage: a database server that is away for a while. What has to be stored waits for it, and nothing is stored twice."""

import logging
from collections.abc import Callable
from math import inf
from threading import Event, Lock
from time import monotonic
from typing import TypeVar

from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from einspace.errors import StorageError

PATIENCE = 60.0
"""Seconds that a search waits for a server that is away, unless told otherwise."""

LONGEST = 2.0
"""Seconds between two tries, at most; the first ones follow each other faster."""

CALM = 1.0
"""Seconds after which another failure is an outage of its own: several connections notice one and the same."""

_T = TypeVar("_T")
_LOG = logging.getLogger("einspace")


class Outage:
    """Whether a server is away, as all threads of a driver see it. `what` names the database; `patience` is in seconds.

    An outage is told in one line of the log "einspace", which goes to standard error unless somebody has set it up otherwise.
    """

    def __init__(self, what: str, patience: float) -> None:
        self._what = what
        self._patience = patience
        self._lock = Lock()
        self._away = False
        self._back = -inf
        self._lost: str | None = None
        self._hurried = Event()

    def survive(self, action: Callable[[bool], _T]) -> _T:
        """What an action gives, which is tried until the server answers. It is told whether this is another try: it may be done then.

        Raises StorageError once an action has waited for as long as the patience lasts, and from then on at once.
        """
        start, pause = inf, 0.0
        while True:
            if self._lost is not None:
                raise StorageError(self._lost)
            try:
                result = action(start < inf)
            except (SQLAlchemyError, StorageInternalError) as error:
                if not is_outage(error):
                    raise
                self._notice(error)
                start = min(start, monotonic())
                left = start + self._patience - monotonic()
                if left <= 0 or self._hurried.is_set():
                    raise self._lose(error) from error
                self._hurried.wait(min(pause, left))
                pause = min(LONGEST, 2 * pause + 0.05)
            else:
                self._answered()
                return result

    def attempt(self, action: Callable[[], None]) -> None:
        """Try once what will be tried again soon anyway, such as a sign of life."""
        try:
            action()
        except (SQLAlchemyError, StorageInternalError) as error:
            if not is_outage(error):
                raise
            self._notice(error)
        else:
            self._answered()

    def hurry(self) -> None:
        """Wait no longer for a server that is away: the search is ending."""
        self._hurried.set()

    def calm_for(self, seconds: float) -> bool:
        """Whether the server has answered for so long."""
        with self._lock:
            return not self._away and monotonic() - self._back > seconds

    def _notice(self, error: BaseException) -> None:
        with self._lock:
            news = not self._away and monotonic() - self._back > CALM
            self._away = True
        if news:
            _LOG.warning(
                "the database %s is away (%s): evaluations go on, and their results wait up to %g s until it is back",
                self._what,
                said(error),
                self._patience,
            )

    def _answered(self) -> None:
        with self._lock:
            if self._away:
                self._away, self._back = False, monotonic()

    def _lose(self, error: BaseException) -> StorageError:
        with self._lock:
            self._lost = self._lost or (
                f"the database {self._what} was away for over {self._patience:g} seconds: {said(error)}. "
                "What had finished before is stored: the same command goes on once it is back"
            )
            return StorageError(self._lost)


def is_outage(error: BaseException) -> bool:
    """Whether it may be gone at another try: the server, its connection or one of its resources is, and not what was asked of it."""
    return any(isinstance(cause, OperationalError | InterfaceError) for cause in _causes(error))


def said(error: BaseException) -> str:
    """What the database itself said, in one line, and not what Optuna made of it."""
    causes = _causes(error)
    lines = [line for cause in reversed(causes) if (line := " ".join(str(cause).split("\n")[0].split()))]
    return lines[0] if lines else type(causes[-1]).__name__


def _causes(error: BaseException) -> list[BaseException]:
    causes = [error]
    while (deeper := causes[-1].__cause__ or causes[-1].__context__) is not None and deeper not in causes:
        causes.append(deeper)
    return causes
