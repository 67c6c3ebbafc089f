"""Executors: where evaluations run."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from einspace.evaluation.outcome import Watch
    from einspace.executors.attempt import Pending
    from einspace.executors.base import Executor
    from einspace.executors.choice import EXECUTORS, Chosen, Make, choose
    from einspace.executors.processes import ProcessExecutor
    from einspace.executors.ray.executor import RayExecutor
    from einspace.executors.retrying import RetryingExecutor

_LATER = {
    "Chosen": "einspace.executors.choice",
    "EXECUTORS": "einspace.executors.choice",
    "Executor": "einspace.executors.base",
    "Make": "einspace.executors.choice",
    "Pending": "einspace.executors.attempt",
    "ProcessExecutor": "einspace.executors.processes",
    "RayExecutor": "einspace.executors.ray.executor",
    "RetryingExecutor": "einspace.executors.retrying",
    "Watch": "einspace.evaluation.outcome",
    "choose": "einspace.executors.choice",
}
"""Names whose modules load PyTorch: imported on first use, for a mailbox of Ray's needs none of it and should start at once."""

__all__ = ["EXECUTORS", "Chosen", "Executor", "Make", "Pending", "ProcessExecutor", "RayExecutor", "RetryingExecutor", "Watch", "choose"]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_LATER[name]), name)
    globals()[name] = found
    return found
