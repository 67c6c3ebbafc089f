"""Evaluations on a Ray cluster."""

from einspace.executors.ray.executor import RayExecutor

__all__ = ["RayExecutor"]
