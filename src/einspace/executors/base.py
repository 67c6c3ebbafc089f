"""Executor: where evaluations run."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from einspace.evaluation.outcome import Evaluation, Request

Watch = Callable[[int, float], bool]
"""Is told the validation score after each epoch, counted from 1, and returns whether to go on."""


class Executor(ABC):
    """Runs evaluations somewhere else and never lets one of them end the search.

    The contract: `submit` returns at once; every future ends with an Evaluation, whose outcome tells what went wrong if anything did.
    A future raises nothing but CancelledError, and that only after `stop()` or after its own `cancel()`. Submitting from several threads is
    allowed. As a context manager, the executor is closed at the end of the block, and stopped if the block raises.
    """

    @abstractmethod
    def submit(self, request: Request, watch: Watch | None = None) -> Future[Evaluation]:
        """Queue a request; `watch` may give it up, which ends as pruned. Raises SettingError once the executor is closed."""

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
