"""Worker: what runs inside a worker process, at the far end of a pipe of its own.

For each `Order` the worker answers `Taken`, then an `Epoch` after each epoch if the driver wants to watch, then an `Evaluation`.
"""

import gc
import os
import signal
import threading
from dataclasses import dataclass, replace
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from time import monotonic

from einspace.evaluation.attempt import Evaluate, attempt
from einspace.evaluation.outcome import Evaluation, Outcome, Request, first_line
from einspace.executors.devices import is_cuda
from einspace.executors.memory import limit_memory
from einspace.executors.messages import PATIENCE, Epoch, Taken, Unfit, Verdict
from einspace.tasks.recipe import Recipe
from einspace.tasks.task import Task


@dataclass(frozen=True)
class Equipment:
    """What a worker gets once, when it starts.

    `device` is None for whatever `evaluate` takes by itself. `memory_limit` is in bytes, None for no limit: on a CPU, of addresses on top
    of what an idle worker maps; on CUDA, of the device's memory, of which `memory_share` is a part from 0 to 1.
    """

    task: Task
    recipe: Recipe
    evaluate: Evaluate
    threads: int
    memory_limit: int | None
    memory_share: float | None = None
    device: str | None = None


@dataclass(frozen=True)
class Order:
    """An evaluation to do; `number` tells the orders of one worker apart."""

    number: int
    request: Request
    watched: bool


def serve(line: Connection, equipment: Equipment) -> None:
    """Take orders until the driver hangs up. What an evaluation does to this process, such as ending it, the driver sees from outside."""
    try:
        _prepare(equipment)
    except Exception as error:  # noqa: BLE001 - whatever it is, the driver should know
        line.send(Unfit(first_line(error)))
        return
    while True:
        try:
            order = line.recv()
            if not isinstance(order, Order):
                continue  # a verdict that came too late
            line.send(Taken())
            _answer(line, _evaluate(line, order, equipment))
        except (EOFError, OSError):
            return
        _clear(equipment)


def _prepare(equipment: Equipment) -> None:
    """Set up this process: signals, threads, the memory limit, and the watch on the driver."""
    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's to handle
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # ends at once, even inside of a long operation
    threading.Thread(target=_end_with_driver, name="einspace-driver-watch", daemon=True).start()
    torch.set_num_threads(equipment.threads)
    limit_memory(equipment.device, equipment.memory_limit, equipment.memory_share)
    gc.freeze()  # PyTorch's half a million objects are not looked through after each evaluation, and stay shared with the other workers


def _evaluate(line: Connection, order: Order, equipment: Equipment) -> Evaluation:
    """Do one order, telling of its epochs if it is watched."""
    loss: float | None = None

    def on_epoch(_: int, value: float) -> None:
        nonlocal loss
        loss = value

    def watch(epoch: int, score: float) -> bool:
        line.send(Epoch(epoch, score, loss))
        end = monotonic() + PATIENCE
        while line.poll(max(0.0, end - monotonic())):
            verdict = line.recv()
            if isinstance(verdict, Verdict) and verdict.order == order.number and (verdict.epoch == epoch or not verdict.go_on):
                return verdict.go_on
        return True

    if not order.watched:
        return attempt(order.request, equipment.task, equipment.recipe, equipment.evaluate, equipment.device)
    return attempt(order.request, equipment.task, equipment.recipe, equipment.evaluate, equipment.device, watch, on_epoch)


def _answer(line: Connection, evaluation: Evaluation) -> None:
    """Send what came of it; an evaluation that holds what cannot be pickled is an error."""
    try:
        line.send(evaluation)
    except (EOFError, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - pickling runs code of the user's
        reason = f"the evaluation cannot be sent: {first_line(error)}"
        line.send(replace(Evaluation(Outcome.ERROR, reason=reason), device=evaluation.device))


def _clear(equipment: Equipment) -> None:
    """Give back what the evaluation held: a network is full of cycles, and workers that share a device share its memory."""
    gc.collect()
    if is_cuda(equipment.device):
        import torch

        torch.cuda.empty_cache()


def _end_with_driver() -> None:
    """Wait for the driver to die, however it does, and die with it: nobody is left to take the result."""
    driver = parent_process()
    if driver is not None:
        driver.join()
        os._exit(1)
