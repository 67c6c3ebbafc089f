"""Following: what is known of a study, brought up to date with what other drivers do to it."""

import threading
import warnings

import optuna
from optuna.study import StudyDirection
from optuna.trial import TrialState

from einspace.storage import Database
from einspace.study.ledger import Ledger

POLL = 1.0
"""Seconds between two looks at what other drivers have done, where nothing else is left to do."""


class FollowedStudy(optuna.Study):
    """A study of Optuna's with the ledger of its trials, under one lock. Several drivers may share it, if its database can be shared.

    `_asking` is held by whoever adds or takes over trials, beside the database's own lock for drivers elsewhere.
    """

    def __init__(
        self,
        study: optuna.Study,
        storage: optuna.storages.BaseStorage,
        database: Database,
        pruner: optuna.pruners.BasePruner | None = None,
    ) -> None:
        super().__init__(study.study_name, storage, optuna.samplers.RandomSampler(seed=0), pruner or optuna.pruners.NopPruner())
        self.sign = 1.0 if study.direction == StudyDirection.MAXIMIZE else -1.0
        self.database = database
        self.ledger = Ledger(self.sign)
        self._asking = threading.Lock()
        self._lock = threading.RLock()  # of the ledger and of what is below
        self._changed = threading.Condition(self._lock)
        self._own: set[int] = set()
        self._untold: set[int] = set()

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
