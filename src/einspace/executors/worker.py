"""Worker: what runs inside a worker process; a module's functions only, because they are sent by name."""

import os
import signal
import sys
import threading
from dataclasses import dataclass
from multiprocessing import parent_process

import psutil

from einspace.evaluation.evaluate import Evaluate, attempt
from einspace.evaluation.outcome import Evaluation, Request
from einspace.tasks.recipe import Recipe
from einspace.tasks.task import Task


@dataclass(frozen=True)
class Equipment:
    """What a worker gets once, when it starts. `memory_limit` is in bytes on top of what an idle worker maps, None for no limit."""

    task: Task
    recipe: Recipe
    evaluate: Evaluate
    threads: int
    memory_limit: int | None


_equipment: Equipment | None = None


def start(equipment: Equipment) -> None:
    """Prepare this process: signals, threads, the memory limit, and the watch on the driver."""
    global _equipment
    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's to handle
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # ends at once, even inside of a long operation
    torch.set_num_threads(equipment.threads)
    if equipment.memory_limit is not None and sys.platform != "win32":
        _limit_memory(equipment.memory_limit)
    threading.Thread(target=_end_with_driver, name="einspace-driver-watch", daemon=True).start()
    _equipment = equipment


def run(request: Request) -> Evaluation:
    """Evaluate one request with what the worker was equipped with; exceptions become outcomes here."""
    if _equipment is None:
        raise RuntimeError("a worker was given a request before it was started")
    return attempt(request, _equipment.task, _equipment.recipe, _equipment.evaluate)


def _limit_memory(limit: int) -> None:
    """Bound the address space, so that an allocation fails in this process rather than that the system runs out of memory."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = int(psutil.Process().memory_info().vms) + limit
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


def _end_with_driver() -> None:
    """Wait for the driver to die, however it does, and die with it: nobody is left to take the result."""
    driver = parent_process()
    if driver is not None:
        driver.join()
        os._exit(1)
