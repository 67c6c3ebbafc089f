"""ProcessExecutor: worker processes on this machine, each with a time limit and a memory limit."""

import os
import pickle
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from math import isfinite
from queue import SimpleQueue
from time import monotonic

from einspace import forkserver
from einspace.errors import SettingError
from einspace.evaluation.attempt import Evaluate, accepts
from einspace.evaluation.evaluate import evaluate
from einspace.evaluation.outcome import Evaluation, Request, Watch
from einspace.executors.base import Executor
from einspace.executors.devices import check_devices, share_devices
from einspace.executors.memory import MemoryLimit, share_memory
from einspace.executors.seat import Job, Seat
from einspace.executors.sharing import shared
from einspace.executors.worker import Equipment
from einspace.tasks.recipe import Recipe
from einspace.tasks.task import Task

STOPPING = 10.0
"""Seconds that `stop` waits for its threads: one may be inside of a watch, which may wait for the very caller."""


class ProcessExecutor(Executor):
    """`workers` processes that evaluate requests for one task.

    `time_limit` is in seconds for one evaluation, counted from when a worker takes it up. `memory_limit` is in bytes for each worker:
    on a CPU on top of what an idle one maps, on CUDA of the device's memory; "auto" shares 90% of what there is among the workers, None is
    no limit. `devices` are those that workers train on, such as `("cuda:0", "cuda:1")`, in turn if there are more workers; None leaves it
    to `evaluate`, and an `evaluate` that starts CUDA by itself needs `memory_limit=None`, for CUDA reserves addresses beyond all bounds.
    `evaluate` must be a function of a module, or a `functools.partial` of one, such as `partial(evaluate, grammar=grammar)`; what it raises
    becomes an outcome in the worker (see `attempt`). `recycle` is the number of evaluations after which a worker is replaced.

    Arrays of the task beyond 32 MB are there once for all workers. A worker that dies, however it does, is replaced, and its evaluation
    ends as crashed; workers die with the process that made them. A script that makes an executor needs the guard
    `if __name__ == "__main__":`, as with all of multiprocessing. Raises SettingError for senseless settings and for devices that this
    machine has not.
    """

    def __init__(
        self,
        task: Task,
        recipe: Recipe,
        workers: int = 2,
        time_limit: float | None = None,
        memory_limit: MemoryLimit = "auto",
        evaluate: Evaluate = evaluate,
        devices: str | Sequence[str] | None = None,
        recycle: int | None = None,
    ) -> None:
        for name, value in (("workers", workers), ("recycle", recycle)):
            if type(value) is not int or value < 1:
                if name == "recycle" and value is None:
                    continue
                raise SettingError(f"{name} must be a whole number of at least 1, not {value!r}")
        if time_limit is not None and not (isfinite(time_limit) and time_limit > 0):
            raise SettingError(f"the time limit must be over 0 seconds, or None, not {time_limit!r}")
        if memory_limit not in ("auto", None) and (type(memory_limit) is not int or memory_limit < 1):
            raise SettingError(f'the memory limit must be bytes over 0, "auto" or None, not {memory_limit!r}')
        check_sendable(evaluate)
        check_sendable(task.metric)
        seats: list[str | None] = [None] * workers
        if devices is not None:
            seats = list(share_devices(check_devices(devices), workers))
            if not accepts(evaluate, "device"):
                raise SettingError(f"devices are given, but the evaluate {evaluate!r} takes no device")
        forkserver.start()
        self.workers = workers
        self.devices = tuple(seats)
        threads = max(1, (os.cpu_count() or 1) // workers)
        self._submitting = threading.Lock()
        self._waiting: set[Future[Evaluation]] = set()
        self._guard = threading.Lock()  # of the set only: futures end in many threads
        self._closed = False
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._seats: list[Seat] = []
        task = shared(task)
        for number, device in enumerate(seats):
            limit, share = share_memory(memory_limit, seats, number)
            equipment = Equipment(task, recipe, evaluate, threads, limit, share, device)
            self._seats.append(Seat(self._jobs, equipment, time_limit, recycle))

    def submit(self, request: Request, watch: Watch | None = None) -> Future[Evaluation]:
        """Queue a request; raises SettingError once the executor is closed."""
        job = Job(request, None if request.final else watch)
        with self._submitting:
            if self._closed:
                raise SettingError("this executor is closed: it takes no more requests")
            with self._guard:
                self._waiting.add(job.future)
            job.future.add_done_callback(lambda _: self._forget(job))
            self._jobs.put(job)
        return job.future

    def close(self) -> None:
        """Take no more requests, wait for those that are queued, and end the workers."""
        self._dismiss()
        for seat in self._seats:
            seat.join()

    def stop(self) -> None:
        """End the workers at once; evaluations that have not ended are cancelled."""
        self._dismiss()
        with self._guard:
            waiting = tuple(self._waiting)
        for future in waiting:
            future.cancel()
        end = monotonic() + STOPPING
        for seat in self._seats:
            seat.join(max(0.0, end - monotonic()))

    def _dismiss(self) -> None:
        """Let every seat end after what is queued."""
        with self._submitting:
            if not self._closed:
                self._closed = True
                for _ in self._seats:
                    self._jobs.put(None)

    def _forget(self, job: Job) -> None:
        """A future has ended; if it was cancelled, wake those who wait for it, and end the evaluation too."""
        with self._guard:
            self._waiting.discard(job.future)
        if job.future.cancelled():
            job.future.set_running_or_notify_cancel()
            for seat in self._seats:
                seat.abandon(job)


def check_sendable(thing: object) -> None:
    """Raise SettingError if workers cannot import what something refers to, such as an evaluation the operations of its grammar."""
    try:
        sent = pickle.dumps(thing)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise SettingError(f"worker processes cannot import what they need: {error}; define it at the top of a module") from None
    if b"__main__" in sent and getattr(sys.modules["__main__"], "__file__", None) is None:
        raise SettingError("worker processes cannot import what an interactive session defines, such as an operation: put it into a file")
