"""MLflow: a parent run for the search, with the scores over the trials, and a child run for each trial."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from einspace.callbacks.base import Callback
from einspace.echo import masked
from einspace.errors import SettingError
from einspace.result import Result
from einspace.trial import Trial

_RUN = "einspace.run"
"""The tag that finds the parent of a run that is continued."""

_LONGEST = 5_000
"""Characters of a tag; MLflow refuses 8,000."""

_Point = tuple[str, float | None, int]
"""The name of a curve, a value, None for none, and its step."""


class MLflow(Callback):
    """Logs to a tracking URI, such as `sqlite:///mlflow.db` or a server's; None is MLflow's own default, which MLFLOW_TRACKING_URI sets.

    The experiment is "einspace-" and the task, unless another one is named. Raises SettingError where MLflow is not installed.
    """

    name = "mlflow"

    def __init__(self, uri: str | None = None, experiment: str | None = None) -> None:
        try:
            import mlflow
            from mlflow import entities
            from mlflow.exceptions import MlflowException
        except ImportError:
            raise SettingError("MLflow is not installed: pip install 'einspace[mlflow]'") from None
        try:
            _ = urlsplit(uri or "").port  # MLflow itself notices a malformed address only once it connects
            self._client = mlflow.MlflowClient(tracking_uri=uri)
        except (MlflowException, SQLAlchemyError, ValueError, OSError) as error:
            raise SettingError(masked(f"MLflow cannot use {uri or 'its default store'}: {str(error).splitlines()[0]}")) from None
        self._entities = entities
        self.experiment = experiment
        self._metric = ""
        self._experiment_id = ""
        self._parent = ""

    def start(self, run: Path, settings: Mapping[str, Any]) -> None:
        """Start the parent run with the settings as parameters, or take up that of a run that is continued."""
        self._metric = _plain(settings["metric"]["name"])
        name = self.experiment or f"einspace-{settings['task']}"
        known = self._client.get_experiment_by_name(name)
        self._experiment_id = self._client.create_experiment(name) if known is None else known.experiment_id
        where = str(run.resolve())
        quoted = where.replace("'", "\\'")
        found = self._client.search_runs([self._experiment_id], f"tags.`{_RUN}` = '{quoted}'", max_results=1)
        if found:
            self._parent = found[0].info.run_id
            self._client.update_run(self._parent, status="RUNNING")
            return
        self._parent = self._client.create_run(self._experiment_id, run_name=run.name, tags={_RUN: where}).info.run_id
        self._log(self._parent, [], {_plain(key): str(value)[:_LONGEST] for key, value in _flat(settings)})

    def trial(self, trial: Trial, best: float | None) -> None:
        """A child run with the architecture, the score and the loss of each epoch, all in one batch; the parent's curves go on."""
        tags = {"mlflow.parentRunId": self._parent, "architecture": trial.text[:_LONGEST], "outcome": str(trial.outcome)}
        if trial.reason:
            tags["reason"] = trial.reason[:_LONGEST]
        child = self._client.create_run(self._experiment_id, run_name=f"trial {trial.number}", tags=tags).info.run_id
        proposal, number, size = trial.proposal, trial.number, trial.parameters
        parameters = {
            "trial": number,
            "key": proposal.key,
            "origin": proposal.origin,
            "parents": proposal.parents,
            "parameters": size,
        }
        figures = {self._metric: trial.value, "seconds": trial.seconds, "latency": trial.latency}
        points = [*_at(number, figures), *(("loss", loss, epoch) for epoch, loss in enumerate(trial.losses, 1))]
        self._log(child, points, parameters)
        self._client.set_terminated(child, "FINISHED" if trial.value is not None else "FAILED")
        self._log(self._parent, _at(number, {self._metric: trial.value, f"best_{self._metric}": best, "parameters": size}))

    def finish(self, result: Result) -> None:
        """The best architecture and its test score, and the baselines', on the parent."""
        if result.best is not None:
            best = result.best
            self._client.set_tag(self._parent, "best.architecture", best.text[:_LONGEST])
            self._client.set_tag(self._parent, "best.trial", str(best.trial))
            self._log(self._parent, [(f"test_{self._metric}", best.test, len(result.history))])
        self._log(self._parent, _at(0, {f"baselines/{_plain(row.name)}/test_{self._metric}": row.test for row in result.baselines}))
        self._client.set_terminated(self._parent, "FINISHED")

    def close(self) -> None:
        """End the parent run; one of an interrupted search has MLflow's status `KILLED` until it is continued."""
        if self._parent and self._client.get_run(self._parent).info.status == "RUNNING":
            self._client.set_terminated(self._parent, "KILLED")

    def _log(self, run: str, points: Iterable[_Point], parameters: Mapping[str, Any] | None = None) -> None:
        """One request; MLflow's client makes several of more than the 1,000 points or 100 parameters that one may carry."""
        now = int(time() * 1000)
        values = [self._entities.Metric(name, float(value), now, step) for name, value, step in points if value is not None]
        self._client.log_batch(run, values, [self._entities.Param(name, str(value)) for name, value in (parameters or {}).items()])


def _at(step: int, figures: Mapping[str, float | None]) -> list[_Point]:
    """Figures of one step."""
    return [(name, value, step) for name, value in figures.items()]


def _flat(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The settings with the names of groups before those of their members."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{key}", inner) for key, inner in value.items())
        elif value is not None:
            yield name, value


def _plain(name: str) -> str:
    """A name in characters that MLflow takes."""
    return "".join(character if character.isalnum() or character in "_-. " else "_" for character in name)
