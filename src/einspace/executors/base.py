"""Executor: where evaluations run."""

from abc import ABC, abstractmethod
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from einspace.evaluation.outcome import Evaluation, Request, Watch


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
