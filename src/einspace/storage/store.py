"""StudyStore: the trials of a run in a database of Optuna's, and the only file that knows how they lie there.

A reported result is durable: neither the death of its driver nor a power cut a moment later can undo it. A trial is one record, stored
when it begins and again, whole, when it has ended. The search is an Optuna study under the run's name, with Optuna's states and values, so
that Optuna's tools show it; baselines and final trainings are a second study, `NAME/finals`.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from functools import partial
from threading import Event, Thread
from typing import Any, TypeVar

import optuna
from optuna.exceptions import ExperimentalWarning, StorageInternalError, UpdateFinishedTrialError
from optuna.pruners import BasePruner, NopPruner
from optuna.storages import RDBStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy.exc import SQLAlchemyError

from einspace.errors import DAMAGE, RunError, in_one_line
from einspace.evaluation.outcome import Outcome
from einspace.storage.database import Database, seconds_up
from einspace.storage.ledger import HERE, Ledger
from einspace.storage.records import RECORD, sealed, trial_of, unsealed
from einspace.trial import SEARCH, Trial, UnknownFieldError

HEARTBEAT = 15
"""Seconds between two signs of life of a running trial, where several drivers share a study."""

GRACE = 60
"""Seconds without a sign of life after which a trial's driver counts as dead."""

_STATES = {Outcome.OK: TrialState.COMPLETE, Outcome.PRUNED: TrialState.PRUNED}
"""Optuna's words for our outcomes; every other one is a failure."""

_T = TypeVar("_T")


class StudyStore:
    """The trials of a run. Used by one thread, beside which another one gives signs of life; several drivers may share it, if its database
    can be shared.

    Every method raises StorageError, which says why, for a database that cannot be used (any more), and RunError for one that is damaged.
    """

    def __init__(self, database: Database, storage: RDBStorage, higher_is_better: bool | None, pruner: BasePruner | None) -> None:
        self.database = database
        self._storage = storage
        self._mine: dict[tuple[str, int], int] = {}
        self.phases: dict[str, Ledger] = {}
        """Every phase that has trials."""
        direction = None if higher_is_better is None else StudyDirection.MAXIMIZE if higher_is_better else StudyDirection.MINIMIZE
        with self.asking():
            names = [database.study, f"{database.study}/finals"]
            if direction is None:
                known = self._ask(optuna.get_all_study_names, storage)
                names = [name for name in names if name in known]
                if database.study not in names:
                    raise _absent(database)
            self._shelves = [self._ask(_Shelf, storage, name, direction, pruner) for name in names]
        stored = [one for shelf in self._shelves for one in shelf.study.directions]
        if len(stored) != len(names) or {*stored, direction or stored[0]} != {stored[0]}:
            raise database.damaged("its studies have other directions than the run")
        self.sign = 1.0 if stored[0] == StudyDirection.MAXIMIZE else -1.0
        self.sync()

    @classmethod
    @contextmanager
    def open(cls, database: Database, higher_is_better: bool | None = None, pruner: BasePruner | None = None) -> Iterator["StudyStore"]:
        """Open a study, with Optuna's messages turned off meanwhile.

        A new study gets the direction `higher_is_better`; with None there must be one, and nothing is made. `pruner` judges the trials
        that are watched.
        """
        database.check()
        if higher_is_better is None and database.shared and not database.holds_study():
            raise _absent(database)
        storage: RDBStorage | None = None
        verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.CRITICAL)
        try:
            with database.alone(), undamaged(database):
                storage = _storage_of(database)
            store = cls(database, storage, higher_is_better, pruner)
            with store._living():
                yield store
        except ImportError as error:
            raise database.without_driver(error) from None
        except (SQLAlchemyError, StorageInternalError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and (type(error) is not RuntimeError or "version" not in str(error)):
                raise  # raised by the search itself; a plain RuntimeError of Optuna's is about the version of its tables
            raise database.unusable(error) from error
        finally:
            if storage is not None:
                storage.remove_session()
                storage.engine.dispose()
            optuna.logging.set_verbosity(verbosity)

    def phase(self, name: str) -> Ledger:
        """The trials of a phase."""
        return self.phases.setdefault(name, Ledger())

    def asking(self) -> AbstractContextManager[None]:
        """Keep other drivers from beginning trials while the block runs."""
        return self.database.alone(self._storage.engine)

    def sync(self) -> None:
        """Read the trials that are new or have ended."""
        for shelf in self._shelves:
            for frozen in self._ask(shelf.news):
                with undamaged(self.database):
                    self._take(shelf, frozen)

    def begin(self, trial: Trial) -> bool:
        """Store that a trial runs, and return whether it is ours: another driver may run it, or have ended it."""
        shelf, ledger = self._shelf(trial), self.phase(trial.phase)
        record = {RECORD: sealed(trial.to_json())}
        if self.database.shared:
            claimed = self._retry(lambda again: self._claim(shelf, record, again))
            if claimed is None:
                return False
            trial_id, number = claimed
            shelf.own.add(number)
            self.sync()
            if ledger.attempts(trial.number) - {HERE}:
                self._drop_twins(shelf, record)
            others = ledger.attempts(trial.number) - {HERE}
            if ledger.has_ended(trial.number) or (others and min(others) < number):
                self._set(trial_id, TrialState.FAIL)  # the lock was lost with its connection, and another driver was faster
                return False
        else:
            self.database.check_held()
            trial_id = self._ask(self._storage.create_new_trial, shelf.id, create_trial(state=TrialState.RUNNING, user_attrs=record))
        self._mine[trial.phase, trial.number] = trial_id
        ledger.begin(trial)
        return True

    def end(self, trial: Trial) -> bool:
        """Store the evaluation of a trial of ours; False if another driver took ours for dead and has the trial now."""
        trial_id = self._mine.pop((trial.phase, trial.number))
        record = sealed(trial.to_json())
        state, values = _end_of(trial)

        def action(again: bool) -> bool:
            try:
                self._storage.set_trial_user_attr(trial_id, RECORD, record)
                self._storage.set_trial_state_values(trial_id, state, values)
            except UpdateFinishedTrialError:
                stored = self._storage.get_trial(trial_id)
                return again and stored.state == state and stored.user_attrs.get(RECORD) == record
            return True

        return self._retry(action)

    def interrupt(self, trial: Trial) -> None:
        """Store that a trial of ours was given up before its end, so that it can be tried again at once."""
        self.phase(trial.phase).interrupt(trial)
        if (trial_id := self._mine.pop((trial.phase, trial.number), None)) is not None:
            self._set(trial_id, TrialState.FAIL)

    def report(self, trial: Trial, epoch: int, score: float) -> bool:
        """Store the score of an epoch, and say whether the pruner lets the trial go on; one that is not ours any more is given up."""
        trial_id, shelf = self._mine.get((trial.phase, trial.number)), self._shelf(trial)
        if trial_id is None:
            return False

        def action(_: bool) -> bool:
            self._storage.set_trial_intermediate_value(trial_id, epoch, score)
            return not optuna.Trial(shelf.study, trial_id).should_prune()

        try:
            return self._retry(action)
        except UpdateFinishedTrialError:
            return False

    def beat(self) -> None:
        """Give a sign of life for every trial of ours; one that a server does not take is repeated soon anyway."""
        if self.database.shared:
            for trial_id in self._mine.values():
                self.database.outage.attempt(partial(self._storage.record_heartbeat, trial_id))

    @contextmanager
    def _living(self) -> Iterator[None]:
        """Give signs of life from a thread of its own: the main one may be asking a strategy, or waiting for its turn to ask."""
        over = Event()

        def live() -> None:
            while not over.wait(HEARTBEAT):
                for trial_id in list(self._mine.values()):
                    with suppress(SQLAlchemyError, StorageInternalError):  # `beat` says that a server is away
                        self._storage.record_heartbeat(trial_id)
            self._storage.remove_session()

        if not self.database.shared:
            yield
            return
        thread = Thread(target=live, name="einspace-heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(HEARTBEAT)

    def rescue(self) -> None:
        """Fail the trials of dead drivers, so that they can be tried again, and read what is new.

        A file has one driver, which calls this before it begins any. On a server, a trial without a sign of life for `GRACE` seconds is
        stale, but not within that time after an outage.
        """
        if not self.database.shared:
            for shelf in self._shelves:
                for frozen in self._ask(shelf.of, TrialState.RUNNING):
                    self._close(shelf, frozen)
        else:
            with self.asking():
                if self.database.outage.calm_for(GRACE) and self._ask(seconds_up, self._storage.engine) > GRACE:
                    for shelf in self._shelves:
                        with warnings.catch_warnings():
                            warnings.simplefilter("ignore", ExperimentalWarning)
                            self._ask(optuna.storages.fail_stale_trials, shelf.study)
                        for frozen in self._ask(shelf.of, TrialState.WAITING):  # its driver, which held the lock, died before the trial ran
                            if RECORD in frozen.user_attrs:
                                self._set(self._id(shelf, frozen), TrialState.FAIL)
        self.sync()

    def note(self, name: str, record: Mapping[str, Any]) -> None:
        """Store a note about the run as a whole; it replaces the one of that name."""
        self._ask(self._shelves[0].study.set_user_attr, name, sealed(record))

    def notes(self) -> dict[str, dict[str, Any]]:
        """The notes about the run as a whole, by name."""
        stored = self._ask(self._storage.get_study_user_attrs, self._shelves[0].id)
        with undamaged(self.database):
            return {name: unsealed(value) for name, value in stored.items()}

    def _take(self, shelf: "_Shelf", frozen: FrozenTrial) -> None:
        """Read the state of a trial of ours from an attempt in Optuna's study."""
        trial = trial_of(frozen.number, frozen.state.name, frozen.value, frozen.user_attrs)
        if trial is None:
            return
        ledger = self.phase(trial.phase)
        attempt = HERE if frozen.number in shelf.own else frozen.number
        if frozen.state in (TrialState.WAITING, TrialState.RUNNING):  # a waiting one runs soon, even if its driver has lost the lock
            ledger.begin(trial if trial.evaluation is None else _begun(trial), attempt)
        elif trial.outcome is not None and frozen.state == _end_of(trial)[0]:
            ledger.end(trial)
        else:
            ledger.interrupt(_begun(trial), attempt)

    def _claim(self, shelf: "_Shelf", record: dict[str, Any], again: bool) -> tuple[int, int] | None:
        """Make a trial that waits, give it a sign of life, and let it run: so no trial runs without one. Gives its id and number.

        None where the lock of asking was lost before one was made: another driver may have this trial by now.
        """
        found = next((frozen for frozen in shelf.of(TrialState.WAITING, TrialState.RUNNING) if frozen.user_attrs == record), None)
        if again and found is not None:  # only the server's answer was lost
            trial_id = self._id(shelf, found)
        elif not self.database.is_alone():
            return None
        else:
            trial_id = self._storage.create_new_trial(shelf.id, create_trial(state=TrialState.WAITING, user_attrs=record))
        self._storage.record_heartbeat(trial_id)
        self._storage.set_trial_state_values(trial_id, TrialState.RUNNING)
        return trial_id, self._storage.get_trial_number_from_id(trial_id)

    def _drop_twins(self, shelf: "_Shelf", record: dict[str, Any]) -> None:
        """Fail other trials of Optuna's for the same attempt, which it made when the server's answer was lost and it asked again."""
        for frozen in shelf.of(TrialState.WAITING):
            if frozen.user_attrs == record:
                self._set(self._id(shelf, frozen), TrialState.FAIL)
        self.sync()

    def _close(self, shelf: "_Shelf", frozen: FrozenTrial) -> None:
        """End a trial that a dead driver left running: with its result, if that was stored a moment before, else as interrupted."""
        with undamaged(self.database):
            end = _end_of(Trial.from_json(unsealed(frozen.user_attrs[RECORD])))
        self._set(self._id(shelf, frozen), *end)

    def _set(self, trial_id: int, state: TrialState, values: list[float] | None = None) -> None:
        with suppress(UpdateFinishedTrialError):  # ended already, by another driver or by an earlier try
            self._ask(self._storage.set_trial_state_values, trial_id, state, values)

    def _id(self, shelf: "_Shelf", frozen: FrozenTrial) -> int:
        return self._ask(self._storage.get_trial_id_from_study_id_trial_number, shelf.id, frozen.number)

    def _shelf(self, trial: Trial) -> "_Shelf":
        return self._shelves[0 if trial.phase == SEARCH else 1]

    def _ask(self, function: Callable[..., _T], *arguments: Any) -> _T:
        """Call a function as often as a server needs it."""
        return self._retry(lambda _: function(*arguments))

    def _retry(self, action: Callable[[bool], _T]) -> _T:
        """Call an action as often as a server needs it; its argument says whether an earlier call may have succeeded."""
        try:
            with undamaged(self.database):
                return self.database.outage.survive(action) if self.database.shared else action(False)
        except (SQLAlchemyError, StorageInternalError) as error:
            raise self.database.unusable(error) from error


class _Shelf:
    """One study of Optuna's; how far it was read, and which of its trials are this driver's."""

    def __init__(self, storage: RDBStorage, name: str, direction: StudyDirection | None, pruner: BasePruner | None) -> None:
        sampler, judge = optuna.samplers.RandomSampler(seed=0), pruner or NopPruner()
        if direction is not None:
            optuna.create_study(study_name=name, storage=storage, direction=direction, load_if_exists=True)
        self.study = optuna.load_study(study_name=name, storage=storage, sampler=sampler, pruner=judge)
        self.id = storage.get_study_id_from_name(name)
        self.own: set[int] = set()
        self._read = 0
        self._unfinished: set[int] = set()

    def news(self) -> list[FrozenTrial]:
        """Trials that are new or were unfinished the last time; raises ValueError if one is missing."""
        trials = self.study.get_trials(deepcopy=False)
        numbers = [*sorted(self._unfinished), *range(self._read, len(trials))]
        found = [trials[number] for number in numbers]
        if any(trial.number != number for trial, number in zip(found, numbers, strict=True)):
            raise ValueError("trials of the study are missing")
        self._read = len(trials)
        self._unfinished = {trial.number for trial in found if not trial.state.is_finished()}
        return found

    def of(self, *states: TrialState) -> list[FrozenTrial]:
        """Trials in one of some states."""
        return self.study.get_trials(deepcopy=False, states=states)


@contextmanager
def undamaged(database: Database) -> Iterator[None]:
    """Turn whatever makes no sense in a database into one line."""
    try:
        yield
    except UnknownFieldError as error:
        raise RunError(f"the database {database} cannot be used: {in_one_line(error)}") from None
    except DAMAGE as error:
        raise database.damaged(in_one_line(error)) from error


def _absent(database: Database) -> RunError:
    return RunError(f"the database {database} holds no study {database.study!r}")


def _storage_of(database: Database) -> RDBStorage:
    signs: dict[str, Any] = {"heartbeat_interval": HEARTBEAT, "grace_period": GRACE} if database.shared else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return RDBStorage(database.url.render_as_string(hide_password=False), database.options, **signs)


def _end_of(trial: Trial) -> tuple[TrialState, list[float] | None]:
    """A trial's end in Optuna's words: one that has none was interrupted, and failed."""
    state = TrialState.FAIL if trial.outcome is None else _STATES.get(trial.outcome, TrialState.FAIL)
    return state, None if trial.value is None else [trial.value]


def _begun(trial: Trial) -> Trial:
    """A trial as it was before its end, which does not count."""
    return replace(trial, evaluation=None, fitness=None, reused=None, ended=None)
