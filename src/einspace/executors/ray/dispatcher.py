"""Dispatcher: the one thread that talks to Ray, which hands trials over, hears of them and ends them."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from functools import partial
from math import inf
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

from einspace.evaluation.outcome import Evaluation, Outcome, first_line
from einspace.executors.messages import Epoch
from einspace.executors.ray.trial import Trial

POLL = 5.0
"""Seconds that the mailbox is asked to wait for news, before it is asked again."""


class Dispatcher:
    """Takes trials until it is told to leave. `hand_over` makes a task of Ray's of a trial; `left` is called at the end.

    `time_limit` is in seconds for one try; `retries` is how often Ray tries again by itself.
    """

    def __init__(
        self,
        ray: Any,
        mailbox: Any,
        hand_over: Callable[[Trial], Any],
        left: Callable[[], None],
        time_limit: float | None,
        retries: int,
    ) -> None:
        self._ray = ray
        self._mailbox = mailbox
        self._hand_over = hand_over
        self._left = left
        self._time_limit = time_limit
        self._retries = retries
        self._acts: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._trials: dict[int, Trial] = {}
        self._early: list[Trial] | None = []  # begun before the mailbox was there; None once it is
        self._running = True
        self._thread = threading.Thread(target=self._serve, name="einspace-ray", daemon=True)
        self._thread.start()

    def begin(self, trial: Trial) -> None:
        """Hand a trial to Ray; from any thread, as the next two."""
        self._acts.put(partial(self._begin, trial))

    def drop(self, trial: Trial) -> None:
        """Have nothing more to do with a trial, whose process is ended if it still runs."""
        self._acts.put(partial(self._drop, trial))

    def leave(self, timeout: float | None) -> None:
        """End, and wait for it so many seconds."""
        self._acts.put(self._end)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _serve(self) -> None:
        self._listen(0.0)
        while self._running:
            nearest = min((trial.end for trial in self._trials.values()), default=inf)
            with suppress(Empty):
                self._acts.get(timeout=None if nearest == inf else max(0.0, nearest - monotonic()))()
            for trial in [trial for trial in self._trials.values() if trial.end <= monotonic()]:
                limit = float(self._time_limit or 0)
                self._settle(trial, trial.given_up or trial.failed(Outcome.TIMEOUT, f"not finished after {limit:g} seconds"))

    def _end(self) -> None:
        """The last act."""
        self._running = False
        for trial in tuple(self._trials.values()):  # cancelled, but that act comes after this one
            self._drop(trial)
        self._ray.kill(self._mailbox)
        self._left()

    def _begin(self, trial: Trial) -> None:
        """Ray queues a trial until there is room."""
        if self._early is not None:
            self._early.append(trial)
            return
        if trial.future.done():
            return
        self._trials[trial.number] = trial
        trial.ref = self._hand_over(trial)
        trial.ref.future().add_done_callback(lambda done: self._acts.put(partial(self._finish, trial, done)))

    def _listen(self, patience: float = POLL) -> None:
        """Ask the mailbox for news, which waits so many seconds for them."""
        news = self._mailbox.collect.remote(patience)
        news.future().add_done_callback(lambda done: self._acts.put(partial(self._hear, done)))

    def _hear(self, done: "Future[list[tuple[int, list[Epoch] | None]]]") -> None:
        """What the mailbox had; it is lost if the actor is, which Ray then starts anew."""
        news = [] if done.exception() else done.result()
        for number, epochs in news:
            trial = self._trials.get(number)
            if trial is None:
                continue
            if epochs is None:
                self._start(trial)
            else:
                for epoch in epochs:
                    trial.tell(epoch)
                self._mailbox.answer.remote(number, trial.given_up is None)
        self._listen()
        if self._early is not None:
            early, self._early = self._early, None
            for trial in early:
                self._begin(trial)

    def _start(self, trial: Trial) -> None:
        """A worker has begun with a trial, which may be once too often."""
        trial.begin(self._time_limit)
        if trial.given_up is None and trial.tries > self._retries + 1:  # Ray does not count those that it ends itself to save a node
            self._settle(trial, trial.failed(Outcome.OUT_OF_MEMORY, f"begun {trial.tries} times, for its nodes ran out of memory"))

    def _finish(self, trial: Trial, done: "Future[Evaluation]") -> None:
        """Ray has ended a trial."""
        if trial.number in self._trials:
            error = done.exception()
            self._settle(trial, trial.ended(done.result()) if error is None else trial.given_up or self._broken(trial, error))

    def _broken(self, trial: Trial, error: BaseException) -> Evaluation:
        """What Ray says of a task that it could not bring to its end."""
        known = self._ray.exceptions
        outcome = Outcome.ERROR if isinstance(error, known.RayTaskError) else Outcome.CRASHED
        if isinstance(error, known.OutOfMemoryError):
            outcome = Outcome.OUT_OF_MEMORY
        return trial.failed(outcome, f"after {max(1, trial.tries)} tries, {first_line(error)}")

    def _settle(self, trial: Trial, evaluation: Evaluation) -> None:
        """End the future, with what came of it."""
        self._drop(trial)
        with suppress(InvalidStateError):
            trial.future.set_result(evaluation)

    def _drop(self, trial: Trial) -> None:
        if self._trials.pop(trial.number, None) is not None:
            self._mailbox.drop.remote(trial.number)
            self._ray.cancel(trial.ref, force=True)
