"""Weights & Biases: one run for the search, with the trials as its steps."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from einspace.callbacks.base import Callback
from einspace.errors import SettingError
from einspace.result import Result
from einspace.trial import Trial


class WandB(Callback):
    """Logs to a project. WANDB_MODE=offline keeps everything in the run's folder for `wandb sync`.

    Raises SettingError where Weights & Biases is not installed.
    """

    name = "wandb"

    def __init__(self, project: str = "einspace") -> None:
        try:
            import wandb
        except ImportError:
            raise SettingError("Weights & Biases is not installed: pip install 'einspace[wandb]'") from None
        self._wandb = wandb
        self.project = project
        self._metric = ""
        self._run: Any = None

    def start(self, run: Path, settings: Mapping[str, Any]) -> None:
        """Start a run, or take up that of a search that is continued: its identity follows from the folder."""
        self._metric = settings["metric"]["name"]
        identity = sha256(str(run.resolve()).encode()).hexdigest()[:16]
        self._run = self._wandb.init(
            project=self.project, name=run.name, id=identity, resume="allow", config=dict(settings), dir=str(run.resolve())
        )
        # trials do not end in the order of their numbers, and a step of Weights & Biases may not go back: the number is an axis
        self._run.define_metric("trial")
        self._run.define_metric("search/*", step_metric="trial")

    def trial(self, trial: Trial, best: float | None) -> None:
        """Validation and best score, parameters, seconds, a measured latency, and the last loss, over the number of the trial."""
        values: dict[str, float | None] = {
            f"search/{self._metric}": trial.value,
            f"search/best_{self._metric}": best,
            "search/parameters": trial.parameters,
            "search/seconds": trial.seconds,
            "search/latency": trial.latency,
            "search/loss": trial.losses[-1] if trial.losses else None,
        }
        self._run.log({"trial": trial.number, **{name: value for name, value in values.items() if value is not None}})

    def finish(self, result: Result) -> None:
        """The best architecture and its scores, and the baselines', in the summary."""
        if result.best is not None:
            best = result.best
            self._run.summary["best/architecture"] = best.text
            self._run.summary["best/trial"] = best.trial
            self._run.summary["best/validation"] = best.validation
            self._run.summary["best/test"] = best.test
        for row in result.baselines:
            self._run.summary[f"baselines/{row.name}/test"] = row.test

    def close(self) -> None:
        """End the run and wait for the upload."""
        if self._run is not None:
            self._run.finish()
