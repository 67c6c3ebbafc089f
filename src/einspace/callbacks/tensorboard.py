"""TensorBoard: the scores of a search as curves over the trials."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from einspace.callbacks.base import Callback
from einspace.errors import SettingError
from einspace.result import Result
from einspace.trial import Trial

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class TensorBoard(Callback):
    """Writes event files, by default into `tensorboard` in the run's folder: `tensorboard --logdir runs` compares all runs.

    A step is a trial's number, and that of a test score the number of trials. Raises SettingError where TensorBoard is not installed.
    """

    name = "tensorboard"

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        try:
            from torch.utils import tensorboard
        except ImportError:
            raise SettingError("TensorBoard is not installed: pip install 'einspace[tensorboard]'") from None
        self._open = tensorboard.SummaryWriter
        self.folder = None if folder is None else Path(folder)
        self._writer: SummaryWriter | None = None
        self._metric = ""
        self._split = "validation"

    def start(self, run: Path, settings: Mapping[str, Any]) -> None:
        """Open the event file; a run that is continued gets another one in the same folder, which TensorBoard shows as one."""
        self._metric = settings["metric"]["name"]
        self._split = settings.get("scored_on", "validation")
        self._writer = self._open(str(run / "tensorboard" if self.folder is None else self.folder / run.name))

    def trial(self, trial: Trial, best: float | None) -> None:
        """Scalars: score and best score, parameters, seconds, latency where it was measured, and the loss of the last epoch.

        Scores on test, such as those of the strategy `sampling`, are called so, and none of them is the best.
        """
        loss = trial.losses[-1] if trial.losses else None
        self._scalars(
            trial.number,
            {
                f"{self._metric}/{self._split}": trial.value,
                f"{self._metric}/best": best if self._split == "validation" else None,
                "trial/parameters": trial.parameters,
                "trial/seconds": trial.seconds,
                "trial/latency": trial.latency,
                "trial/loss": loss,
            },
        )

    def finish(self, result: Result) -> None:
        """The test score and the text of the best architecture, after the trials that it is the best of."""
        best = result.best
        if best is not None and self._writer is not None:
            self._scalars(len(result.history), {f"{self._metric}/test": best.test})
            self._writer.add_text("best", f"`{best.text}`", len(result.history))

    def close(self) -> None:
        """Flush and close the event file."""
        if self._writer is not None:
            self._writer.close()

    def _scalars(self, step: int, values: Mapping[str, float | None]) -> None:
        if self._writer is None:
            return
        for name, value in values.items():
            if value is not None:
                self._writer.add_scalar(name, value, step)
        self._writer.flush()
