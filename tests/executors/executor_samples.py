"""Functions that worker processes evaluate in the tests: workers import them by name."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import torch

from einspace.evaluation.outcome import Evaluation, NotANumber, Outcome, Request
from einspace.features import Feature
from einspace.tasks.metrics import ACCURACY
from einspace.tasks.recipe import Recipe
from einspace.tasks.task import Split, Task

RECIPE = Recipe(epochs_search=1, epochs_final=2, batch_size=4, learning_rate=0.1, weight_decay=0.0)


def tiny_task() -> Task:
    """Eight samples of two classes."""
    split = Split(np.arange(32, dtype=np.float32).reshape(8, 1, 2, 2), np.arange(8) % 2)
    return Task("tiny", Feature((1, 2, 2)), 2, split, split, split, ACCURACY, RECIPE)


def behave(request: Request, task: Task, recipe: Recipe) -> Evaluation:
    """Do what the request's text says."""
    match request.text.split():
        case ["kill"]:
            os.kill(os.getpid(), signal.SIGKILL)
        case ["forever"]:
            while True:
                time.sleep(0.05)
        case ["touch", path]:
            Path(path).write_text(str(os.getpid()))
            while True:
                time.sleep(0.05)
        case ["hog"]:
            torch.ones(2**40, dtype=torch.uint8)
        case ["hog-python"]:
            bytearray(2**40)
        case ["nan"]:
            raise NotANumber((0.5, float("nan")))
        case ["error"]:
            raise KeyError("a mistake")
        case ["unpicklable"]:
            raise _TwoArgumentsError("one", "two")
        case ["pid"]:
            return Evaluation(Outcome.OK, value=float(os.getpid()))
        case ["threads"]:
            return Evaluation(Outcome.OK, value=float(torch.get_num_threads()))
    return Evaluation(Outcome.OK, value=float(len(task.train) + recipe.epochs_search), reason=request.text)


class _TwoArgumentsError(Exception):
    """Cannot be rebuilt from its pickle."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one + two)


def drive(path: str) -> None:
    """Be a driver whose worker writes its process id to `path` and goes on for ever."""
    from einspace.executors import ProcessExecutor

    executor = ProcessExecutor(tiny_task(), RECIPE, workers=1, memory_limit=None, evaluate=behave)
    executor.submit(Request(f"touch {path}")).result()


if __name__ == "__main__":
    import sys

    from tests.executors import executor_samples

    executor_samples.drive(sys.argv[1])
