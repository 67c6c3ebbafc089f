"""Executor: where evaluations run."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future, wait
from types import TracebackType
from typing import Self

from einspace.errors import SettingError
from einspace.evaluation.outcome import Evaluation, Request, Watch
from einspace.executors.attempt import Attempt
from einspace.quantities import check_limit


class Executor(ABC):
    """Runs evaluations somewhere else and never lets one of them end the search.

    The contract: `submit` returns at once; every future ends with an Evaluation, whose outcome tells what went wrong if anything did.
    A future raises nothing but CancelledError, and that only after `stop()` or after its own `cancel()`. Submitting from several threads is
    allowed. As a context manager, the executor is closed at the end of the block, and stopped if the block raises.

    A `watch` is called in this process, from a thread of the executor's: one call at a time for each request, in the order of the epochs,
    and no call begins after the future has ended. It should be quick, for the time limit is not looked at meanwhile. If it returns False
    the evaluation is ended and its outcome is pruned, even if that was the last epoch; what it raises ends the evaluation as an error,
    whose reason says so. Scores and losses up to there are kept. A request for a final training is never watched.
    """

    @abstractmethod
    def submit(self, request: Request, watch: Watch | None = None) -> Future[Evaluation]:
        """Queue a request; raises SettingError once the executor is closed."""

    @abstractmethod
    def close(self) -> None:
        """Take no more requests, wait for those that are queued, and end the workers."""

    @abstractmethod
    def stop(self) -> None:
        """End the workers at once; evaluations that have not ended are cancelled. May be called twice and after `close`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self.stop()


class Attempts:
    """The attempts of an executor that have not ended. `abandon` is called with each one whose future is cancelled."""

    def __init__(self, abandon: Callable[[Attempt], None]) -> None:
        self._abandon = abandon
        self._submitting = threading.RLock()
        self._guard = threading.Lock()  # guards the set alone: futures end in many threads
        self._waiting: set[Future[Evaluation]] = set()
        self._count = 0
        self._closed = False

    def add(
        self, request: Request, watch: Watch | None, begin: Callable[[Attempt], None], limit: float | None = None
    ) -> Future[Evaluation]:
        """Make an attempt, hand it to `begin`, and return its future; raises SettingError once they are closed.

        `limit` is the time limit of a request that has none. A final training is not watched.
        """
        check_limit(request.time_limit)
        with self._submitting:
            if self._closed:
                raise SettingError("this executor is closed: it takes no more requests")
            self._count += 1
            limit = limit if request.time_limit is None else request.time_limit
            attempt = Attempt(request, None if request.final else watch, limit, self._count)
            with self._guard:
                self._waiting.add(attempt.future)
            attempt.future.add_done_callback(lambda _: self._forget(attempt))
            begin(attempt)
        return attempt.future

    def close(self, last: Callable[[], None] = lambda: None) -> None:
        """Take no more; `last` is called the first time, after the last attempt."""
        with self._submitting:
            if not self._closed:
                self._closed = True
                last()

    def wait(self) -> None:
        """Wait for all to end."""
        with self._guard:
            waiting = tuple(self._waiting)
        wait(waiting)

    def cancel(self) -> None:
        """Cancel all."""
        with self._guard:
            waiting = tuple(self._waiting)
        for future in waiting:
            future.cancel()

    def _forget(self, attempt: Attempt) -> None:
        """Remove an attempt whose future has ended; if it was cancelled, wake its waiting callers and end the evaluation too."""
        with self._guard:
            self._waiting.discard(attempt.future)
        if attempt.future.cancelled():
            attempt.future.set_running_or_notify_cancel()
            self._abandon(attempt)
