"""WorkerSlot: the place of one worker, and the thread of the driver that supervises it."""

import threading
from math import inf
from queue import SimpleQueue
from time import sleep

from einspace.evaluation.outcome import Evaluation, Outcome
from einspace.executors.attempt import Attempt, Died
from einspace.executors.clock import TICK, Clock
from einspace.executors.messages import Begin, Passed, Ready, Taken, Verdict
from einspace.executors.process import GRACE, WorkerProcess
from einspace.executors.worker import WorkerConfig

STARTS = 6
"""Processes that are tried for one evaluation, if they cannot be started or die before they take it up."""

PAUSE = 0.1
"""Seconds before the third of these tries, doubled before each further one: the server of workers may be dying, or memory short."""

START_LIMIT = 600.0
"""Seconds that a process may take to get ready."""

STOPPED = 5.0
"""Seconds after which a process that was stopped before it took up an evaluation is replaced."""


class WorkerSlot:
    """Takes attempts from a queue, one after the other, until it gets None.

    Its process is started for the first attempt and replaced when it dies. `worker` is the number of the place, counted from 1. `recycle`
    is the number of evaluations after which the process is replaced all the same.
    """

    def __init__(self, attempts: "SimpleQueue[Attempt | None]", config: WorkerConfig, worker: int, recycle: int | None) -> None:
        self._worker = worker
        self._attempts = attempts
        self._config = config
        self._recycle = recycle
        self._guard = threading.Lock()  # guards the attempt that the process works on
        self._attempt: Attempt | None = None
        self._process: WorkerProcess | None = None
        self._number = 0
        self._thread = threading.Thread(target=self._serve, name="einspace-slot", daemon=True)
        self._thread.start()

    def abandon(self, attempt: Attempt) -> None:
        """End the process if it works on this attempt, whose future was cancelled."""
        with self._guard:
            if self._attempt is attempt and self._process is not None:
                self._process.kill()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the thread to end."""
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _serve(self) -> None:
        while (attempt := self._attempts.get()) is not None:
            attempt.device, attempt.worker = self._config.device, self._worker
            happened: Evaluation | Exception
            try:
                happened = self._evaluate(attempt)
            except Exception as error:  # noqa: BLE001 - the slot must go on, for nobody else may take the queue
                happened = error
            if not isinstance(happened, Evaluation) or happened.outcome is Outcome.CRASHED:
                self._dismiss()  # after a failure of its device, a process can use that no more
            with self._guard:
                self._attempt = None
            attempt.finish(happened)
            del attempt, happened  # so that they are freed before the next attempt comes
            if self._recycle is not None and self._number >= self._recycle:
                self._dismiss(GRACE)
        self._dismiss(GRACE)

    def _evaluate(self, attempt: Attempt) -> Evaluation | Exception:
        """Find a process that takes the attempt up, and follow it."""
        how = "it was cancelled"
        for tries in range(STARTS):
            if tries > 1:  # the first may be nothing but a worker that died while it was idle
                sleep(PAUSE * 2 ** (tries - 2))
            try:
                process = self._hand_over(attempt)
            except (Died, OSError) as error:
                how = str(error)
                self._dismiss()
                continue
            if process is None:
                break
            happened = self._follow(process, attempt)
            if not (isinstance(happened, TimeoutError) and attempt.clock.gaps and attempt.tries == 1 and attempt.given_up is None):
                return happened
            self._dismiss()  # this process could not run for a while: perhaps the worker could not either
        return Died(f"no worker process took up the evaluation: {how}")

    def _hand_over(self, attempt: Attempt) -> WorkerProcess | None:
        """Give the attempt to the process, a new one if need be, and wait until it has begun; None if it is no longer wanted."""
        if self._process is None:
            self._number = 0
            self._process = WorkerProcess(self._config)
            self._expect(self._process, Ready)
        with self._guard:
            if attempt.future.done():
                return None
            self._attempt = attempt
            self._number += 1
            self._process.begin(Begin(self._number, attempt.request, attempt.watch is not None))
        self._expect(self._process, Taken)
        return self._process

    def _expect(self, process: WorkerProcess, kind: type) -> None:
        """Receive a message of this kind; raises Died."""
        clock, running = Clock(), 0.0
        while clock.seconds < START_LIMIT:
            try:
                message = process.receive(TICK)
            except TimeoutError:
                clock.advance(TICK)
                running = running if process.stopped else clock.seconds
                if clock.seconds - running > STOPPED:
                    raise Died("the worker process was stopped") from None
                continue
            if not isinstance(message, kind):
                raise Died(f"the worker process sent {message!r} before it took up the evaluation")
            return
        raise Died(f"the worker process was not ready after {START_LIMIT:g} seconds")

    def _follow(self, process: WorkerProcess, attempt: Attempt) -> Evaluation | Exception:
        """Wait for the evaluation and for the epochs before it, no longer than the time limit; once it is given up, not much longer."""
        clock = Clock()
        attempt.begin(clock)
        while True:
            wanted = None if attempt.end == inf else min(TICK, max(0.0, attempt.left))
            try:
                message = process.receive(wanted)
            except TimeoutError as error:
                clock.advance(wanted)
                if attempt.left <= 0:
                    return error
                continue
            except Died as died:
                return died
            clock.advance(wanted)
            if isinstance(message, Evaluation):
                return message
            if isinstance(message, Passed):
                attempt.future.passed = message.epoch, message.epochs
                continue
            if attempt.given_up is None:
                attempt.hear(message)
                clock.advance()
                try:
                    process.send(Verdict(self._number, message.number, attempt.given_up is None))
                except Died:
                    continue  # the next message notices it, and the verdict stands
            if attempt.left <= 0:
                return TimeoutError()

    def _dismiss(self, grace: float = 0.0) -> None:
        """End the process, if there is one; the next attempt gets a new one."""
        with self._guard:
            process, self._process = self._process, None
            self._attempt = None
        if process is not None:
            process.end(grace)
