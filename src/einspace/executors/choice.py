"""Choice: an executor by its name, and the function that makes it once the work is known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from einspace.errors import SettingError, UnknownNameError
from einspace.evaluation.work import Work
from einspace.executors.base import Executor
from einspace.executors.processes import ProcessExecutor
from einspace.executors.ray.executor import RayExecutor
from einspace.executors.retrying import RetryingExecutor

Make = Callable[[Work, int, float | None], Executor]
"""Makes an executor of the work, a number of workers and a time limit in seconds."""

EXECUTORS = ("processes", "ray")

WORKERS = 2
"""Evaluations at a time where nothing says how many."""


@dataclass(frozen=True)
class Chosen:
    """The maker of an executor that was chosen by its name."""

    make: Make
    accelerated: bool
    """True if trials get devices that compute faster than a CPU."""
    here: bool
    """True if trials are trained on this machine."""
    workers: int = WORKERS
    """Evaluations at a time where no number is given: one for each of the accelerators that are named."""

    def __call__(self, work: Work, workers: int, time_limit: float | None) -> Executor:
        """Make the executor."""
        return self.make(work, workers, time_limit)


def choose(
    name: str,
    devices: str | Sequence[str] | None = None,
    address: str | None = None,
    cpus_per_trial: float | None = None,
    gpus_per_trial: float | None = None,
) -> Chosen:
    """The maker of the executor of this name. Processes take `devices`, Ray takes the other settings, and None is the default.

    A worker process that dies is tried again twice, as Ray does by itself.

    Raises UnknownNameError, and SettingError for a setting that the executor does not have.
    """
    named = [device.strip() for device in devices.split(",")] if isinstance(devices, str) else devices

    def processes(work: Work, workers: int, time_limit: float | None) -> Executor:
        return RetryingExecutor(ProcessExecutor(work, workers, time_limit, devices=named))

    def ray(work: Work, workers: int, time_limit: float | None) -> Executor:
        cpus = 1.0 if cpus_per_trial is None else cpus_per_trial
        return RayExecutor(work, cpus, gpus_per_trial or 0.0, time_limit, address=address)

    if name == "ray":
        if devices is not None:
            raise SettingError(f"devices {devices!r} is a setting of the executor processes; Ray has --gpus-per-trial")
        return Chosen(ray, bool(gpus_per_trial), here=False)
    if name != "processes":
        raise UnknownNameError("executor", name, EXECUTORS)
    for setting, value in (("address", address), ("cpus per trial", cpus_per_trial), ("gpus per trial", gpus_per_trial)):
        if value is not None:
            raise SettingError(f"{setting} {value!r} is a setting of the executor ray, not of processes")
    accelerated = any(kind in str(named) for kind in ("cuda", "mps"))
    return Chosen(processes, accelerated, here=True, workers=len(named) if named and accelerated else WORKERS)
