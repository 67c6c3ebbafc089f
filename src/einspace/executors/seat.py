"""Seat: the place of one worker, and the thread of the driver's that minds it."""

import threading
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field, replace
from math import inf
from queue import SimpleQueue
from time import monotonic, sleep
from traceback import format_exc

from einspace.evaluation.outcome import Evaluation, Outcome, Request, Seconds, Watch, first_line
from einspace.executors.child import GRACE, Child, Died
from einspace.executors.messages import Epoch, Taken, Verdict
from einspace.executors.worker import Equipment, Order

STARTS = 6
"""Processes that are tried for one evaluation, if they cannot be started or die before they take it up."""

PAUSE = 0.1
"""Seconds before the third of those tries, twice as many before each further one: the server of workers may be dying, or memory short."""

GIVING_UP = 2.0
"""Seconds that a worker gets to end an evaluation that was given up, before its process is ended instead."""

START_LIMIT = 600.0
"""Seconds that a process may take from its start to its first order."""


@dataclass(eq=False)
class Job:
    """A request on its way, and what was told of it so far."""

    request: Request
    watch: Watch | None
    future: "Future[Evaluation]" = field(default_factory=Future)
    scores: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)


class Seat:
    """Takes jobs from a queue, one after the other, until it gets None. Its process is started for the first job and replaced when it dies.

    `recycle` is the number of evaluations after which the process is replaced all the same.
    """

    def __init__(self, jobs: "SimpleQueue[Job | None]", equipment: Equipment, time_limit: float | None, recycle: int | None) -> None:
        self._jobs = jobs
        self._equipment = equipment
        self._time_limit = time_limit
        self._recycle = recycle
        self._guard = threading.Lock()  # of the job that the process is at
        self._job: Job | None = None
        self._child: Child | None = None
        self._number = 0
        self._thread = threading.Thread(target=self._serve, name="einspace-seat", daemon=True)
        self._thread.start()

    def abandon(self, job: Job) -> None:
        """End the process if it is at this job, whose future was cancelled."""
        with self._guard:
            if self._job is job and self._child is not None:
                self._child.kill()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the thread to end."""
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                evaluation = self._evaluate(job)
            except Exception as error:  # noqa: BLE001 - a seat that ends would leave the queue to nobody
                self._dismiss()
                evaluation = self._failed(job, Outcome.ERROR, first_line(error), format_exc())
            with self._guard:
                self._job = None
            with suppress(InvalidStateError):
                job.future.set_result(evaluation)
            del job, evaluation  # not kept until the next one comes
            if self._recycle is not None and self._number >= self._recycle:
                self._dismiss(GRACE)
        self._dismiss(GRACE)

    def _evaluate(self, job: Job) -> Evaluation:
        """Find a process that takes the job up, and follow it."""
        how = "it was cancelled"
        for tries in range(STARTS):
            if tries > 1:  # the first may be nothing but a worker that died while it was idle
                sleep(PAUSE * 2 ** (tries - 2))
            try:
                child = self._hand_over(job)
            except (Died, OSError) as error:  # a TimeoutError is one
                how = str(error) or f"a worker process was not ready after {START_LIMIT:g} seconds"
                self._dismiss()
                continue
            if child is None:
                break
            return self._follow(child, job)
        return self._failed(job, Outcome.CRASHED, f"no worker process took up the evaluation: {how}")

    def _hand_over(self, job: Job) -> Child | None:
        """Give the job to the process, a new one if need be, and wait until it has begun; None if the job is no longer wanted."""
        if self._child is None:
            self._number = 0
            self._child = Child(self._equipment)
        with self._guard:
            if job.future.done():
                return None
            self._job = job
            self._number += 1
            self._child.send(Order(self._number, job.request, job.watch is not None))
        taken = self._child.receive(START_LIMIT)
        if not isinstance(taken, Taken):
            raise Died(f"the worker process sent {taken!r} before it took up the evaluation")
        return self._child

    def _follow(self, child: Child, job: Job) -> Evaluation:
        """Wait for the evaluation and for the epochs before it, no longer than the time limit; once it is given up, not much longer."""
        start = monotonic()
        end = inf if self._time_limit is None else start + self._time_limit
        given_up: Evaluation | None = None
        try:
            while True:
                message = child.receive(None if end == inf else max(0.0, end - monotonic()))
                if isinstance(message, Evaluation):
                    return message if given_up is None else _as_given_up(given_up, message)
                if given_up is None:
                    given_up = self._hear(child, job, message)
                    if given_up is not None:
                        given_up = replace(given_up, seconds=Seconds(train=monotonic() - start))
                        end = min(end, monotonic() + GIVING_UP)
                if monotonic() > end:
                    raise TimeoutError
        except TimeoutError:
            self._dismiss()
            limit = float(self._time_limit or 0)
            late = self._failed(job, Outcome.TIMEOUT, f"not finished after {limit:g} seconds")
            return given_up or replace(late, seconds=Seconds(train=limit))
        except Died as died:
            self._dismiss()
            return given_up or self._failed(job, Outcome.CRASHED, str(died))

    def _hear(self, child: Child, job: Job, epoch: Epoch) -> Evaluation | None:
        """Ask the watch about an epoch and pass its verdict on; what the evaluation ends as, if it is given up."""
        job.scores.append(epoch.score)
        if epoch.loss is not None:
            job.losses.append(epoch.loss)
        if job.watch is None or job.future.done():
            return None
        given_up: Evaluation | None = None
        try:
            if not job.watch(epoch.number, epoch.score):
                given_up = self._failed(job, Outcome.PRUNED, f"given up after epoch {epoch.number}")
        except Exception as error:  # noqa: BLE001 - it is the caller's code, and the seat must live on
            given_up = self._failed(job, Outcome.ERROR, f"the watch raised {first_line(error)}", format_exc())
        with suppress(Died):  # noticed at the next message, and no reason to forget the verdict
            child.send(Verdict(self._number, epoch.number, given_up is None))
        return given_up

    def _failed(self, job: Job, outcome: Outcome, reason: str, traceback: str = "") -> Evaluation:
        """An evaluation of which only what was told is known."""
        return Evaluation(
            outcome,
            epochs=tuple(job.losses),
            reason=reason,
            traceback=traceback.strip(),
            scores=tuple(job.scores),
            device=self._equipment.device or "",
        )

    def _dismiss(self, grace: float = 0.0) -> None:
        """End the process, if there is one; the next job gets a new one."""
        with self._guard:
            child, self._child = self._child, None
            self._job = None
        if child is not None:
            child.end(grace)


def _as_given_up(given_up: Evaluation, told: Evaluation) -> Evaluation:
    """What the worker knows better, in an evaluation that was given up: it may have gone on for an epoch, or even to the end."""
    count = len(given_up.scores)
    return replace(given_up, epochs=told.epochs[:count] or given_up.epochs, parameters=told.parameters, seconds=told.seconds)
