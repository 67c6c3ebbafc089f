"""Trial: a request on its way through Ray, and what its evaluation ends as."""

from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from math import inf
from time import monotonic
from traceback import format_exc
from typing import Any

from einspace.evaluation.outcome import Evaluation, Outcome, Request, Seconds, Watch, first_line
from einspace.executors.messages import Epoch

GIVING_UP = 2.0
"""Seconds that an evaluation that was given up gets to end by itself, before its process is ended."""


@dataclass(eq=False)
class Trial:
    """A request, its task in Ray, and what was told of it so far. `told` epochs the watch has heard of, in whichever try."""

    number: int
    request: Request
    watch: Watch | None
    future: "Future[Evaluation]" = field(default_factory=Future)
    ref: Any = None
    tries: int = 0
    start: float = 0.0
    end: float = inf
    told: int = 0
    scores: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    given_up: Evaluation | None = None

    def begin(self, time_limit: float | None) -> None:
        """A worker has begun; its clock starts, and what an earlier try told is void."""
        self.tries += 1
        if self.given_up is not None:
            return
        self.start = monotonic()
        self.end = inf if time_limit is None else self.start + time_limit
        self.scores.clear()
        self.losses.clear()

    def tell(self, epoch: Epoch) -> None:
        """Ask the watch about an epoch, and give the trial up if it says so."""
        if self.given_up is not None or self.watch is None or self.future.done() or epoch.number <= len(self.scores):
            return
        self.scores.append(epoch.score)
        if epoch.loss is not None:
            self.losses.append(epoch.loss)
        if epoch.number <= self.told:
            return
        self.told = epoch.number
        try:
            if not self.watch(epoch.number, epoch.score):
                self.given_up = self.failed(Outcome.PRUNED, f"given up after epoch {epoch.number}")
        except Exception as error:  # noqa: BLE001 - it is the caller's code, and the thread that calls must live on
            self.given_up = self.failed(Outcome.ERROR, f"the watch raised {first_line(error)}", format_exc())
        if self.given_up is not None:
            self.end = min(self.end, monotonic() + GIVING_UP)

    def ended(self, evaluation: Evaluation) -> Evaluation:
        """What a trial ends as whose evaluation did; the watch hears of its epochs by now, even if they were lost on the way."""
        for number, score in enumerate(evaluation.scores, 1):
            loss = evaluation.epochs[number - 1] if number <= len(evaluation.epochs) else None
            self.tell(Epoch(number, score, loss))
        if self.given_up is None:
            return replace(evaluation, attempts=max(self.tries, evaluation.attempts))  # news of the last try may come late
        epochs = evaluation.epochs[: len(self.given_up.scores)] or self.given_up.epochs
        better = replace(self.given_up, epochs=epochs, parameters=evaluation.parameters)
        return replace(better, seconds=evaluation.seconds, device=evaluation.device)

    def failed(self, outcome: Outcome, reason: str, traceback: str = "") -> Evaluation:
        """An evaluation of which only what was told is known."""
        seconds = Seconds(train=monotonic() - self.start if self.tries else 0.0)
        told = Evaluation(outcome, epochs=tuple(self.losses), scores=tuple(self.scores), attempts=max(1, self.tries))
        return replace(told, reason=reason, traceback=traceback.strip(), seconds=seconds)
