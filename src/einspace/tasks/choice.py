"""Choice of a metric: which kind of task it decides where nothing else does, and whether it scores the kind that there is."""

from typing import Any

import torch
from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.tasks.metrics import METRICS, Metric

TRIED = 8
"""Samples that a metric of a user's is tried on."""


def kind_for(metric: Metric | None, kind: str | None, y: NDArray[Any]) -> tuple[str | None, tuple[str, ...]]:
    """The kind of targets `y` (N, ...), None where they decide themselves, and what is to be said of it.

    A metric that scores nothing but numbers makes numbers of whole ones, which would be classes without it.
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
