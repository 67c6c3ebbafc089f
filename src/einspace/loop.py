"""The loop of a study: Optuna's trials, asked of a strategy one at a time and evaluated by an executor."""

import threading
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import asdict, dataclass
from math import isfinite
from random import Random
from time import perf_counter
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from einspace.backup import Backups
from einspace.errors import SettingError
from einspace.evaluation.outcome import Evaluation, Outcome, Request
from einspace.executors import Executor
from einspace.ledger import Ledger
from einspace.pruning import watch
from einspace.result import INTERRUPTED, Row, row_of
from einspace.shared import Outdated
from einspace.storage import Database
from einspace.strategies import Strategy
from einspace.timing import Clock

POLL = 1.0
"""Seconds between two looks at what other drivers have done, where nothing else is left to do."""

SPARE = 16
"""Trials, at most, that wait for another trial's score beside those that have a worker."""


@dataclass(frozen=True)
class Progress:
    """What a search tells while it runs: how far the phase ("search" or "final") is, and the trial that has just ended, if one has."""

    phase: str
    done: int
    total: int
    best: float | None
    row: Row | None = None


class _Unscored(Exception):
    """The trial ended without a score; its attributes say why."""


class _NothingLeft(Exception):
    """Every architecture has been proposed, and nobody's evaluation has to be taken over."""


@dataclass(frozen=True)
class _Job:
    """Where the score of a trial comes from: an evaluation of its own, a trial that has ended, or the position of one that will."""

    known: Mapping[str, Any]
    future: "Future[Evaluation] | None" = None
    ended: Row | None = None
    twin: int | None = None


class Loop(optuna.Study):
    """A study that asks the strategy whenever Optuna asks for a trial, under one lock, which several drivers share.

    Trials are numbered by `position`: how many architectures were proposed before. It is Optuna's number in a run that was never
    interrupted. A trial that was keeps its position and its architecture, hence its chance and its age, as if nothing had happened.

    `workers` evaluations run at a time, and as soon as one has ended, the next one is asked for. A trial whose score another one is about
    to get waits beside them.
    """

    def __init__(
        self,
        study: optuna.Study,
        storage: optuna.storages.BaseStorage,
        database: Database,
        strategy: Strategy,
        executor: Executor,
        seed: int,
        workers: int,
        progress: Callable[[Progress], None] | None = None,
        pruner: optuna.pruners.BasePruner | None = None,
    ) -> None:
        super().__init__(study.study_name, storage, optuna.samplers.RandomSampler(seed=0), pruner or optuna.pruners.NopPruner())
        self.sign = 1.0 if study.direction == StudyDirection.MAXIMIZE else -1.0
        self.database = database
        database.outage.when_lost = self._fail
        self.strategy = strategy
        self.executor = executor
        self.seed = seed
        self.workers = workers
        self.progress = progress
        self.stopping = False
        self.total = 0
        self.clock = Clock(workers)
        self._backups: Backups | None = None
        self.ledger = Ledger(self.sign)
        self._prunes = pruner is not None
        self._free = threading.Semaphore(workers)
        self._asking = threading.Lock()
        self._lock = threading.RLock()  # of the ledger and of what is below
        self._changed = threading.Condition(self._lock)
        self._jobs: dict[int, _Job] = {}
        self._own: set[int] = set()
        self._untold: set[int] = set()
        self._failure: BaseException | None = None

    def run(self, trials: int) -> None:
        """Evaluate until `trials` architectures have an outcome; what was interrupted comes first.

        Where several drivers share the study, this one stays as long as a trial runs somewhere: it may have to take it over.
        """
        self._take_stock()
        with self._lock:
            self.total = max(trials, self.ledger.next)
        if self.database.file is not None:
            self._backups = Backups(self.database.file, len(self.ledger.rows))
        threads = self.workers if self.workers == 1 else self.workers + SPARE
        while not self.stopping and len(self.ledger.rows) < self.total:
            try:
                self.optimize(self._objective, n_jobs=threads, catch=(_Unscored,), callbacks=[self._tell_progress])
            except _NothingLeft:
                pass
            except optuna.exceptions.UpdateFinishedTrialError:
                pass  # another driver took this one for dead, and has the trial now
            except ValueError as error:
                if not str(error).startswith("Cannot tell"):  # the same, noticed by Optuna
                    raise
            except Exception:
                if self._failure is None:  # else it is only what Optuna makes of a trial that cannot be told
                    raise
            if self._failure is not None:  # Optuna looks at none of its threads once it was told to stop
                raise self._failure
            if not self.stopping:
                self._take_stock()

    def halt(self) -> None:
        """Give up all evaluations; trials that have not ended are interrupted."""
        self.stopping = True
        self.database.outage.hurry()
        self.executor.stop()
        with self._changed:
            self._changed.notify_all()

    def ask(self, fixed_distributions: dict[str, BaseDistribution] | None = None) -> Trial:
        """Optuna's next trial with an architecture to it, on its way to a worker, once one is free.

        Two threads or drivers that ask at once could be handed the same position: all of it is under one lock.
        """
        self._free.acquire()
        try:
            while not self.stopping:
                with self._asking, self.database.asking():
                    self._learn()
                    try:
                        trial = self._begin()
                    except Outdated:
                        continue
                if trial is not None:
                    if self._jobs[trial.number].future is None:
                        self._free.release()
                    return trial
                self.clock.exhausted()
                with self._changed:
                    if not self.ledger.running() - self._own:
                        break
                    self._changed.wait(POLL)
                self._rescue()
            raise _NothingLeft
        except BaseException as error:
            self._free.release()
            if not isinstance(error, _NothingLeft):
                self._fail(error)
            raise

    def _fail(self, error: BaseException) -> None:
        """The search cannot go on: nobody needs to wait for what is being evaluated."""
        self._failure = self._failure or error
        self.halt()

    def _begin(self) -> Trial | None:
        """Start the next position, an interrupted one first; None if there is none."""
        with self._lock:
            known = self.ledger.interrupted()
            position = self.ledger.next
        if known is None:
            if position >= self.total:
                return None
            known = self._propose(position)
        else:
            known = {name: known[name] for name in known if name in _PROPOSED}
        with self._lock:
            ended, twin = self.ledger.settled.get(known["key"]), self.ledger.evaluating(known["key"])
        made: Future[Trial] = Future()
        future = self._submit(made, known) if ended is None and twin is None else None  # first: the worker need not wait for the disk
        try:
            trial = self._make(known)
        except BaseException as error:
            made.set_exception(error)
            if future is not None and isinstance(error, Outdated):
                future.cancel()
                self.clock.evaluated(0.0)
            raise
        made.set_result(trial)
        with self._lock:
            self.ledger.begin(trial.number, known)
            self._own.add(known["position"])
            self._jobs[trial.number] = _Job(known, future, ended, twin)
        return trial

    def _make(self, known: Mapping[str, Any]) -> Trial:
        """Store a trial that runs, with all that is known of it; raises Outdated if another driver's is not known here."""
        template = create_trial(state=TrialState.RUNNING, user_attrs=dict(known))
        if self.database.shared:  # its number tells that nobody has made one meanwhile
            template.number = self.ledger.read
        return Trial(self, self._storage.create_new_trial(self._study_id, template))

    def _propose(self, position: int) -> dict[str, Any]:
        clock = perf_counter()
        with self._lock:
            history = tuple(self.ledger.individuals)
        proposal = self.strategy.propose(position, history, Random(f"{self.seed}:{position}"))
        return {**asdict(proposal), "proposing": perf_counter() - clock, "seed": self.seed, "position": position}

    def _submit(self, made: "Future[Trial]", known: Mapping[str, Any]) -> "Future[Evaluation]":
        request = Request(known["text"], final=False, seed=self.seed)
        self.clock.submitted()
        try:
            return self.executor.submit(request, watch(made)) if self._prunes else self.executor.submit(request)
        except SettingError:
            if not self.stopping:
                raise
            future: Future[Evaluation] = Future()
            future.cancel()
            return future

    def _objective(self, trial: Trial) -> float:
        """Wait for the score of a trial and store what came of it."""
        job = self._jobs.pop(trial.number)
        try:
            future = job.future
            if future is None:
                row = job.ended or self._await(job)
                if row is not None:
                    return self._copy(trial, job.known, row)
                self._free.acquire()
                made: Future[Trial] = Future()
                made.set_result(trial)
                future = self._submit(made, job.known)
            return self._store(trial, job.known, self._result(future))
        except CancelledError:
            with self._lock:
                self.ledger.interrupt(trial.number, job.known)
            with suppress(optuna.exceptions.UpdateFinishedTrialError):
                trial.set_user_attr("outcome", INTERRUPTED)
            self.stop()
            raise _Unscored from None
        except (_Unscored, optuna.TrialPruned, optuna.exceptions.UpdateFinishedTrialError):
            raise
        except BaseException as error:
            self._fail(error)
            raise
        finally:
            with self._changed:
                self._own.discard(job.known["position"])
                self._changed.notify_all()

    def _result(self, future: "Future[Evaluation]") -> Evaluation:
        """What came of an evaluation; its worker is free for the next one at once."""
        seconds = 0.0
        try:
            evaluation = future.result()
            seconds = evaluation.seconds.total
            return evaluation
        finally:
            self.clock.evaluated(seconds)
            self._free.release()

    def _await(self, job: _Job) -> Row | None:
        """What comes of the position that evaluates the same key; None if it is interrupted. Raises CancelledError if this driver ends."""
        twin = -1 if job.twin is None else job.twin
        while not self.stopping:
            with self._changed:
                if twin in self.ledger.rows:
                    return self.ledger.rows[twin]
                if not self.ledger.is_running(twin):
                    return None
                self._changed.wait(POLL)
                elsewhere = twin not in self._own
            if elsewhere:
                self._rescue()
        raise CancelledError

    def _copy(self, trial: Trial, known: Mapping[str, Any], twin: Row) -> float:
        """The outcome of another trial with the same canonical key."""
        found: dict[str, Any] = {"reused": twin.number}
        if twin.outcome != Outcome.OK.value:
            found["reason"] = twin.reason or f"as trial {twin.number}"
        return self._end(trial, known, {**found, "outcome": twin.outcome}, twin.value)

    def _store(self, trial: Trial, known: Mapping[str, Any], evaluation: Evaluation) -> float:
        outcome = evaluation.outcome
        if outcome == Outcome.OK and evaluation.value is None:
            outcome = Outcome.ERROR
        found: dict[str, Any] = {
            "seconds": asdict(evaluation.seconds),
            "losses": finite(evaluation.epochs),
            "scores": finite(evaluation.scores),
            "attempts": evaluation.attempts if evaluation.attempts != 1 else None,
            "device": evaluation.device,
            "reason": evaluation.reason,
            "traceback": evaluation.traceback,
            "outcome": outcome.value,
        }
        return self._end(trial, known, {name: value for name, value in found.items() if value}, evaluation.value)

    def _end(self, trial: Trial, known: Mapping[str, Any], found: Mapping[str, Any], value: float | None) -> float:
        """Remember what came of a trial and store it."""
        row = row_of({**known, **found}, value)
        with self._changed:
            self._untold.add(row.number)
            self.ledger.end(row)
            self._changed.notify_all()
        self.database.write(trial._trial_id, found)
        if row.outcome == Outcome.PRUNED.value:
            raise optuna.TrialPruned
        if row.value is None:
            raise _Unscored(row.outcome)
        return row.value

    def _tell_progress(self, _: optuna.Study, trial: FrozenTrial) -> None:
        """After a trial is stored; one thread at a time."""
        with self._lock:
            row = self.ledger.rows.get(trial.user_attrs.get("position", -1))
            self._untold.discard(-1 if row is None else row.number)
            done = len(self.ledger.rows) - len(self._untold)
            if row is not None and self.progress is not None:
                best = self.ledger.best
                self.progress(Progress("search", done, self.total, None if best is None else best.value, row))
        if self._backups is not None:
            self._backups.after(done)

    def _take_stock(self) -> None:
        """While this driver runs nothing: fail what drivers left that do not live any more, and believe the database."""
        if self.database.shared:
            self._rescue()
        else:
            for trial in self.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
                self._storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
        trials = self.get_trials(deepcopy=False)
        with self._lock:
            self.ledger = Ledger(self.sign)
            self.ledger.update(trials)
            self._untold.clear()

    def _learn(self) -> None:
        """Read what other drivers have done; where there are none, the ledger knows everything already."""
        if self.database.shared:
            trials = self.get_trials(deepcopy=False)
            with self._changed:
                self.ledger.update(trials)
                self._changed.notify_all()

    def _rescue(self) -> None:
        """Fail the trials of drivers that are dead, so that they can be tried again, and read what is new."""
        if not self.database.shared:
            return
        with self._asking, self.database.asking():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                optuna.storages.fail_stale_trials(self)
            self._learn()


_PROPOSED = frozenset(
    ("text", "key", "parameters", "origin", "parents", "place", "flops", "activation_bytes", "proposing", "seed", "position")
)
"""What is known of a trial when it is proposed, and what it keeps when it is tried again."""


def finite(values: tuple[float, ...]) -> list[float | None]:
    """Numbers as JSON can hold them."""
    return [value if isfinite(value) else None for value in values]
