"""RayExecutor: evaluations as tasks of a Ray cluster, which outlive the loss of a node."""

import atexit
import threading
from concurrent.futures import Future, wait
from math import isfinite
from typing import Any

from einspace.errors import SettingError
from einspace.evaluation.attempt import Evaluate, accepts
from einspace.evaluation.evaluate import evaluate
from einspace.evaluation.outcome import Evaluation, Request, Watch, first_line
from einspace.executors.base import Executor
from einspace.executors.ray.dispatcher import Dispatcher
from einspace.executors.ray.mailbox import Mailbox
from einspace.executors.ray.runtime import Runtime
from einspace.executors.ray.trial import Trial
from einspace.executors.ray.work import work
from einspace.executors.worker import Equipment
from einspace.tasks.recipe import Recipe
from einspace.tasks.task import Task

STOPPING = 10.0
"""Seconds that `stop` waits: a watch may be running, which may wait for the very caller."""


class RayExecutor(Executor):
    """Evaluates requests for one task on a Ray cluster: as many at once as are submitted and as its resources allow.

    Without an `address` it uses the connection to Ray that this process has, or else starts Ray on this machine alone (see `Runtime`).
    Every node needs this package and what `evaluate` refers to; the task is sent once, and the workers of a node share its arrays.

    An evaluation takes `cpus_per_trial` CPUs, which is also its number of threads, and `gpus_per_trial` GPUs: under 1 for a share of one,
    and of its memory. Its process is used again for the next one, but not if it has used a GPU, so that the memory is free again.
    `time_limit` is in seconds for one try, counted from when a worker takes it up. `memory_limit` is in bytes: without a GPU, of addresses
    on top of what the worker maps before it, and of the memory that Ray sets aside on the node; with a GPU, of the memory of that.

    Ray tries again, up to `retries` times and on any node, what ended because the worker or its node died; then the outcome is crashed, or
    out-of-memory if Ray ended it to save a node. Epochs that the watch has heard of are not told again.

    Raises SettingError for senseless settings, for evaluations that cannot be sent or that no node has room for, and where ray is not
    installed, and RunError if Ray cannot be reached.
    """

    def __init__(
        self,
        task: Task,
        recipe: Recipe,
        evaluate: Evaluate = evaluate,
        cpus_per_trial: float = 1.0,
        gpus_per_trial: float = 0.0,
        time_limit: float | None = None,
        memory_limit: int | None = None,
        address: str | None = None,
        retries: int = 2,
    ) -> None:
        _check(cpus_per_trial, gpus_per_trial, time_limit, memory_limit, retries)
        self._submitting = threading.Lock()
        self._guard = threading.Lock()  # of the set only: futures end in many threads
        self._waiting: set[Future[Evaluation]] = set()
        self._closed = False
        self._count = 0
        self._runtime = Runtime(address)
        self._ray = self._runtime.ray
        memory = 0 if gpus_per_trial or memory_limit is None else memory_limit
        threads = max(1, int(cpus_per_trial))
        share = min(1.0, gpus_per_trial) if gpus_per_trial and memory_limit is None else None
        device = "cuda:0" if gpus_per_trial and accepts(evaluate, "device") else None
        try:
            self._runtime.check_room({"CPU": cpus_per_trial, "GPU": gpus_per_trial, "memory": memory})
            self._equipment = self._send(Equipment(task, recipe, evaluate, threads, memory_limit, share, device))
            self._work = self._ray.remote(
                num_cpus=cpus_per_trial,
                num_gpus=gpus_per_trial,
                max_retries=retries,
                max_calls=1 if gpus_per_trial else 0,
                **({"memory": memory} if memory else {}),
            )(work)
            self._mailbox = self._open_mailbox()
        except BaseException:
            self._runtime.close()
            raise
        self._dispatcher = Dispatcher(self._ray, self._mailbox, self._hand_over, self._left, time_limit, retries)
        atexit.register(self.stop)

    def submit(self, request: Request, watch: Watch | None = None) -> Future[Evaluation]:
        """Queue a request; raises SettingError once the executor is closed."""
        with self._submitting:
            if self._closed:
                raise SettingError("this executor is closed: it takes no more requests")
            self._count += 1
            trial = Trial(self._count, request, None if request.final else watch)
            with self._guard:
                self._waiting.add(trial.future)
            trial.future.add_done_callback(lambda _: self._forget(trial))
            self._dispatcher.begin(trial)
        return trial.future

    def close(self) -> None:
        """Take no more requests, wait for those that are queued, and leave Ray."""
        with self._submitting:
            self._closed = True
        with self._guard:
            waiting = tuple(self._waiting)
        wait(waiting)
        self._dispatcher.leave(None)

    def stop(self) -> None:
        """End the evaluations at once; those that have not ended are cancelled."""
        with self._submitting:
            self._closed = True
        with self._guard:
            waiting = tuple(self._waiting)
        for future in waiting:
            future.cancel()
        self._dispatcher.leave(STOPPING)

    def _forget(self, trial: Trial) -> None:
        """A future has ended; if it was cancelled, wake those who wait for it, and end the evaluation too."""
        with self._guard:
            self._waiting.discard(trial.future)
        if trial.future.cancelled():
            trial.future.set_running_or_notify_cancel()
            self._dispatcher.drop(trial)

    def _hand_over(self, trial: Trial) -> Any:
        """A task of Ray's that evaluates a trial."""
        return self._work.remote(self._equipment, trial.number, trial.request, trial.watch is not None, self._mailbox)

    def _left(self) -> None:
        """The dispatcher has ended everything."""
        self._runtime.close()
        atexit.unregister(self.stop)

    def _send(self, equipment: Equipment) -> Any:
        """Put into the object store what all evaluations share."""
        try:
            return self._ray.put(equipment)
        except Exception as error:  # noqa: BLE001 - pickling runs code of the user's
            raise SettingError(f"the evaluation cannot be sent to Ray: {first_line(error)}") from None

    def _open_mailbox(self) -> Any:
        """An actor beside this process, for as long as this executor."""
        scheduling = self._ray.util.scheduling_strategies
        here = scheduling.NodeAffinitySchedulingStrategy(self._ray.get_runtime_context().get_node_id(), soft=False)
        options = {"num_cpus": 0, "max_concurrency": 10_000, "max_restarts": -1, "scheduling_strategy": here}
        return self._ray.remote(**options)(Mailbox).remote()


def _check(cpus: float, gpus: float, time_limit: float | None, memory_limit: int | None, retries: int) -> None:
    """Raise SettingError for settings that make no sense."""
    if not (isfinite(cpus) and cpus > 0):
        raise SettingError(f"cpus per trial must be over 0, not {cpus!r}")
    if not (isfinite(gpus) and gpus >= 0) or (gpus > 1 and gpus != int(gpus)):
        raise SettingError(f"gpus per trial must be a share from 0 to 1, or a whole number, not {gpus!r}")
    if time_limit is not None and not (isfinite(time_limit) and time_limit > 0):
        raise SettingError(f"the time limit must be over 0 seconds, or None, not {time_limit!r}")
    if memory_limit is not None and (type(memory_limit) is not int or memory_limit < 1):
        raise SettingError(f"the memory limit must be bytes over 0, or None, not {memory_limit!r}")
    if type(retries) is not int or retries < 0:
        raise SettingError(f"retries must be a whole number of at least 0, not {retries!r}")
