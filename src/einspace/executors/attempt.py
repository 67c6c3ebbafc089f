"""Attempt: a request on its way, and the evaluation that it ends as."""

from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field, replace
from math import inf, nan
from traceback import format_exception
from typing import Any

from einspace.evaluation.outcome import Evaluation, Outcome, Request, Seconds, Watch, first_line
from einspace.executors.clock import Clock
from einspace.executors.messages import Epoch

GIVING_UP = 2.0
"""Seconds that a worker gets to end an evaluation that was given up, before its process is ended instead."""


class Died(Exception):
    """The worker process is gone, or can do nothing more; the message says how. `memory` is whether it was ended to save memory."""

    def __init__(self, how: str, memory: bool = False) -> None:
        super().__init__(how)
        self.memory = memory


class Pending(Future[Evaluation]):
    """The future of an evaluation, with the epochs that have ended, as far as the executor knows them."""

    inner: Future[Evaluation] | None = None
    """The future of the present try, where another executor makes it."""
    _passed: tuple[int, int | None] | None = None

    @property
    def passed(self) -> tuple[int, int | None] | None:
        """The last epoch that has ended, counted from 1, and how many there are; None where neither is known."""
        return self.inner.passed if isinstance(self.inner, Pending) else self._passed

    @passed.setter
    def passed(self, passed: tuple[int, int | None] | None) -> None:
        self._passed = passed


@dataclass(eq=False)
class Attempt:
    """A request, its future, and the reports so far. Used by one thread at a time.

    Args:
        request: What to evaluate.
        watch: Asked after each epoch; None for a final training.
        time_limit: Seconds for one try, None for no limit.
        number: Counts the attempts of an executor.
        inner: Handle of whatever runs it now, if that is another library or another executor.
        worker: The number of the worker that runs it, None where none has.
        tries: How often a worker has begun.
        heard: Epochs that the watch knows, from any try: each is reported to it once.
        given_up: The evaluation that it ends as since the watch has said no or has raised.
    """

    request: Request
    watch: Watch | None
    time_limit: float | None = None
    number: int = 0
    device: str = "cpu"
    worker: int | None = None
    future: Pending = field(default_factory=Pending)
    inner: Any = None
    tries: int = 0
    heard: int = 0
    scores: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    given_up: Evaluation | None = None
    clock: Clock = field(default_factory=Clock)
    start: float = 0.0
    end: float = inf

    def begin(self, clock: Clock) -> None:
        """A worker has begun: the time runs, and the reports of an earlier try are void."""
        self.tries += 1
        self.future.passed = None
        if self.given_up is None:
            self.clock, self.start = clock, clock.seconds
            self.end = inf if self.time_limit is None else self.start + self.time_limit
            self.scores.clear()
            self.losses.clear()

    @property
    def left(self) -> float:
        """Seconds until the end; none or less if it is over."""
        return self.end - self.clock.seconds

    def look(self, epoch: int, score: float) -> bool:
        """Report an epoch to the watch, once, and ask it whether to go on."""
        if self.watch is None or epoch <= self.heard:
            return True
        self.heard = epoch
        return self.watch(epoch, score)

    def hear(self, epoch: Epoch) -> None:
        """Note an epoch, and give the attempt up if the watch says no or raises."""
        if self.given_up is not None or self.future.done() or epoch.number <= len(self.scores):
            return
        self.scores.append(epoch.score)
        if epoch.loss is not None:
            self.losses.append(epoch.loss)
        try:
            if not self.look(epoch.number, epoch.score):
                self.given_up = self._failed(Outcome.PRUNED, f"given up after epoch {epoch.number}")
        except Exception as error:  # noqa: BLE001 - it is the caller's code, and the thread that calls must live on
            self.given_up = self._failed(Outcome.ERROR, f"the watch raised {first_line(error)}", _traceback(error))
        if self.given_up is not None:
            self.clock.advance()
            self.end = min(self.end, self.clock.seconds + GIVING_UP)

    def ended(self, happened: Evaluation | Exception) -> Evaluation:
        """The evaluation that follows from what happened to the worker.

        Args:
            happened: What the worker has sent; TimeoutError where it has not in time; Died; or a mistake of this package.

        Returns:
            What the worker sent, unless the watch had said no before. Scores and losses that were reported are kept.
        """
        if isinstance(happened, Evaluation):
            if self.watch is not None:
                for number, score in enumerate(happened.scores, 1):  # also epochs whose messages were lost
                    loss = happened.losses[number - 1] if number <= len(happened.losses) else None
                    self.hear(Epoch(number, nan if score is None else score, loss))
            if self.given_up is None:
                return replace(happened, attempts=max(self.tries, happened.attempts))
            losses = happened.losses[: len(self.given_up.scores)] or self.given_up.losses
            better = replace(self.given_up, losses=losses, parameters=happened.parameters, seconds=happened.seconds)
            return replace(better, device=happened.device, worker=happened.worker)
        if self.given_up is not None:
            return self.given_up
        if isinstance(happened, TimeoutError):
            return self._failed(Outcome.TIMEOUT, f"not finished after {self.time_limit or 0:g} seconds")
        if isinstance(happened, Died):
            return self._failed(Outcome.OUT_OF_MEMORY if happened.memory else Outcome.CRASHED, str(happened))
        return self._failed(Outcome.ERROR, first_line(happened), _traceback(happened))

    def finish(self, happened: Evaluation | Exception) -> None:
        """End the future, unless it was cancelled."""
        with suppress(InvalidStateError):
            ended = self.ended(happened)
            self.future.set_result(ended if self.worker is None else replace(ended, worker=self.worker))

    def _failed(self, outcome: Outcome, reason: str, traceback: str = "") -> Evaluation:
        """An evaluation of which only the reports are known."""
        seconds = Seconds(train=self.clock.seconds - self.start if self.tries else 0.0)
        known = Evaluation(outcome, losses=tuple(self.losses), scores=tuple(self.scores), device=self.device)
        return replace(known, reason=reason, traceback=traceback, seconds=seconds, attempts=max(1, self.tries))


def _traceback(error: Exception) -> str:
    return "".join(format_exception(error)).strip()
