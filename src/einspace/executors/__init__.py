"""Executors: where evaluations run."""

from einspace.evaluation.outcome import Watch
from einspace.executors.base import Executor
from einspace.executors.processes import ProcessExecutor
from einspace.executors.retrying import RetryingExecutor

__all__ = ["Executor", "ProcessExecutor", "RetryingExecutor", "Watch"]
