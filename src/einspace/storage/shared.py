"""SharedStorage: Optuna's storage on a server, which may be away for a while, for drivers that may be taken for dead meanwhile."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import text
from sqlalchemy.orm import Session

from einspace.storage.outage import Outage

_CONNECTION = {
    "options": "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3",
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "connect_timeout": 10,
}
"""Server and driver notice within a minute that the other's machine is gone: else its locks, or our waiting, would outlive it by hours."""


class Outdated(Exception):
    """Another driver has made a trial since this one read them: the lock of asking was lost with its connection."""


class SharedStorage(RDBStorage):
    """Waits for a server that is away (see `Outage`), and does nothing twice if only the server's answer was lost.

    A new trial and its first sign of life are stored together. A template whose `number` is set is made under that number or not at all.
    Trials without a sign of life for `grace` seconds are stale, but not within `grace` seconds after the server was away: then nobody
    could give one.
    """

    def __init__(self, address: str, outage: Outage, heartbeat: int, grace: int) -> None:
        self._outage = outage
        arguments = {"pool_pre_ping": True, "max_overflow": -1, "connect_args": _CONNECTION}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            super().__init__(address, arguments, heartbeat_interval=heartbeat, grace_period=grace)

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        """Raises UpdateFinishedTrialError for a trial that has ended, unless that was this very call."""
        change = super().set_trial_state_values

        def action(again: bool) -> bool:
            try:
                return change(trial_id, state, values)
            except UpdateFinishedTrialError:
                stored = RDBStorage.get_trial(self, trial_id)
                if again and stored.state == state and (values is None or list(values) == stored.values):
                    return True
                raise

        return self._outage.survive(action)

    def record_heartbeat(self, trial_id: int) -> None:
        """Once: the next sign of life will come."""
        beat = super().record_heartbeat
        self._outage.attempt(lambda: beat(trial_id))

    def _create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> FrozenTrial:
        create = super()._create_new_trial
        return self._outage.survive(lambda again: create(study_id, template_trial))

    def _get_prepared_new_trial(self, study_id: int, template_trial: FrozenTrial | None, session: Session) -> models.TrialModel:
        """In Optuna's transaction, which has locked the study: the trial of an earlier try, or a new one; raises Outdated."""
        if template_trial is not None and template_trial.number >= 0:
            query = session.query(models.TrialModel).filter(models.TrialModel.study_id == study_id)
            later = query.filter(models.TrialModel.number >= template_trial.number).all()
            for trial in later:
                if trial.datetime_start == template_trial.datetime_start:
                    return trial
            if later:
                raise Outdated
        trial = super()._get_prepared_new_trial(study_id, template_trial, session)
        session.add(models.TrialHeartbeatModel(trial_id=trial.trial_id))
        return trial

    def _get_stale_trial_ids(self, study_id: int) -> list[int]:
        stale = super()._get_stale_trial_ids

        def action(_: bool) -> list[int]:
            found = stale(study_id)
            return found if found and self._outage.calm_for(self.grace_period or 0) and self._up_for(self.grace_period or 0) else []

        return self._outage.survive(action)

    def _up_for(self, seconds: float) -> bool:
        """Whether the server has taken connections for so long."""
        with self.engine.connect() as connection:
            return float(connection.execute(_UP_FOR).scalar() or 0) > seconds


_UP_FOR = text(
    "SELECT EXTRACT(EPOCH FROM clock_timestamp() - GREATEST(pg_postmaster_start_time(), (SELECT MAX(backend_start) FROM pg_stat_activity "
    "WHERE backend_type IN ('logical replication launcher', 'autovacuum launcher'))))"
)
"""Seconds since the server's launchers began, as they do when it has recovered; since its own start, where a user may not see them."""

_REPEATABLE = (
    "create_new_study",
    "set_study_user_attr",
    "set_study_system_attr",
    "get_study_id_from_name",
    "get_study_name_from_id",
    "get_study_directions",
    "get_study_user_attrs",
    "get_study_system_attrs",
    "get_all_studies",
    "set_trial_intermediate_value",
    "set_trial_user_attr",
    "set_trial_system_attr",
    "get_trial_id_from_study_id_trial_number",
    "get_trial",
    "_get_trials",
    "_get_best_trial_id",
)
"""What Optuna asks of a storage that can simply be done again."""


def _patient(method: Callable[..., Any]) -> Callable[..., Any]:
    def patient(self: SharedStorage, *arguments: Any, **options: Any) -> Any:
        return self._outage.survive(lambda _: method(self, *arguments, **options))

    return patient


for _name in _REPEATABLE:
    setattr(SharedStorage, _name, _patient(getattr(RDBStorage, _name)))
