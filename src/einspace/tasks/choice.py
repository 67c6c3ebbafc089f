"""Choice of a metric and a recipe: those that follow from the kind of a task, and whether a metric that is given fits the kind."""

from math import ceil
from typing import Any

import torch
from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.tasks.metrics import ACCURACY, AUROC_ERROR, MEAN_AVERAGE_PRECISION, MEAN_IOU, METRICS, SQUARED_ERROR, Metric
from einspace.tasks.recipe import Recipe

TRIED = 8
"""Samples that a metric of a user's is tried on."""

METRIC_OF: dict[str, Metric] = {
    "classification": ACCURACY,
    "multi-label": MEAN_AVERAGE_PRECISION,
    "regression": SQUARED_ERROR,
    "mask": AUROC_ERROR,
    "segmentation": MEAN_IOU,
    "dense": SQUARED_ERROR,
}
"""The metric of each kind of task, where none is given."""


def kind_for(metric: Metric | None, kind: str | None, y: NDArray[Any]) -> tuple[str | None, tuple[str, ...]]:
    """The kind of targets `y` (N, ...), None where their values decide, and notes about it.

    With a metric that scores numbers alone, whole numbers are numbers; without it they would be classes.
    """
    if metric is None or kind is not None or y.dtype.kind not in "biuf":
        return kind, ()
    wanted = "regression" if y.ndim <= 2 else "dense"
    if wanted in metric.kinds and set(metric.kinds) <= {"regression", "dense"}:
        return wanted, (f"{wanted} follows from the metric, {metric.name}",)
    return None, ()


def check_kind(metric: Metric, kind: str, name: str) -> None:
    """Raise TaskError where a metric does not score a kind of task."""
    if metric.kinds and kind not in metric.kinds:
        fitting = [known.name for known in METRICS.values() if kind in known.kinds]
        hint = f"; for {kind} there are {', '.join(fitting)}" if fitting else ""
        raise TaskError(f"{name}: the metric {metric.name} is for {' and '.join(metric.kinds)}, not for the kind {kind}{hint}")


def check_function(metric: Metric, output: tuple[int, ...], y: NDArray[Any], name: str) -> None:
    """Raise TaskError where a user's metric cannot score predictions (n, *output) against targets (n, ...) with one number."""
    if metric in METRICS.values():
        return
    outputs = torch.rand((min(len(y), TRIED), *output), generator=torch.Generator().manual_seed(0))
    try:
        float(metric.function(outputs, torch.from_numpy(y[:TRIED].copy())))
    except Exception as error:
        first = (str(error).splitlines() or [""])[0]
        raise TaskError(
            f"{name}: the metric {metric.name} must give one number for outputs {tuple(outputs.shape)} and targets "
            f"{(len(outputs), *y.shape[1:])}, but raises {type(error).__name__}: {first}"
        ) from error


def recipe_for(samples: int, kind: str) -> Recipe:
    """A recipe for a number of training samples: small batches and more epochs for few, some 400 steps of search at least.

    >>> recipe_for(1_078, "classification").batch_size, recipe_for(90, "regression").epochs_search
    (32, 50)
    """
    batch = 16 if samples < 500 else 32 if samples < 2_000 else 64 if samples < 20_000 else 256
    epochs = min(50, max(8, ceil(400 * batch / samples)))
    rate = 0.05 if kind in ("classification", "multi-label") else 0.01
    return Recipe(epochs, 3 * epochs, batch, rate, 5e-4)
