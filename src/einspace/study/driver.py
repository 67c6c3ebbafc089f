"""Driver: one process at work on a run. It asks a phase, submits to the executor, waits for the first that ends, and stores it.

One thread decides, the caller's. Workers, executors and signals only put events into its queue.
"""

from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as StillWaiting
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from time import monotonic, time

from einspace.errors import EinspaceError
from einspace.evaluation.outcome import Evaluation, Watch
from einspace.executors import Executor
from einspace.result import Progress
from einspace.storage import StudyStore, store
from einspace.storage.backup import Backups
from einspace.study.budget import Budget
from einspace.study.phases import Phase
from einspace.study.timing import Clock
from einspace.trial import SEARCH, Trial

POLL = 1.0
"""Seconds between two looks at other drivers and at the time, where nothing happens here."""

SPARE = 16
"""Trials, at most, that wait for another trial's evaluation beside those that have a worker."""

Key = tuple[str, int]
"""The phase and the number of a trial."""


class Stopped(Exception):
    """A signal ended the driver; `signal` is its number. Trials that had not ended are interrupted."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal


@dataclass(frozen=True)
class _Running:
    """A trial of ours with its evaluation, or with the number of the trial of the same identity whose evaluation it waits for."""

    phase: Phase
    trial: Trial
    future: "Future[Evaluation] | None" = None
    twin: int = -1


class Driver:
    """Runs phases until nothing of them is left to do.

    `workers` evaluations run at a time. A trial whose evaluation another one has, or is about to get, takes no worker. `watched` asks the
    study's pruner after each epoch. `tick` is called now and then. `progress` is called after each trial that is stored.
    """

    def __init__(
        self,
        store: StudyStore,
        executor: Executor,
        workers: int,
        budget: Budget,
        progress: Callable[[Progress], None] | None = None,
        watched: bool = False,
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        self.store = store
        self.executor = executor
        self.workers = workers
        self.budget = budget
        self.clock = Clock(workers)
        self._progress = progress
        self._watched = watched
        self._tick = tick
        self._events: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._running: dict[Key, _Running] = {}
        self._unwritten: list[tuple[Phase, Trial]] = []
        self._signal: int | None = None
        self._next_beat = monotonic()
        file = store.database.file
        self._backups = None if file is None else Backups(file, store.phase(SEARCH).ended)
        if file is not None:
            store.rescue()

    def run(self, *phases: Phase) -> None:
        """Do all of some phases, the earlier ones first; raises Stopped after a signal, and whatever a strategy raises.

        Where several drivers share the study, this one stays as long as a trial runs somewhere: it may have to take it over.
        """
        try:
            self._next_beat = monotonic()
            while True:
                self._look_around()
                while self._signal is None and self._has_room() and self._begin_one(phases):
                    pass
                self._write()
                if self._signal is not None:
                    raise Stopped(self._signal)
                if not self._running and not any(self.store.phase(phase.name).running() for phase in phases):
                    break
                self._wait()
            if self.store.database.shared:
                self.store.rescue()  # nothing stays behind of what was made twice
        finally:
            self._give_up()

    def stop(self, signal: int) -> None:
        """End as soon as possible; may be called by a signal handler, from any thread, and twice."""
        self._signal = self._signal or signal
        self.store.database.outage.hurry()
        self._events.put(lambda: None)

    def _has_room(self) -> bool:
        at_work = sum(running.future is not None for running in self._running.values())
        return at_work < self.workers and len(self._running) - at_work < SPARE

    def _begin_one(self, phases: tuple[Phase, ...]) -> bool:
        """Begin the next trial of the first phase that has one; whether there was one."""
        for key, running in self._running.items():
            if running.future is None and running.twin not in self.store.phase(key[0]).running():
                self._running[key] = self._submitted(running.phase, running.trial)  # the other one was interrupted
                return True
        with self.store.asking():
            if self.store.database.shared:
                self.store.sync()
            for phase in phases:
                trial = phase.next(self.store)
                if trial is not None:
                    self._begin(phase, trial)
                    return True
        self.clock.exhausted()
        return False

    def _begin(self, phase: Phase, trial: Trial) -> None:
        ledger = self.store.phase(phase.name)
        settled = None if phase.lacks(trial) else ledger.settled.get(trial.identity)
        twin = ledger.evaluating(trial.identity)
        if settled is None and twin is None:
            running = self._submitted(phase, trial)  # first: the worker need not wait for the disk
        else:
            running = _Running(phase, trial, twin=-1 if twin is None else twin)
        if not self.store.begin(trial):
            self._drop(running)
            return
        ledger.begin(trial)
        self._running[trial.phase, trial.number] = running
        if settled is not None:
            self._copy(running, settled)

    def _submitted(self, phase: Phase, trial: Trial) -> _Running:
        key = (trial.phase, trial.number)
        request = phase.request(trial)
        self.clock.submitted()
        future = self.executor.submit(request, self._watch(key)) if self._watched and not phase.final else self.executor.submit(request)
        future.add_done_callback(lambda future: self._events.put(partial(self._finished, key, future)))
        return _Running(phase, trial, future)

    def _drop(self, running: _Running) -> None:
        if running.future is not None:
            running.future.cancel()
            self.clock.evaluated(0.0)

    def _finished(self, key: Key, future: "Future[Evaluation]") -> None:
        """An evaluation has ended, or was given up."""
        running = self._running.get(key)
        if running is None or running.future is not future:
            return
        if future.cancelled():
            self.clock.evaluated(0.0)
            self._interrupt(running)
        else:
            evaluation = future.result()
            self.clock.evaluated(evaluation.seconds.total)
            self._end(running, evaluation)

    def _end(self, running: _Running, evaluation: Evaluation, reused: int | None = None) -> None:
        """Remember what came of a trial, and of those that waited for it."""
        trial = running.trial
        ended = trial.end(evaluation, self.store.sign, time(), reused)
        if self.store.database.shared and not self.store.end(ended):
            del self._running[trial.phase, trial.number]  # another driver took this one for dead, and has the trial now
            self.store.phase(trial.phase).interrupt(trial)
            self.store.sync()
            return
        del self._running[trial.phase, trial.number]
        self.store.phase(trial.phase).end(ended)
        self._unwritten.append((running.phase, ended))
        self._settle()

    def _settle(self) -> None:
        """End the trials whose twin has ended."""
        for (phase, number), running in list(self._running.items()):
            ledger = self.store.phase(phase)
            if running.future is None and (phase, number) in self._running and ledger.has_ended(running.twin):
                self._copy(running, ledger.trials[running.twin])

    def _copy(self, running: _Running, twin: Trial) -> None:
        if twin.evaluation is not None:
            self._end(running, twin.evaluation, twin.number if twin.reused is None else twin.reused)

    def _write(self) -> None:
        """Store what has ended, and say so."""
        while self._unwritten:
            phase, trial = self._unwritten.pop(0)
            if not self.store.database.shared:
                self.store.end(trial)
            ledger = self.store.phase(trial.phase)
            if self._progress is not None:
                done, total = phase.progress(self.store)
                done -= sum(other.phase == trial.phase for _, other in self._unwritten)
                best = None if ledger.best is None else ledger.best.value
                self._progress(Progress(trial.phase, done, total, best, trial, self.budget.used))
            if self._backups is not None and trial.phase == SEARCH:
                self._backups.after(ledger.ended)

    def _wait(self) -> None:
        """Handle the next event, or look around after a while."""
        try:
            self._events.get(timeout=POLL)()
            while True:
                self._events.get_nowait()()
        except Empty:
            return

    def _look_around(self) -> None:
        """Give signs of life, see what other drivers have done, and watch the time."""
        if self.budget.is_over(self.store.phase(SEARCH)):
            for running in [running for running in self._running.values() if not running.phase.final]:
                self._drop_running(running)
        idle = self.store.database.shared and not any(running.future for running in self._running.values())
        if monotonic() >= self._next_beat or idle:
            self.store.beat()
            self._tick()
            if self.store.database.shared:
                self.store.rescue()
                self._settle()
            self._next_beat = monotonic() + store.HEARTBEAT

    def _drop_running(self, running: _Running) -> None:
        if running.future is None:
            self._interrupt(running)
        else:
            running.future.cancel()  # its end is an event

    def _interrupt(self, running: _Running) -> None:
        trial = running.trial
        self._running.pop((trial.phase, trial.number), None)
        self.store.interrupt(trial)
        self.store.phase(trial.phase).interrupt(trial)

    def _give_up(self) -> None:
        """End the evaluations that still run, store what has ended by now, and leave the rest to be tried again."""
        if not (self._running or self._unwritten):
            return
        self._signal = self._signal or -1  # nobody answers a watch any more
        self.executor.stop()
        with suppress(EinspaceError):  # what ended the driver may be the database
            self._write()
            for running in list(self._running.values()):
                self._interrupt(running)

    def _watch(self, key: Key) -> Watch:
        """What an executor's thread asks after each epoch; this driver's thread answers."""

        def watch(epoch: int, score: float) -> bool:
            answer: Future[bool] = Future()
            self._events.put(lambda: self._judge(key, epoch, score, answer))
            while self._signal is None:
                try:
                    return answer.result(POLL)
                except StillWaiting:
                    continue
                except CancelledError:
                    break
            return False

        return watch

    def _judge(self, key: Key, epoch: int, score: float, answer: "Future[bool]") -> None:
        running = self._running.get(key)
        answer.set_result(running is not None and self.store.report(running.trial, epoch, score))
