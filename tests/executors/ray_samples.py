"""What Ray's workers evaluate in the tests, and a driver that is killed."""

import os
import sys
import time
from pathlib import Path

import ray
from tests.executors import executor_samples

from einspace.evaluation.outcome import Evaluation, Outcome, Request
from einspace.executors import RayExecutor
from einspace.tasks.recipe import Recipe
from einspace.tasks.task import Task


def note(request: Request, task: Task, recipe: Recipe, folder: Path) -> Evaluation:
    """Take a second and more, but for a final training, and write down where and on what it begins, and that it has ended."""
    place = folder / f"{time.time_ns()}-{os.getpid()}"
    node = ray.get_runtime_context().get_node_id()
    place.with_suffix(".begun").write_text(f"{node} {request.text}")
    time.sleep(0.0 if request.final else 1.5)
    place.with_suffix(".ended").write_text(f"{node} {request.text}")
    return Evaluation(Outcome.OK, value=len(request.text) / 10_000, parameters=1)


def look(request: Request, task: Task, recipe: Recipe) -> Evaluation:
    """What a worker sees of the task's arrays and of the GPUs."""
    shared = not task.train.x.flags.writeable and not task.train.x.flags.owndata
    return Evaluation(Outcome.OK, value=float(shared), reason=os.environ.get("CUDA_VISIBLE_DEVICES", ""))


def drive(path: str) -> None:
    """Be a driver with a Ray of its own, whose worker writes its process id to `path` and goes on for ever."""
    executor = RayExecutor(executor_samples.tiny_task(), executor_samples.RECIPE, executor_samples.behave)
    executor.submit(Request(f"touch {path}")).result()


if __name__ == "__main__":
    drive(sys.argv[1])
