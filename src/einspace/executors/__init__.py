"""Executors: where evaluations run."""

from einspace.executors.base import Executor, Watch
from einspace.executors.processes import ProcessExecutor

__all__ = ["Executor", "ProcessExecutor", "Watch"]
