"""Scoring: where the scores of a study's trials come from, and what is stored of an evaluation."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.trial import FrozenTrial, Trial

from einspace.errors import SettingError
from einspace.evaluation.outcome import Evaluation, Outcome, Request
from einspace.executors import Executor
from einspace.result import INTERRUPTED, Progress, Row, found_of, row_of
from einspace.storage import Database
from einspace.storage.backup import Backups
from einspace.study.following import POLL, FollowedStudy
from einspace.study.pruning import watch
from einspace.study.timing import Clock


class Unscored(Exception):
    """The trial ended without a score; its attributes say why."""


@dataclass(frozen=True)
class Job:
    """Where the score of a trial comes from: an evaluation of its own, a trial that has ended, or the position of one that will."""

    known: Mapping[str, Any]
    future: "Future[Evaluation] | None" = None
    ended: Row | None = None
    twin: int | None = None


class ScoredStudy(FollowedStudy):
    """A study whose trials get their scores from workers: each one from an evaluation of its own, or from another trial of the same key.

    `workers` evaluations run at a time. A trial whose score another one is about to get waits beside them.
    """

    def __init__(
        self,
        study: optuna.Study,
        storage: optuna.storages.BaseStorage,
        database: Database,
        executor: Executor,
        seed: int,
        workers: int,
        progress: Callable[[Progress], None] | None = None,
        pruner: optuna.pruners.BasePruner | None = None,
    ) -> None:
        super().__init__(study, storage, database, pruner)
        database.outage.when_lost = self._fail
        self.executor = executor
        self.seed = seed
        self.workers = workers
        self.progress = progress
        self.stopping = False
        self.total = 0
        self.clock = Clock(workers)
        self._prunes = pruner is not None
        self._free = threading.Semaphore(workers)
        self._jobs: dict[int, Job] = {}
        self._backups: Backups | None = None
        self._failure: BaseException | None = None

    def halt(self) -> None:
        """Give up all evaluations; trials that have not ended are interrupted."""
        self.stopping = True
        self.database.outage.hurry()
        self.executor.stop()
        with self._changed:
            self._changed.notify_all()

    def _fail(self, error: BaseException) -> None:
        """The search cannot go on: nobody needs to wait for what is being evaluated."""
        self._failure = self._failure or error
        self.halt()

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
            evaluation = self._result(future)
            return self._end(trial, job.known, found_of(evaluation), evaluation.value)
        except CancelledError:
            with self._lock:
                self.ledger.interrupt(trial.number, job.known)
            with suppress(optuna.exceptions.UpdateFinishedTrialError):
                trial.set_user_attr("outcome", INTERRUPTED)
            self.stop()
            raise Unscored from None
        except (Unscored, optuna.TrialPruned, optuna.exceptions.UpdateFinishedTrialError):
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

    def _await(self, job: Job) -> Row | None:
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
        found: dict[str, Any] = {"reused": twin.number} | ({} if twin.latency is None else {"latency": twin.latency})
        if twin.outcome != Outcome.OK.value:
            found["reason"] = twin.reason or f"as trial {twin.number}"
        return self._end(trial, known, {**found, "outcome": twin.outcome}, twin.value)

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
            raise Unscored(row.outcome)
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
