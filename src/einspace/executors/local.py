"""LocalExecutor: evaluations one after the other in a thread of this process, for small data and for programs that may start no other."""

from concurrent.futures import Future, ThreadPoolExecutor

from einspace.errors import SettingError
from einspace.evaluation.attempt import attempt
from einspace.evaluation.outcome import Evaluation, Request, Watch
from einspace.evaluation.work import Work
from einspace.executors.base import Executor


class LocalExecutor(Executor):
    """Trains in this process: it starts without delay, but cannot limit the time or the memory of an evaluation.

    An evaluation that runs cannot be cancelled: `stop` waits for it, or for its next epoch where it is watched. Training draws from
    PyTorch's global generator, which is left in another state.
    """

    def __init__(self, work: Work, device: str = "cpu") -> None:
        self._work = work
        self._device = device
        self._pool = ThreadPoolExecutor(1, "einspace-local")
        self._closed = False
        self._stopped = False

    def submit(self, request: Request, watch: Watch | None = None) -> Future[Evaluation]:
        """Queue a request; raises SettingError once the executor is closed."""
        if self._closed:
            raise SettingError("this executor is closed: it takes no more requests")

        def report(epoch: int, score: float, loss: float | None) -> bool:
            return not self._stopped and (watch is None or watch(epoch, score))

        return self._pool.submit(attempt, request, self._work, self._device, None if watch is None else report)

    def close(self) -> None:
        """Take no more requests, and wait for those that are queued."""
        self._closed = True
        self._pool.shutdown(wait=True)

    def stop(self) -> None:
        """Cancel what is queued, and wait for what runs."""
        self._closed = self._stopped = True
        self._pool.shutdown(wait=True, cancel_futures=True)
