"""RetryingExecutor: what the machine broke is tried again."""

import threading
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace

from einspace.errors import SettingError
from einspace.evaluation.outcome import Evaluation, Outcome, Request, Watch
from einspace.executors.base import Executor


@dataclass(eq=False)
class _Quest:
    """A request and its tries. `told` is the last epoch that the watch was told of: another try does not tell it again."""

    request: Request
    watch: Watch | None
    future: "Future[Evaluation]" = field(default_factory=Future)
    inner: "Future[Evaluation] | None" = None
    attempts: int = 0
    told: int = 0

    def look(self, epoch: int, score: float) -> bool:
        """The watch, which hears of each epoch once."""
        if self.watch is None or epoch <= self.told:
            return True
        self.told = epoch
        return self.watch(epoch, score)


class RetryingExecutor(Executor):
    """Hands requests to another executor, and up to `times` times again those that ended as crashed.

    A crash may be the machine's fault: a process that was killed, a node that was lost. Every other outcome is the architecture's or the
    caller's, and another try would only repeat it. `Evaluation.attempts` tells how many tries it took. The executor inside is this one's:
    it is closed and stopped with it. Raises SettingError for senseless settings.
    """

    def __init__(self, executor: Executor, times: int = 2) -> None:
        if type(times) is not int or times < 0:
            raise SettingError(f"times must be a whole number of at least 0, not {times!r}")
        self.executor = executor
        self.times = times
        self._guard = threading.RLock()
        self._waiting: set[Future[Evaluation]] = set()
        self._closed = False

    def submit(self, request: Request, watch: Watch | None = None) -> Future[Evaluation]:
        """Queue a request; raises SettingError once the executor is closed."""
        quest = _Quest(request, watch)
        with self._guard:
            if self._closed:
                raise SettingError("this executor is closed: it takes no more requests")
            self._waiting.add(quest.future)
        quest.future.add_done_callback(lambda _: self._forget(quest))
        try:
            self._try(quest)
        except SettingError:
            quest.future.cancel()
            raise
        return quest.future

    def close(self) -> None:
        """Take no more requests, wait for those that are queued and for their tries, and end the workers."""
        with self._guard:
            self._closed = True
            waiting = tuple(self._waiting)
        wait(waiting)
        self.executor.close()

    def stop(self) -> None:
        """End the workers at once; evaluations that have not ended are cancelled."""
        with self._guard:
            self._closed = True
            waiting = tuple(self._waiting)
        for future in waiting:
            future.cancel()
        self.executor.stop()

    def _try(self, quest: _Quest) -> None:
        """Hand over once more, unless it was cancelled meanwhile."""
        inner = self.executor.submit(quest.request, None if quest.watch is None else quest.look)
        quest.attempts += 1
        quest.inner = inner
        if quest.future.cancelled():
            inner.cancel()
        inner.add_done_callback(lambda _: self._finish(quest, inner))

    def _finish(self, quest: _Quest, inner: "Future[Evaluation]") -> None:
        """Pass on what came of a try, or try again."""
        if inner.cancelled():
            quest.future.cancel()
            return
        evaluation = inner.result()
        if evaluation.outcome is Outcome.CRASHED and quest.attempts <= self.times and not quest.future.done():
            with suppress(SettingError):  # the executor inside is closed: then this was the last try
                self._try(quest)
                return
        with suppress(InvalidStateError):
            quest.future.set_result(replace(evaluation, attempts=quest.attempts))

    def _forget(self, quest: _Quest) -> None:
        """The caller's future has ended; if it was cancelled, wake those who wait for it, and end the try too."""
        with self._guard:
            self._waiting.discard(quest.future)
        if quest.future.cancelled():
            quest.future.set_running_or_notify_cancel()
            if quest.inner is not None:
                quest.inner.cancel()
