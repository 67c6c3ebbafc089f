"""Dispatcher: the one thread that talks to Ray: it submits attempts, follows them and ends them."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from functools import partial
from math import inf
from queue import Empty, SimpleQueue
from typing import Any

from einspace.evaluation.outcome import Evaluation, first_line
from einspace.evaluation.weights import store_weights
from einspace.executors.attempt import Attempt, Died
from einspace.executors.clock import TICK, Clock
from einspace.executors.messages import Passed
from einspace.executors.ray.mailbox import News
from einspace.executors.ray.work import Crashed

POLL = 5.0
"""Seconds that the mailbox is asked to wait for news, before it is asked again."""


class Dispatcher:
    """Takes attempts until it leaves.

    Args:
        ray: The library.
        mailbox: Handle of the actor that collects the reports.
        hand_over: Makes a task of Ray's of an attempt.
        left: Called at the end.
        retries: How often Ray tries again by itself.
    """

    def __init__(self, ray: Any, mailbox: Any, hand_over: Callable[[Attempt], Any], left: Callable[[], None], retries: int) -> None:
        self._ray = ray
        self._mailbox = mailbox
        self._hand_over = hand_over
        self._left = left
        self._retries = retries
        self._clock = Clock()
        self._acts: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._attempts: dict[int, Attempt] = {}
        self._early: list[Attempt] | None = []  # begun before the mailbox was there; None once it is
        self._running = True
        self._thread = threading.Thread(target=self._serve, name="einspace-ray", daemon=True)
        self._thread.start()

    def begin(self, attempt: Attempt) -> None:
        """Hand an attempt to Ray; from any thread, as the next two."""
        self._acts.put(partial(self._begin, attempt))

    def drop(self, attempt: Attempt) -> None:
        """Have nothing more to do with an attempt, whose process is ended if it still runs."""
        self._acts.put(partial(self._drop, attempt))

    def leave(self, timeout: float | None) -> None:
        """End, and wait for it so many seconds."""
        self._acts.put(self._end)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _serve(self) -> None:
        self._listen(0.0)
        while self._running:
            nearest = min((attempt.left for attempt in self._attempts.values()), default=inf)
            wanted = None if nearest == inf else min(TICK, max(0.0, nearest))
            act: Callable[[], None] = _nothing
            with suppress(Empty):
                act = self._acts.get(timeout=wanted)
            self._clock.advance(wanted)
            act()
            self._clock.advance()
            for attempt in [attempt for attempt in self._attempts.values() if attempt.left <= 0]:
                self._settle(attempt, TimeoutError())

    def _end(self) -> None:
        """End all attempts and the mailbox, as the last act of the thread."""
        self._running = False
        for attempt in tuple(self._attempts.values()):  # their futures are cancelled, but that act is still in the queue
            self._drop(attempt)
        self._ray.kill(self._mailbox)
        self._left()

    def _begin(self, attempt: Attempt) -> None:
        """Hand an attempt to Ray, which queues it until there is room."""
        if self._early is not None:
            self._early.append(attempt)
            return
        if attempt.future.done():
            return
        self._attempts[attempt.number] = attempt
        attempt.inner = self._hand_over(attempt)
        attempt.inner.future().add_done_callback(lambda done: self._acts.put(partial(self._finish, attempt, done)))

    def _listen(self, patience: float = POLL) -> None:
        """Ask the mailbox for news, which waits so many seconds for them."""
        news = self._mailbox.collect.remote(patience)
        news.future().add_done_callback(lambda done: self._acts.put(partial(self._hear, done)))

    def _hear(self, done: "Future[list[tuple[int, News]]]") -> None:
        """Deal with the mailbox's news, which are lost if the actor is; Ray then starts it anew."""
        news = [] if done.exception() else done.result()
        for number, told in news:
            attempt = self._attempts.get(number)
            if attempt is None:
                continue
            if told is None:
                self._start(attempt)
            elif isinstance(told, Passed):
                attempt.future.passed = told.epoch, told.epochs
            else:
                for epoch in told:
                    attempt.hear(epoch)
                self._mailbox.answer.remote(number, attempt.given_up is None)
        self._listen()
        if self._early is not None:
            early, self._early = self._early, None
            for attempt in early:
                self._begin(attempt)

    def _start(self, attempt: Attempt) -> None:
        """Note that a worker has begun an attempt, and fail one that was begun too often."""
        attempt.begin(self._clock)
        if attempt.tries > self._retries + 1:  # Ray does not count those that it ends itself to save a node
            self._settle(attempt, Died(f"begun {attempt.tries} times, for its nodes ran out of memory", memory=True))

    def _finish(self, attempt: Attempt, done: "Future[tuple[Evaluation, bytes | None]]") -> None:
        """Settle an attempt that Ray has ended."""
        if attempt.number in self._attempts:
            error = done.exception()
            self._settle(attempt, _kept(attempt, *done.result()) if error is None else self._died(attempt, error))

    def _died(self, attempt: Attempt, error: BaseException) -> Evaluation | Exception:
        """The end of an attempt whose task Ray could not finish: the work's exception, a crash that its worker outlived, or `Died`."""
        known = self._ray.exceptions
        if isinstance(error, Exception) and isinstance(error, known.RayTaskError):
            cause = getattr(error, "cause", None)
            return cause.evaluation if isinstance(cause, Crashed) else error
        return Died(f"after {max(1, attempt.tries)} tries, {first_line(error)}", memory=isinstance(error, known.OutOfMemoryError))

    def _settle(self, attempt: Attempt, happened: Evaluation | Exception) -> None:
        """End the future."""
        self._drop(attempt)
        attempt.finish(happened)

    def _drop(self, attempt: Attempt) -> None:
        if self._attempts.pop(attempt.number, None) is not None:
            self._mailbox.drop.remote(attempt.number)
            self._ray.cancel(attempt.inner, force=True)


def _kept(attempt: Attempt, evaluation: Evaluation, weights: bytes | None) -> Evaluation:
    """The evaluation, once its weights lie where the request wants them."""
    if weights is None or attempt.request.keep is None:
        return evaluation
    return replace(evaluation, reason=store_weights(weights, attempt.request.keep) or evaluation.reason)


def _nothing() -> None:
    """Do nothing: the time has run out."""
