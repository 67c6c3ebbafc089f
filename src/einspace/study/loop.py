"""The loop of a study: Optuna's trials, asked of a strategy one at a time and evaluated by an executor."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import asdict
from random import Random
from time import perf_counter
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import Trial, TrialState, create_trial

from einspace.executors import Executor
from einspace.result import Progress
from einspace.storage import Database
from einspace.storage.backup import Backups
from einspace.storage.shared import Outdated
from einspace.strategies import Strategy
from einspace.study.following import POLL
from einspace.study.scoring import Job, ScoredStudy, Unscored

SPARE = 16
"""Trials, at most, that wait for another trial's score beside those that have a worker."""


class _NothingLeft(Exception):
    """Every architecture has been proposed, and nobody's evaluation has to be taken over."""


class Loop(ScoredStudy):
    """A study that asks the strategy whenever Optuna asks for a trial, under one lock, which several drivers share.

    Trials are numbered by `position`: how many architectures were proposed before. It is Optuna's number in a run that was never
    interrupted. A trial that was keeps its position and its architecture, hence its chance and its age, as if nothing had happened.
    As soon as an evaluation has ended, the next trial is asked for.
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
        super().__init__(study, storage, database, executor, seed, workers, progress, pruner)
        self.strategy = strategy

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
                self.optimize(self._objective, n_jobs=threads, catch=(Unscored,), callbacks=[self._tell_progress])
            except _NothingLeft:
                pass
            except optuna.exceptions.UpdateFinishedTrialError:
                pass  # another driver took this one for dead, and has the trial now
            except Exception as error:
                if self._failure is None and not _was_taken(error):  # else it is only what Optuna makes of a trial that cannot be told
                    raise
            if self._failure is not None:  # Optuna looks at none of its threads once it was told to stop
                raise self._failure
            if not self.stopping:
                self._take_stock()

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
            self._jobs[trial.number] = Job(known, future, ended, twin)
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


def _was_taken(error: BaseException | None) -> bool:
    """Whether Optuna noticed, when it was told of a trial, that another driver has ended that; an AssertionError may lie over it."""
    while error is not None and not (isinstance(error, ValueError) and str(error).startswith("Cannot tell")):
        error = error.__context__
    return error is not None


_PROPOSED = frozenset(
    ("text", "key", "parameters", "origin", "parents", "place", "flops", "activation_bytes", "proposing", "seed", "position")
)
"""What is known of a trial when it is proposed, and what it keeps when it is tried again."""

__all__ = ["SPARE", "Loop", "Progress"]
