"""Choice: an executor by its name, made once it is known what is to be evaluated."""

from collections.abc import Callable, Sequence

from einspace.errors import SettingError, UnknownNameError
from einspace.evaluation.attempt import Evaluate
from einspace.executors.base import Executor
from einspace.executors.processes import ProcessExecutor
from einspace.executors.ray.executor import RayExecutor
from einspace.executors.retrying import RetryingExecutor
from einspace.tasks.recipe import Recipe
from einspace.tasks.task import Task

Make = Callable[[Task, Recipe, int, float | None, Evaluate], Executor]
"""Makes an executor of a task, a recipe, a number of workers, a time limit in seconds, and what evaluates."""

EXECUTORS = ("processes", "ray")


def choose(
    name: str,
    devices: str | Sequence[str] | None = None,
    address: str | None = None,
    cpus_per_trial: float | None = None,
    gpus_per_trial: float | None = None,
) -> Make:
    """How the executor of this name is made; `devices` are those of processes, the other settings those of Ray, and None is the default.

    A worker process that dies is tried again twice, as Ray does by itself.

    Raises UnknownNameError, and SettingError for a setting that the executor does not have.
    """
    named = [device.strip() for device in devices.split(",")] if isinstance(devices, str) else devices

    def processes(task: Task, recipe: Recipe, workers: int, time_limit: float | None, evaluate: Evaluate) -> Executor:
        return RetryingExecutor(ProcessExecutor(task, recipe, workers, time_limit, evaluate=evaluate, devices=named))

    def ray(task: Task, recipe: Recipe, workers: int, time_limit: float | None, evaluate: Evaluate) -> Executor:
        cpus = 1.0 if cpus_per_trial is None else cpus_per_trial
        return RayExecutor(task, recipe, evaluate, cpus, gpus_per_trial or 0.0, time_limit, address=address)

    if name == "ray":
        if devices is not None:
            raise SettingError(f"devices {devices!r} is a setting of the executor processes; Ray has --gpus-per-trial")
        return ray
    if name != "processes":
        raise UnknownNameError("executor", name, EXECUTORS)
    for setting, value in (("address", address), ("cpus per trial", cpus_per_trial), ("gpus per trial", gpus_per_trial)):
        if value is not None:
            raise SettingError(f"{setting} {value!r} is a setting of the executor ray, not of processes")
    return processes
