"""RetryingExecutor: crashed evaluations are tried again."""

from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import replace

from einspace.errors import SettingError
from einspace.evaluation.outcome import Evaluation, Outcome, Request, Watch
from einspace.executors.attempt import Attempt
from einspace.executors.base import Attempts, Executor
from einspace.quantities import check_whole


class RetryingExecutor(Executor):
    """Hands requests to another executor, and up to `times` times again those that ended as crashed.

    A crash may be the machine's fault: a process that was killed, a node that was lost. Every other outcome is the architecture's or the
    caller's, and another try would only repeat it. `Evaluation.attempts` tells how many tries it took. The executor inside is this one's:
    it is closed and stopped with it. Raises SettingError for senseless settings.
    """

    def __init__(self, executor: Executor, times: int = 2) -> None:
        check_whole("times", times, 0)
        self.executor = executor
        self.times = times
        self._attempts = Attempts(self._abandon)

    def submit(self, request: Request, watch: Watch | None = None) -> Future[Evaluation]:
        """Queue a request; raises SettingError once the executor is closed."""
        return self._attempts.add(request, watch, self._try)

    def close(self) -> None:
        """Take no more requests, wait for those that are queued and for their tries, and end the workers."""
        self._attempts.close()
        self._attempts.wait()
        self.executor.close()

    def stop(self) -> None:
        """End the workers at once; evaluations that have not ended are cancelled."""
        self._attempts.close()
        self._attempts.cancel()
        self.executor.stop()

    def _try(self, attempt: Attempt) -> None:
        """Hand an attempt to the inner executor once more, unless it was cancelled."""
        try:
            inner = self.executor.submit(attempt.request, None if attempt.watch is None else attempt.look)
        except SettingError:
            if attempt.tries == 0:
                attempt.future.cancel()
            raise
        attempt.tries += 1
        attempt.inner = attempt.future.inner = inner
        if attempt.future.cancelled():
            inner.cancel()
        inner.add_done_callback(lambda _: self._finish(attempt, inner))

    def _finish(self, attempt: Attempt, inner: "Future[Evaluation]") -> None:
        """Pass on the evaluation of a try, or try again."""
        if inner.cancelled():
            attempt.future.cancel()
            return
        evaluation = inner.result()
        if evaluation.outcome is Outcome.CRASHED and attempt.tries <= self.times and not attempt.future.done():
            with suppress(SettingError):  # the executor inside is closed: then this was the last try
                self._try(attempt)
                return
        with suppress(InvalidStateError):
            attempt.future.set_result(replace(evaluation, attempts=evaluation.attempts + attempt.tries - 1))

    def _abandon(self, attempt: Attempt) -> None:
        if attempt.inner is not None:
            attempt.inner.cancel()
