"""Outage: a database server that is away for a while. Writes wait for it, and nothing is stored twice."""

import logging
from collections.abc import Callable
from math import inf
from threading import Event
from time import monotonic
from typing import TypeVar

from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from einspace.errors import StorageError

SERVER_PATIENCE = 60.0
"""Seconds that a search waits for a server that is away, by default."""

LONGEST = 2.0
"""Seconds between two tries, at most; the first ones follow each other faster."""

CALM = 1.0
"""Seconds after which another failure counts as another outage: several connections notice the same one."""

_T = TypeVar("_T")
_LOG = logging.getLogger("einspace")


class Outage:
    """The state of a server that may be away. `what` names the database; `patience` is in seconds. Signal handlers may call only `hurry`.

    An outage is one line in the log "einspace", which goes to standard error unless somebody has set it up otherwise.
    """

    def __init__(self, what: str, patience: float) -> None:
        self._what = what
        self._patience = patience
        self._away = False
        self._back = -inf
        self._lost: str | None = None
        self._hurried = Event()

    def survive(self, action: Callable[[bool], _T]) -> _T:
        """Call an action until the server answers, and return its result. Its argument says whether an earlier call may have succeeded.

        Raises StorageError once an action has waited for as long as the patience lasts, and from then on at once.
        """
        start, pause = inf, 0.0
        while True:
            if self._lost is not None:
                raise StorageError(self._lost)
            try:
                result = action(start < inf)
            except (SQLAlchemyError, StorageInternalError) as error:
                self._notice(error)
                start = min(start, monotonic())
                left = start + self._patience - monotonic()
                if left <= 0 or self._hurried.is_set():
                    self._lost = (
                        f"the database {self._what} was away for over {self._patience:g} seconds: {said(error)}. "
                        "Finished evaluations are stored: the same command goes on once it is back"
                    )
                    raise StorageError(self._lost) from error
                self._hurried.wait(min(pause, left))
                pause = min(LONGEST, 2 * pause + 0.05)
            else:
                self._answered()
                return result

    def attempt(self, action: Callable[[], None]) -> None:
        """Try an action once that is repeated soon anyway, such as a sign of life; an outage is only noted."""
        try:
            action()
        except (SQLAlchemyError, StorageInternalError) as error:
            self._notice(error)
        else:
            self._answered()

    def hurry(self) -> None:
        """Wait no longer for a server that is away: the search is ending."""
        self._hurried.set()

    def calm_for(self, seconds: float) -> bool:
        """True if the server has answered for so many seconds."""
        return not self._away and monotonic() - self._back > seconds

    def _notice(self, error: Exception) -> None:
        """Report an outage once; raises every other error again."""
        if not is_outage(error):
            raise error
        if self.calm_for(CALM):
            message = "the database %s is away (%s): evaluations go on, and their results wait up to %g s until it is back"
            _LOG.warning(message, self._what, said(error), self._patience)
        self._away = True

    def _answered(self) -> None:
        if self._away:
            self._away, self._back = False, monotonic()


def is_outage(error: BaseException) -> bool:
    """True if another try may succeed, since the server, its connection or one of its resources failed, not the statement."""
    return any(isinstance(cause, OperationalError | InterfaceError) for cause in _causes(error))


def said(error: BaseException) -> str:
    """The message of the database itself, in one line, without Optuna's wrapping."""
    causes = _causes(error)
    lines = [line for cause in reversed(causes) if (line := " ".join(str(cause).split("\n")[0].split()))]
    return lines[0] if lines else type(causes[-1]).__name__


def _causes(error: BaseException) -> list[BaseException]:
    causes = [error]
    while (deeper := causes[-1].__cause__ or causes[-1].__context__) is not None and deeper not in causes:
        causes.append(deeper)
    return causes
