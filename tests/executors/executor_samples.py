"""Functions that worker processes evaluate in the tests: workers import them by name."""

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

import numpy as np
import torch

from einspace.evaluation import Context, Evaluation, NotANumber, Outcome, Request, Work
from einspace.evaluation.objective import TaskObjective
from einspace.executors import Executor, ProcessExecutor, RetryingExecutor
from einspace.features import Feature
from einspace.tasks.metrics import ACCURACY
from einspace.tasks.recipe import Recipe
from einspace.tasks.split import Split
from einspace.tasks.task import Task

RECIPE = Recipe(epochs_search=1, epochs_final=2, batch_size=4, learning_rate=0.1, weight_decay=0.0)


def tiny_task() -> Task:
    """Eight samples of two classes."""
    split = Split(np.arange(32, dtype=np.float32).reshape(8, 1, 2, 2), np.arange(8) % 2)
    return Task(name="tiny", input=Feature((1, 2, 2)), target=2, train=split, valid=split, test=split, metric=ACCURACY, recipe=RECIPE)


@dataclass(frozen=True)
class Behaviour(Work):
    """Work whose texts are not architectures but say what to do."""

    def __call__(self, text: str, context: Context) -> Any:
        assert isinstance(self.objective, TaskObjective)
        done = behave(text, context)
        value = float(len(self.objective.task.train) + self.objective.recipe.epochs_search)
        return Evaluation(Outcome.OK, value=value, reason=text) if done is None else done


def tiny_work() -> Work:
    """The usual work on eight samples."""
    task = tiny_task()
    return Work(TaskObjective(task, RECIPE), task.input)


def behaviour() -> Behaviour:
    """The same, for texts that `behave` reads."""
    return Behaviour(tiny_work().objective, tiny_task().input)


def behave(text: str, context: Context) -> Any:
    """Do as the text says; None if it says nothing."""
    match text.split():
        case ["kill"]:
            os.kill(os.getpid(), signal.SIGKILL)
        case ["kill-once", path]:
            if not Path(path).exists():
                Path(path).touch()
                os.kill(os.getpid(), signal.SIGKILL)
        case ["exit", code]:
            os._exit(int(code))
        case ["sys-exit"]:
            sys.exit(0)
        case ["hang-up"]:
            driver = parent_process()
            assert driver is not None
            os.closerange(3, driver.sentinel)  # but for what tells it whether the driver lives: without that it ends itself
            os.closerange(driver.sentinel + 1, 1000)
            time.sleep(60)
        case ["forever"]:
            _sleep_for_ever()
        case ["touch", path]:
            Path(path).write_text(str(os.getpid()))
            _sleep_for_ever()
        case ["hog"]:
            torch.ones(2**40, dtype=torch.uint8)
        case ["hog-python"]:
            bytearray(2**40)
        case ["device-fails"]:
            raise torch.AcceleratorError("CUDA error: uncorrectable ECC error encountered")
        case ["device-fails-once", path]:
            if not Path(path).exists():
                Path(path).touch()
                raise torch.AcceleratorError("CUDA error: uncorrectable ECC error encountered")
        case ["nan"]:
            raise NotANumber((0.5, float("nan")))
        case ["error"]:
            raise KeyError("a mistake")
        case ["unpicklable"]:
            raise _TwoArgumentsError("one", "two")
        case ["unsendable"]:
            return Evaluation(Outcome.OK, value=1.0, reason=lambda: "cannot be pickled")  # type: ignore[arg-type]
        case ["no-score"]:
            return "good"
        case ["number"]:
            return 0.25
        case ["pid"]:
            return Evaluation(Outcome.OK, value=float(os.getpid()))
        case ["parent"]:
            return Evaluation(Outcome.OK, value=float(os.getppid()))
        case ["oom-score"]:
            return float(Path("/proc/self/oom_score_adj").read_text())
        case ["work", seconds]:
            for _ in range(int(float(seconds) / 0.05)):
                time.sleep(0.05)
        case ["forever-once", path]:
            if not Path(path).exists():
                Path(path).touch()
                _sleep_for_ever()
        case ["threads"]:
            return Evaluation(Outcome.OK, value=float(torch.get_num_threads()))
        case ["passes", count]:
            for epoch in range(1, int(count) + 1):
                time.sleep(0.6)
                context.passed(epoch, int(count) + 1)
            _sleep_for_ever()
        case ["epochs", count, *then]:
            return _epochs(int(count), then, context)
    return None


def _epochs(count: int, then: list[str], context: Context) -> Evaluation:
    """Epochs of which epoch n scores n / 10; then death, sleep or, if `then` is "deaf", what comes is the same whatever the watch says."""
    scores: list[float] = []
    for epoch in range(1, count + 1):
        scores.append(epoch / 10)
        if not context.report(epoch, scores[-1]) and then != ["deaf"]:
            return Evaluation(Outcome.PRUNED, value=None, losses=tuple(1 - score for score in scores), scores=tuple(scores), reason="told")
    if then == ["kill"]:
        os.kill(os.getpid(), signal.SIGKILL)
    if then in (["forever"], ["deaf"]):
        _sleep_for_ever()
    return Evaluation(Outcome.OK, value=float(os.getpid()), losses=tuple(1 - score for score in scores), scores=tuple(scores))


def _sleep_for_ever() -> None:
    while True:
        time.sleep(0.05)


def make_processes(**settings: Any) -> ProcessExecutor:
    """Worker processes that behave as they are told: one of them, unlimited."""
    settings = {"workers": 1, "memory_limit": None, **settings}
    return ProcessExecutor(behaviour(), **settings)


def make_retrying(**settings: Any) -> RetryingExecutor:
    """The same, with second and third tries."""
    return RetryingExecutor(make_processes(**settings))


FACTORIES: dict[str, Callable[..., Executor]] = {"processes": make_processes, "retrying": make_retrying}
"""Executors that must keep the contract of `test_contract.py`, by name.

A new one has a line here: a function that takes `workers` (1), `time_limit` (seconds, None) and `memory_limit` (bytes, None) by keyword and
returns an executor of `behaviour()`.
"""


class _TwoArgumentsError(Exception):
    """Cannot be rebuilt from its pickle."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one + two)


def drive(path: str) -> None:
    """Be a driver whose worker writes its process id to `path` and goes on for ever."""
    make_processes().submit(Request(f"touch {path}")).result()


def forget(text: str) -> None:
    """Be a driver that ends without closing its executor, one worker of which is busy."""
    executor = make_processes(workers=2)
    executor.submit(Request("forever"))
    print(executor.submit(Request(text)).result().outcome, flush=True)


def interrupted(path: str) -> None:
    """Be a driver that is interrupted while its worker is busy, or while the server of workers still loads."""
    executor = make_processes()
    try:
        print("started", flush=True)
        executor.submit(Request(f"touch {path}")).result()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        executor.stop()


def limited(seconds: str) -> None:
    """Be a driver whose evaluation takes so many seconds, with a limit of one second more."""
    with make_processes(time_limit=float(seconds) + 1) as executor:
        executor.submit(Request("fine")).result()
        future = executor.submit(Request(f"work {seconds}"))
        print("started", flush=True)
        print(future.result().outcome, flush=True)


if __name__ == "__main__":
    from tests.executors import executor_samples

    getattr(executor_samples, sys.argv[1])(sys.argv[2])
