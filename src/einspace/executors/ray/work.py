"""Work: the function that runs in a worker process of Ray's. Ray may use the process again, so it is left as it was found."""

import gc
import os
import pickle
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from einspace.evaluation.attempt import attempt
from einspace.evaluation.outcome import Evaluation, Outcome, Request, first_line
from einspace.evaluation.weights import read_weights
from einspace.executors.memory import keep_freed_memory, limit_memory, return_freed_memory
from einspace.executors.messages import VERDICT_WAIT, Epoch
from einspace.executors.ray.runtime import load_ray
from einspace.executors.worker import WorkerConfig, seldom


class Crashed(Exception):
    """An evaluation crashed in a worker that lives, perhaps by the machine's fault: Ray tries it again as if the worker had died."""

    def __init__(self, evaluation: Evaluation) -> None:
        super().__init__(evaluation)
        self.evaluation = evaluation


def work(
    config: WorkerConfig, number: int, request: Request, watched: bool, mailbox: Any, folder: str, inherited: bytes | None = None
) -> tuple[Evaluation, bytes | None]:
    """Do one evaluation; report to the mailbox its beginning, some of its epochs, and every one of them if it is watched.

    The weights that the request wants kept come back beside the evaluation, and those that it begins with are `inherited`, for the driver's
    folder may be on another machine.
    The arrays of the task lie in Ray's object store, are shared by all workers of a node and cannot be written to. The current folder is
    the driver's, on a node that has it. Raises Crashed where the evaluation did.
    """
    import torch

    ray = load_ray()
    if gc.get_freeze_count() == 0:
        gc.collect()
        gc.freeze()  # PyTorch's objects are not looked through after each evaluation
    torch.set_num_threads(config.threads)
    with suppress(OSError):
        os.chdir(folder)
    tries = 1
    with suppress(ray.exceptions.RayError):
        tries = ray.get(mailbox.taken.remote(number), timeout=VERDICT_WAIT)  # before anything can end this process
    if tries == 0:  # it was cancelled while Ray was about to begin, which Ray's own cancellation can miss
        return Evaluation(Outcome.CRASHED, reason="cancelled before it began"), None
    epochs: list[Epoch] = []

    def report(epoch: int, score: float, loss: float | None) -> bool:
        epochs.append(Epoch(epoch, score, loss))
        with suppress(ray.exceptions.RayError):  # without a mailbox the evaluation goes on; GetTimeoutError is one too
            return bool(ray.get(mailbox.ask.remote(number, epochs), timeout=2 * VERDICT_WAIT))
        return True

    passed = seldom(partial(mailbox.note.remote, number))
    device = config.device if torch.cuda.is_available() else "cpu"  # Ray can assign a logical GPU without hardware
    keep_freed_memory()
    lift = limit_memory(device, config.memory_limit, config.memory_share)
    with TemporaryDirectory(prefix="einspace-") as folder:
        file = Path(folder, "weights.safetensors")
        here = request if request.keep is None else replace(request, keep=str(file))
        if inherited is not None:
            parent = Path(folder, "parent.safetensors")
            parent.write_bytes(inherited)
            here = replace(here, inherits=str(parent))
        try:
            evaluation = attempt(here, config.work, device, report if watched else None, passed)
        finally:
            lift()
        weights, reason = read_weights(file)
    gc.collect()  # a network is full of cycles
    return_freed_memory()
    try:
        pickle.dumps(evaluation)
    except Exception as error:  # noqa: BLE001 - pickling runs code of the user's, and Ray would send what is no plain data
        return Evaluation(Outcome.ERROR, reason=f"the evaluation cannot be sent: {first_line(error)}"), None
    evaluation = replace(evaluation, attempts=tries, reason=evaluation.reason or reason)
    if evaluation.outcome is Outcome.CRASHED:
        raise Crashed(evaluation)
    return evaluation, weights
