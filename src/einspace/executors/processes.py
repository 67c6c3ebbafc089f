"""ProcessExecutor: worker processes on this machine, each with a time limit and a memory limit."""

import multiprocessing
import os
import pickle
import sys
import threading
from concurrent.futures import Future, InvalidStateError
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from math import isfinite
from multiprocessing.context import BaseContext
from typing import Any, Literal

import psutil
from pebble import ProcessExpired, ProcessPool

from einspace.errors import SettingError
from einspace.evaluation.evaluate import Evaluate, evaluate, first_line
from einspace.evaluation.outcome import Evaluation, Outcome, Request, Seconds
from einspace.executors import worker
from einspace.executors.base import Executor, Watch
from einspace.executors.worker import Equipment
from einspace.tasks.recipe import Recipe
from einspace.tasks.task import Task

_PRELOADED = ["torch", "einspace.evaluation.evaluate", "einspace.executors.worker"]


class ProcessExecutor(Executor):
    """`workers` processes that evaluate requests for one task.

    `time_limit` is in seconds for one evaluation, counted from when a worker takes it up. `memory_limit` is in bytes, for each worker on
    top of what an idle one maps: "auto" is 90% of this machine's memory shared among the workers; None is no limit, which CUDA needs, for
    it reserves address space beyond all bounds. `evaluate` must be a function of a module, or a `functools.partial` of one, such as
    `partial(evaluate, device="cuda", grammar=grammar)`; what it raises becomes an outcome in the worker (see `attempt`).

    A worker that dies is replaced, and its evaluation ends as crashed; workers die with the process that made them. A script that makes
    an executor needs the guard `if __name__ == "__main__":`, as with all of multiprocessing. Raises SettingError for senseless settings.
    """

    def __init__(
        self,
        task: Task,
        recipe: Recipe,
        workers: int = 2,
        time_limit: float | None = None,
        memory_limit: int | Literal["auto"] | None = "auto",
        evaluate: Evaluate = evaluate,
    ) -> None:
        if type(workers) is not int or workers < 1:
            raise SettingError(f"workers must be a whole number of at least 1, not {workers!r}")
        if time_limit is not None and not (isfinite(time_limit) and time_limit > 0):
            raise SettingError(f"the time limit must be over 0 seconds, or None, not {time_limit!r}")
        if memory_limit == "auto":
            memory_limit = int(0.9 * psutil.virtual_memory().total / workers)
        if memory_limit is not None and (type(memory_limit) is not int or memory_limit < 1):
            raise SettingError(f'the memory limit must be bytes over 0, "auto" or None, not {memory_limit!r}')
        check_sendable(evaluate)
        self.workers = workers
        self.time_limit = time_limit
        self.memory_limit = memory_limit
        threads = max(1, (os.cpu_count() or 1) // workers)
        self._equipment = Equipment(task, recipe, evaluate, threads, memory_limit)
        self._submitting = threading.Lock()
        self._guard = threading.Lock()  # of the set only: the pool's threads take it, so nothing may wait for them under it
        self._waiting: set[Future[Evaluation]] = set()
        self._closed = False
        self._pool = self._new_pool()

    def submit(self, request: Request, watch: Watch | None = None) -> Future[Evaluation]:
        """Queue a request; raises SettingError once the executor is closed."""
        outer: Future[Evaluation] = Future()
        with self._submitting:
            if self._closed:
                raise SettingError("this executor is closed: it takes no more requests")
            inner = self._schedule(request)
            with self._guard:
                self._waiting.add(outer)
        outer.add_done_callback(lambda _: self._forget(outer, inner))
        inner.add_done_callback(lambda _: self._finish(outer, inner))
        return outer

    def close(self) -> None:
        """Take no more requests, wait for those that are queued, and end the workers."""
        with self._submitting:
            self._closed = True
        self._pool.close()  # type: ignore[no-untyped-call]
        self._pool.join()

    def stop(self) -> None:
        """End the workers at once; evaluations that have not ended are cancelled."""
        with self._submitting:
            self._closed = True
        self._pool.stop()  # type: ignore[no-untyped-call]
        with self._guard:
            waiting = tuple(self._waiting)
        for future in waiting:
            future.cancel()
        self._pool.join()

    def _new_pool(self) -> ProcessPool:
        return ProcessPool(max_workers=self.workers, initializer=worker.start, initargs=(self._equipment,), context=_context())

    def _schedule(self, request: Request) -> "Future[Any]":
        """Hand over to the pool, to a new one if the workers of this one died while they were idle."""
        try:
            future: Future[Any] = self._pool.schedule(worker.run, args=(request,), timeout=self.time_limit)
        except RuntimeError:
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()
            with self._guard:
                lost = tuple(self._waiting)
            for outer in lost:
                with suppress(InvalidStateError):
                    outer.set_result(self._failure(BrokenProcessPool()))
            self._pool = self._new_pool()
            future = self._pool.schedule(worker.run, args=(request,), timeout=self.time_limit)
        return future

    def _forget(self, outer: Future[Evaluation], inner: "Future[Any]") -> None:
        """The caller's future has ended; if it was cancelled, wake those who wait for it, and end the evaluation too."""
        with self._guard:
            self._waiting.discard(outer)
        if outer.cancelled():
            outer.set_running_or_notify_cancel()
            inner.cancel()

    def _finish(self, outer: Future[Evaluation], inner: "Future[Any]") -> None:
        """Give the pool's result, or what its exception means, to the future that the caller holds, unless that was cancelled."""
        if inner.cancelled():
            outer.cancel()
            return
        error = inner.exception()
        with suppress(InvalidStateError):
            outer.set_result(inner.result() if error is None else self._failure(error))

    def _failure(self, error: BaseException) -> Evaluation:
        """What an exception of the pool says about the evaluation."""
        if isinstance(error, TimeoutError):
            limit = float(self.time_limit or 0)
            return Evaluation(Outcome.TIMEOUT, seconds=Seconds(train=limit), reason=f"not finished after {limit:g} seconds")
        if isinstance(error, ProcessExpired):
            return Evaluation(Outcome.CRASHED, reason=f"the worker process died with exit code {error.exitcode}")
        if isinstance(error, BrokenProcessPool):
            return Evaluation(Outcome.CRASHED, reason="the worker processes died before one of them took up the evaluation")
        return Evaluation(Outcome.ERROR, reason=first_line(error), traceback=str(error.__cause__ or "").strip())


def check_sendable(evaluate: Evaluate) -> None:
    """Raise SettingError if workers cannot import what an evaluation refers to, such as the operations of its grammar."""
    try:
        sent = pickle.dumps(evaluate)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise SettingError(f"worker processes cannot import what they need: {error}; define it at the top of a module") from None
    if b"__main__" in sent and getattr(sys.modules["__main__"], "__file__", None) is None:
        raise SettingError("worker processes cannot import what an interactive session defines, such as an operation: put it into a file")


def _context() -> BaseContext:
    """Workers are forked from a server that has torch loaded (tens of milliseconds each), or spawned where there is no fork."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context
