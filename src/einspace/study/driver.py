"""Driver: one process at work on a run. It asks a phase, submits to the executor, waits for the first that ends, and stores it.

One thread decides, the caller's. Workers, executors and signals only put events into its queue.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillWaiting
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from time import monotonic, time

from einspace.callbacks import AtWork, Progress
from einspace.errors import EinspaceError
from einspace.evaluation.outcome import Evaluation
from einspace.executors import Executor, Pending
from einspace.phases.budget import Budget
from einspace.phases.listed import Phase
from einspace.storage import StudyStore, store
from einspace.storage.backup import EVERY
from einspace.study.timing import Clock
from einspace.trial import BASELINE, SEARCH, Trial

POLL = 1.0
"""Seconds between two looks at other drivers and at the time, where nothing happens here."""

SLOW = 0.5
"""Seconds of a proposal for which a worker may wait for the disk too; before a faster one it need not."""

SPARE = 16
"""Trials, at most, that wait for another trial's evaluation beside those that have a worker."""


@dataclass(eq=False)
class Stopped(Exception):
    """A signal ended the driver; `signal` is its number. Trials that had not ended are interrupted."""

    signal: int


@dataclass(eq=False)
class _Running:
    """A trial of ours with its evaluation, or with the number of the trial of the same identity whose evaluation it waits for."""

    phase: Phase
    trial: Trial
    future: "Future[Evaluation] | None" = None
    twin: int = -1
    epoch: int | None = None
    epochs: int | None = None
    passed: tuple[int, int | None] | None = None
    since: float = field(default_factory=monotonic)

    @property
    def key(self) -> tuple[str, int]:
        """Where it is found among those that run."""
        return self.trial.phase, self.trial.number


@dataclass(eq=False)
class Driver:
    """Runs phases to their end. A trial that repeats another one gets that one's evaluation, and takes no worker."""

    store: StudyStore
    executor: Executor
    workers: int
    """Evaluations at a time."""
    budget: Budget
    progress: Callable[[Progress], None] | None = None
    """Called after each trial that is stored, when one begins or has done an epoch that is watched, and at the end of a search in which
    other calls have ended trials."""
    watched: bool = False
    """Whether the study's pruner is asked after each epoch."""
    tick: Callable[[], None] = lambda: None
    """Called now and then."""
    standing: Callable[[], str] = lambda: ""
    """Function that gives the line that compares the best with the best baseline so far."""

    def __post_init__(self) -> None:
        self.clock = Clock(self.workers)
        self._events: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._running: dict[tuple[str, int], _Running] = {}
        self._unwritten: list[tuple[Phase, Trial]] = []
        self._signal: int | None = None
        self._untold: Phase | None = None
        self._told: tuple[int, int | None] = (0, None)
        self._next_beat = monotonic()
        self._copied = self.store.phase(SEARCH).ended
        if not self.store.database.shared:
            self.store.rescue()

    def run(self, *phases: Phase) -> None:
        """Run phases to their end, the earlier ones first; raises Stopped after a signal, and whatever a strategy raises.

        Where several drivers share the study, this one stays as long as a trial runs somewhere: it may have to take it over.
        """
        try:
            self._next_beat = monotonic()
            while True:
                self._look_around()
                while self._signal is None and self._has_room():
                    if self._is_slow():
                        self._write()
                    if not self._begin_one(phases):
                        break
                self._write()
                if self._untold is not None:
                    self._tell(self._untold)
                if self._signal is not None:
                    raise Stopped(self._signal)
                if not self._running and not any(self.store.phase(phase.name).running() for phase in phases):
                    break
                self._wait()
            if self.store.database.shared:
                self.store.rescue()  # nothing stays behind of what was made twice
            for phase in phases:
                if phase.name == SEARCH and phase.progress(self.store) != self._told:
                    self._tell(phase)  # an earlier call or another driver has ended trials
        except KeyboardInterrupt:  # of the signal, while a strategy was at it
            if self._signal is None:
                raise
            raise Stopped(self._signal) from None
        finally:
            self._give_up()

    def stop(self, signal: int) -> None:
        """End as soon as possible; may be called by a signal handler, from any thread, and twice."""
        self._signal = self._signal or signal
        self.store.database.outage.hurry()
        self._events.put(lambda: None)

    def _is_slow(self) -> bool:
        """Whether the strategy takes so long that ended trials should be stored before it is asked."""
        trials = self.store.phase(SEARCH).trials
        return bool(trials) and trials[-1].proposing > SLOW

    def _has_room(self) -> bool:
        at_work = sum(running.future is not None for running in self._running.values())
        return at_work < self.workers and len(self._running) - at_work < SPARE

    def _begin_one(self, phases: Sequence[Phase]) -> bool:
        """Begin the next trial of the first phase that has one, and return whether there was one."""
        self._settle()  # a twin may have ended on another driver
        for key, running in self._running.items():
            if running.future is None and running.twin not in self.store.phase(running.phase.name).running():
                self._running[key] = self._submitted(running.phase, running.trial)  # the other one was interrupted
                return True
        with self.store.asking():
            if self.store.database.shared:
                self.store.sync()
            for phase in phases:
                if (trial := phase.next(self.store)) is not None:
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
            if running.future is not None:
                running.future.cancel()
                self.clock.evaluated(0.0)
            return
        self._running[running.key] = running
        if settled is not None:
            self._copy(running, settled)

    def _submitted(self, phase: Phase, trial: Trial) -> _Running:
        self.clock.submitted()
        watch = partial(self._watch, trial) if self.watched and not phase.final and phase.name in (SEARCH, BASELINE) else None
        future = self.executor.submit(phase.request(trial), watch)
        running = _Running(phase, trial, future)
        self._untold = phase
        future.add_done_callback(lambda _: self._events.put(partial(self._finished, running)))
        return running

    def _finished(self, running: _Running) -> None:
        """An evaluation has ended, or was given up."""
        if running.future is None or self._running.get(running.key) is not running:
            return
        if running.future.cancelled():
            self.clock.evaluated(0.0)
            self._interrupt(running)
        else:
            evaluation = running.future.result()
            self.clock.evaluated(evaluation.seconds.total)
            self._end(running, evaluation)

    def _end(self, running: _Running, evaluation: Evaluation, reused: int | None = None) -> None:
        """Record the evaluation of a trial, and of those that waited for it."""
        trial, ended = running.trial, running.trial.end(evaluation, self.store.sign, time(), reused)
        del self._running[running.key]
        if self.store.database.shared and not self.store.end(ended):
            # another driver took this one for dead, and has the trial now
            self.store.interrupt(trial)
            self.store.sync()
            return
        self.store.phase(trial.phase).end(ended)
        self._unwritten.append((running.phase, ended))
        self._settle()

    def _settle(self) -> None:
        """End the trials whose twin has ended."""
        for key, running in list(self._running.items()):
            ledger = self.store.phase(running.phase.name)
            if running.future is None and key in self._running and ledger.has_ended(running.twin):
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
            self._tell(phase, trial)
            ledger = self.store.phase(trial.phase)
            if trial.phase == SEARCH and ledger.ended - self._copied >= max(EVERY, ledger.ended // 10):
                self._copied = ledger.ended
                self.store.database.back_up()

    def _tell(self, phase: Phase, ended: Trial | None = None) -> None:
        """Say how far a phase is, and what the workers are at."""
        self._untold = None
        if self.progress is None:
            return
        done, total = phase.progress(self.store)
        untold, ledger = [other for _, other in self._unwritten if other.phase == phase.name], self.store.phase(phase.name)
        done -= len(untold)
        failed = ledger.ended - ledger.scored - sum(other.fitness is None for other in untold)
        self._told = (done, total) if phase.name == SEARCH else self._told
        at_work = tuple(
            AtWork(running.trial, running.since, running.epoch, running.epochs)
            for running in self._running.values()
            if running.future is not None
        )
        value, standing = None if ledger.best is None else ledger.best.value, self.standing()
        used, budget = self.budget.used, self.budget.seconds
        self.progress(Progress(phase.name, done, total, value, ended, used, at_work, standing, budget, failed))

    def _wait(self) -> None:
        """Handle the next event, or look around after a while."""
        with suppress(Empty):
            self._events.get(timeout=POLL)()
        self._handle_events()

    def _handle_events(self) -> None:
        """Handle all events that are there."""
        with suppress(Empty):
            while True:
                self._events.get_nowait()()

    def _note_epochs(self) -> None:
        """See how far the evaluations are, as far as the executor knows."""
        for running in self._running.values():
            passed = running.future.passed if isinstance(running.future, Pending) else None
            if passed not in (None, running.passed):
                running.passed, self._untold = passed, running.phase
                running.epoch, running.epochs = passed

    def _look_around(self) -> None:
        """Give signs of life, see what other drivers have done, and watch the time."""
        self._note_epochs()
        if self.budget.is_over(self.store.phase(SEARCH)):
            for running in [running for running in self._running.values() if not running.phase.final]:
                if running.future is None:
                    self._interrupt(running)
                else:
                    running.future.cancel()  # its end is an event
        idle = self.store.database.shared and not any(running.future for running in self._running.values())
        if monotonic() >= self._next_beat or idle:
            self.store.beat()
            self.tick()
            if self.store.database.shared:
                self.store.rescue()
                self._settle()
            self._next_beat = monotonic() + store.HEARTBEAT

    def _interrupt(self, running: _Running) -> None:
        self._running.pop(running.key, None)
        self.store.interrupt(running.trial)

    def _give_up(self) -> None:
        """End the evaluations that still run, store those that have ended, and leave the rest to be tried again."""
        if not (self._running or self._unwritten):
            return
        self._signal = self._signal or -1  # from now on nothing answers a watch
        with suppress(EinspaceError):  # what ended the driver may be the database
            self._handle_events()  # a strategy may have been at it for so long that others have ended meanwhile
        self.executor.stop()
        with suppress(EinspaceError):
            self._write()
            for running in list(self._running.values()):
                self._interrupt(running)

    def _watch(self, trial: Trial, epoch: int, score: float) -> bool:
        """Called by an executor's thread after each epoch; this driver's thread answers whether the trial goes on."""
        answer: Future[bool] = Future()
        self._events.put(partial(self._judge, trial, epoch, score, answer))
        while self._signal is None:
            try:
                return answer.result(POLL)
            except StillWaiting:
                continue
        return False

    def _judge(self, trial: Trial, epoch: int, score: float, answer: "Future[bool]") -> None:
        running = self._running.get((trial.phase, trial.number))
        answer.set_result(running is not None and self.store.report(trial, epoch, score))
        if running is not None:
            running.epoch, self._untold = epoch, running.phase
