"""Worker: the loop of a worker process, at the far end of its pipe.

It sends `Ready`, and for each `Begin` it sends `Taken`, then an `Epoch` after each epoch if it is watched and now and then how many
have `Passed`, then an `Evaluation`.
"""

import gc
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from time import monotonic

from einspace import machine
from einspace.evaluation.attempt import attempt
from einspace.evaluation.outcome import Evaluation, Outcome, first_line
from einspace.evaluation.work import Work
from einspace.executors import forkserver
from einspace.executors.devices import is_cuda
from einspace.executors.memory import keep_freed_memory, limit_memory, return_freed_memory
from einspace.executors.messages import OFTEN, VERDICT_WAIT, Begin, Epoch, Passed, Ready, SetupFailed, Taken, Verdict


@dataclass(frozen=True)
class WorkerConfig:
    """Everything that a worker gets once, when it starts.

    Args:
        work: What it evaluates.
        threads: Threads of PyTorch.
        memory_limit: Bytes, None for no limit: on a CPU, of addresses on top of what an idle worker maps; on CUDA, of the device's memory.
        memory_share: The same as a part, from 0 to 1, of the memory of a CUDA device.
        device: Where it trains.
        needs_main: Whether it must import the driver's `__main__`.
    """

    work: Work
    threads: int
    memory_limit: int | None
    memory_share: float | None = None
    device: str = "cpu"
    needs_main: bool = False


def serve(line: Connection, config: WorkerConfig) -> None:
    """Evaluate until the driver hangs up. The driver sees from outside if an evaluation ends this process."""
    with suppress(EOFError, OSError):  # the driver has hung up
        try:
            _prepare(config)
        except Exception as error:  # noqa: BLE001 - whatever it is, the driver should know
            line.send(SetupFailed(first_line(error)))
            return
        line.send(Ready())
        while True:
            begin = line.recv()
            if not isinstance(begin, Begin):
                continue  # a verdict that came too late
            line.send(Taken())
            _answer(line, _evaluate(line, begin, config))
            _clear(config)


def _prepare(config: WorkerConfig) -> None:
    """Set up this process: signals, threads, the memory limit, and the watch on the driver."""
    import torch

    forkserver.forget_safe_path()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's to handle
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # ends at once, even inside of a long operation
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, forkserver.SIGNALS)
    machine.prefer_to_kill()
    threading.Thread(target=_end_with_driver, name="einspace-driver-watch", daemon=True).start()
    torch.set_num_threads(config.threads)
    keep_freed_memory()
    limit_memory(config.device, config.memory_limit, config.memory_share)
    gc.freeze()  # PyTorch's half a million objects are not looked through after each evaluation, and stay shared with the other workers


def _evaluate(line: Connection, begin: Begin, config: WorkerConfig) -> Evaluation:
    """Evaluate a request, with a report after each epoch if it is watched."""

    def report(epoch: int, score: float, loss: float | None) -> bool:
        line.send(Epoch(epoch, score, loss))
        end = monotonic() + VERDICT_WAIT
        while line.poll(max(0.0, end - monotonic())):
            verdict = line.recv()
            if isinstance(verdict, Verdict) and verdict.attempt == begin.number and (verdict.epoch == epoch or not verdict.go_on):
                return verdict.go_on
        return True

    return attempt(begin.request, config.work, config.device, report if begin.watched else None, seldom(line.send))


def seldom(tell: Callable[[Passed], object]) -> Callable[[int, int | None], None]:
    """A function that reports epochs as they pass, at most once in `OFTEN` seconds."""
    latest = monotonic()

    def passed(epoch: int, epochs: int | None) -> None:
        nonlocal latest
        if monotonic() - latest >= OFTEN:
            latest = monotonic()
            tell(Passed(epoch, epochs))

    return passed


def _answer(line: Connection, evaluation: Evaluation) -> None:
    """Send the evaluation; one that cannot be pickled is an error."""
    try:
        line.send(evaluation)
    except (EOFError, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - pickling runs code of the user's
        line.send(Evaluation(Outcome.ERROR, reason=f"the evaluation cannot be sent: {first_line(error)}", device=evaluation.device))


def _clear(config: WorkerConfig) -> None:
    """Free the memory of the evaluation: a network is full of cycles, and workers that share a device share its memory."""
    gc.collect()
    return_freed_memory()
    if is_cuda(config.device):
        import torch

        torch.cuda.empty_cache()


def _end_with_driver() -> None:
    """Wait for the driver to die, for any reason, and end this process then: no one is left to take the result."""
    driver = parent_process()
    if driver is not None:
        driver.join()
        os._exit(1)
