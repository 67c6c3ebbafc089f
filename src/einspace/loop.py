"""The loop of a study: Optuna's trials, asked of a strategy one at a time and evaluated by an executor."""

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import asdict, dataclass
from math import isfinite
from random import Random
from time import perf_counter
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState

from einspace.errors import SettingError
from einspace.evaluation.outcome import Evaluation, Outcome, Request
from einspace.executors import Executor
from einspace.result import INTERRUPTED, Row, best_of, ended, rows
from einspace.strategies import Individual, Strategy

_PROPOSED = ("text", "key", "origin", "parents", "parameters", "proposing", "position")
"""What a trial knows once it is proposed, in the order in which it is stored: a trial without a position was never proposed."""


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


@dataclass(frozen=True)
class _Job:
    """Where a trial's score comes from: an evaluation, which another trial may have asked for, or an earlier trial."""

    future: "Future[Evaluation] | None"
    twin: int | None
    value: float | None = None


class Loop(optuna.Study):
    """A study that asks the strategy whenever Optuna asks for a trial, under one lock.

    Trials are numbered by `position`: how many architectures were proposed before. It is Optuna's number in a run that was never
    interrupted. A trial that was keeps its position and its architecture, hence its chance and its age, as if nothing had happened.
    """

    def __init__(
        self,
        study: optuna.Study,
        storage: optuna.storages.BaseStorage,
        strategy: Strategy,
        executor: Executor,
        seed: int,
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        super().__init__(study.study_name, storage, sampler=optuna.samplers.RandomSampler(seed=0))
        self.sign = 1.0 if study.direction == StudyDirection.MAXIMIZE else -1.0
        self.strategy = strategy
        self.executor = executor
        self.seed = seed
        self.progress = progress
        self.stopping = False
        self.evaluating = 0.0
        self.total = 0
        self._lock = threading.RLock()
        self._jobs: dict[int, _Job] = {}
        self._asked: dict[str, tuple[int, Future[Evaluation]]] = {}

    def run(self, trials: int, workers: int) -> None:
        """Evaluate until `trials` architectures have an outcome; what an earlier driver left unfinished comes first."""
        waiting = self._requeue()
        missing = waiting + max(0, trials - self._next())
        self.total = len(rows(self.get_trials(deepcopy=False))) + missing
        if missing:
            self.optimize(self._objective, n_trials=missing, n_jobs=workers, catch=(_Unscored,), callbacks=[self._tell_progress])

    def ask(self, fixed_distributions: dict[str, BaseDistribution] | None = None) -> Trial:
        """Optuna's next trial with an architecture to it, on its way to a worker.

        All of it under one lock: two threads that ask at once on SQLite can be handed the same waiting trial.
        """
        with self._lock:
            trial = super().ask(fixed_distributions)
            known = trial.user_attrs
            if "position" not in known:
                known = self._propose()
                for name in _PROPOSED:
                    trial.set_user_attr(name, known[name])
            self._jobs[trial.number] = self._job(known)
            return trial

    def _propose(self) -> dict[str, Any]:
        clock = perf_counter()
        position = self._next()
        proposal = self.strategy.propose(position, self._history(), Random(f"{self.seed}:{position}"))
        return {**asdict(proposal), "proposing": perf_counter() - clock, "position": position}

    def _job(self, known: dict[str, Any]) -> _Job:
        """The same key is never trained twice: not if it has a score, and not while another trial is about to get one."""
        for individual in self._history():
            if individual.key == known["key"]:
                return _Job(None, individual.number, self.sign * individual.fitness)
        position, future = self._asked.get(known["key"], (None, None))
        if future is not None and not _failed(future):
            return _Job(future, position)
        try:
            future = self.executor.submit(Request(known["text"], final=False, seed=self.seed))
        except SettingError:
            if not self.stopping:
                raise
            future = Future()
            future.cancel()
        self._asked[known["key"]] = (known["position"], future)
        return _Job(future, None)

    def _objective(self, trial: Trial) -> float:
        """Wait for the score of a trial and store what came of it."""
        job = self._jobs.pop(trial.number)
        if job.value is not None or job.future is None:
            trial.set_user_attr("reused", job.twin)
            trial.set_user_attr("outcome", Outcome.OK.value)
            return job.value or 0.0
        try:
            evaluation = job.future.result()
        except CancelledError:
            trial.set_user_attr("outcome", INTERRUPTED)
            self.stop()
            raise _Unscored from None
        with self._lock:
            return self._store(trial, evaluation, job.twin)

    def _store(self, trial: Trial, evaluation: Evaluation, twin: int | None) -> float:
        good = evaluation.outcome == Outcome.OK and evaluation.value is not None
        if good and twin is not None:
            trial.set_user_attr("reused", twin)
        elif twin is None:
            self.evaluating += evaluation.seconds.total
            trial.set_user_attr("seconds", asdict(evaluation.seconds))
        for name, value in (("reason", evaluation.reason), ("traceback", evaluation.traceback), ("losses", losses(evaluation))):
            if value:
                trial.set_user_attr(name, value)
        trial.set_user_attr("outcome", evaluation.outcome.value)
        if not good or evaluation.value is None:
            raise _Unscored(evaluation.outcome.value)
        return evaluation.value

    def _tell_progress(self, _: optuna.Study, trial: FrozenTrial) -> None:
        """After a trial is stored; one thread at a time."""
        if self.progress is None or not ended(trial):
            return
        with self._lock:
            history = rows(self.get_trials(deepcopy=False))
            best = best_of(history, self.sign > 0)
            self.progress(Progress("search", len(history), self.total, best.value if best else None, rows([trial])[0]))

    def _history(self) -> list[Individual]:
        """What the strategy may know: the trials that ended well, by position."""
        good = [trial for trial in self.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)) if ended(trial)]
        return sorted(
            (Individual(t.user_attrs["position"], t.user_attrs["text"], t.user_attrs["key"], self.sign * (t.value or 0.0)) for t in good),
            key=lambda individual: individual.number,
        )

    def _next(self) -> int:
        """The first position that was never proposed."""
        return 1 + max((trial.user_attrs.get("position", -1) for trial in self.get_trials(deepcopy=False)), default=-1)

    def _requeue(self) -> int:
        """Fail what an earlier driver left running, and queue every architecture that has no outcome yet; returns how many wait."""
        for trial in self.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            self._storage.set_trial_user_attr(trial._trial_id, "outcome", INTERRUPTED)
            self.tell(trial.number, state=TrialState.FAIL)
        trials = self.get_trials(deepcopy=False)
        proposed = {trial.user_attrs["position"]: trial for trial in trials if "position" in trial.user_attrs}
        settled = {t.user_attrs.get("position") for t in trials if ended(t) or t.state == TrialState.WAITING}
        for position in sorted(set(proposed) - settled):
            known = proposed[position].user_attrs
            self.enqueue_trial({}, user_attrs={name: known[name] for name in _PROPOSED})
        return len(self.get_trials(deepcopy=False, states=(TrialState.WAITING,)))


def losses(evaluation: Evaluation) -> list[float | None]:
    """The losses of the epochs, as JSON can hold them."""
    return [loss if isfinite(loss) else None for loss in evaluation.epochs]


def _failed(future: "Future[Evaluation]") -> bool:
    """Whether an evaluation is over and has no score to reuse."""
    return future.cancelled() or (future.done() and future.result().outcome != Outcome.OK)
