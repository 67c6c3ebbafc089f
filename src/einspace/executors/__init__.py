"""Executors: where evaluations run."""

from einspace.evaluation.outcome import Watch
from einspace.executors.base import Executor
from einspace.executors.choice import EXECUTORS, Make, choose
from einspace.executors.processes import ProcessExecutor
from einspace.executors.ray import RayExecutor
from einspace.executors.retrying import RetryingExecutor

__all__ = ["EXECUTORS", "Executor", "Make", "ProcessExecutor", "RayExecutor", "RetryingExecutor", "Watch", "choose"]
