"""RayExecutor: evaluations as tasks of a Ray cluster, which outlive the loss of a node."""

import atexit
import os
from concurrent.futures import Future
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import Any

from einspace.errors import SettingError
from einspace.evaluation.outcome import Evaluation, Request, Watch, first_line
from einspace.evaluation.work import Work
from einspace.executors.attempt import Attempt
from einspace.executors.base import Attempts, Executor
from einspace.executors.ray.dispatcher import Dispatcher
from einspace.executors.ray.mailbox import Mailbox
from einspace.executors.ray.runtime import Runtime
from einspace.executors.ray.work import Crashed
from einspace.executors.ray.work import work as evaluate
from einspace.executors.worker import WorkerConfig
from einspace.quantities import check_limit, check_whole

STOPPING = 10.0
"""Seconds that `stop` waits: a watch may be running, which may wait for the very caller."""


class RayExecutor(Executor):
    """Evaluates requests for one work on a Ray cluster: as many at once as are submitted and as its resources allow.

    Without an `address` it uses the connection to Ray that this process has, or else starts Ray on this machine alone (see `Runtime`).
    Every node needs this package and the modules that the work refers to; the work is sent once, and the workers of a node share its
    arrays. Ray tries again, on any node, what ended because the worker, its node or its device failed; then the outcome is crashed, or
    out-of-memory if Ray ended it to save a node. Each epoch is reported to the watch once, in whichever try it ended first.

    Args:
        work: The objective and the space of the requests.
        cpus_per_trial: CPUs of an evaluation, which is also its number of threads.
        gpus_per_trial: GPUs of an evaluation: under 1 for a share of one, and of its memory. A process that has used a GPU is not used
            again, so that the memory is free.
        time_limit: Seconds for one try, counted from when a worker takes it up.
        memory_limit: Bytes: without a GPU, of addresses on top of what the worker maps before it, and of the memory that Ray sets aside on
            the node; with a GPU, of the memory of that.
        address: The cluster.
        retries: How often Ray tries again.

    Raises:
        SettingError: Senseless settings, work that cannot be sent or that no node has room for, or ray is not installed.
        RunError: Ray cannot be reached.
    """

    def __init__(
        self,
        work: Work,
        cpus_per_trial: float = 1.0,
        gpus_per_trial: float = 0.0,
        time_limit: float | None = None,
        memory_limit: int | None = None,
        address: str | None = None,
        retries: int = 2,
    ) -> None:
        _check(cpus_per_trial, gpus_per_trial, memory_limit, retries)
        check_limit(time_limit)
        self._time_limit = time_limit
        self._attempts = Attempts(self._abandon)
        self._runtime = Runtime(address)
        self._ray = self._runtime.ray
        memory = 0 if gpus_per_trial or memory_limit is None else memory_limit
        self._folder = os.getcwd()
        threads = max(1, int(cpus_per_trial))
        share = min(1.0, gpus_per_trial) if gpus_per_trial and memory_limit is None else None
        try:
            self._runtime.check_room({"CPU": cpus_per_trial, "GPU": gpus_per_trial, "memory": memory})
            self._config = self._send(WorkerConfig(work, threads, memory_limit, share, "cuda:0" if gpus_per_trial else "cpu"))
            self._evaluate = self._ray.remote(
                num_cpus=cpus_per_trial,
                num_gpus=gpus_per_trial,
                max_retries=retries,
                retry_exceptions=[Crashed],
                max_calls=1 if gpus_per_trial else 0,
                **({"memory": memory} if memory else {}),
            )(evaluate)
            self._mailbox = self._open_mailbox()
        except BaseException:
            self._runtime.close()
            raise
        self._dispatcher = Dispatcher(self._ray, self._mailbox, self._hand_over, self._left, retries)
        atexit.register(self.stop)

    def submit(self, request: Request, watch: Watch | None = None) -> Future[Evaluation]:
        """Queue a request; raises SettingError once the executor is closed."""
        return self._attempts.add(request, watch, self._dispatcher.begin, self._time_limit)

    def close(self) -> None:
        """Take no more requests, wait for those that are queued, and leave Ray."""
        self._attempts.close()
        self._attempts.wait()
        self._dispatcher.leave(None)

    def stop(self) -> None:
        """End the evaluations at once; those that have not ended are cancelled."""
        self._attempts.close()
        self._attempts.cancel()
        self._dispatcher.leave(STOPPING)

    def _abandon(self, attempt: Attempt) -> None:
        self._dispatcher.drop(attempt)

    def _hand_over(self, attempt: Attempt) -> Any:
        """A task of Ray's that evaluates an attempt, with the weights that it begins with, for their file is on this machine."""
        request, weights = attempt.request, None
        if request.inherits is not None:
            with suppress(OSError):  # where there is none, the worker says so
                weights = Path(request.inherits).read_bytes()
        return self._evaluate.remote(self._config, attempt.number, request, attempt.watch is not None, self._mailbox, self._folder, weights)

    def _left(self) -> None:
        """The dispatcher has ended everything."""
        self._runtime.close()
        atexit.unregister(self.stop)

    def _send(self, config: WorkerConfig) -> Any:
        """Put the configuration that all evaluations share into the object store."""
        try:
            return self._ray.put(config)
        except Exception as error:  # noqa: BLE001 - pickling runs code of the user's
            raise SettingError(f"the evaluation cannot be sent to Ray: {first_line(error)}") from None

    def _open_mailbox(self) -> Any:
        """An actor beside this process, for as long as this executor."""
        scheduling = self._ray.util.scheduling_strategies
        here = scheduling.NodeAffinitySchedulingStrategy(self._ray.get_runtime_context().get_node_id(), soft=False)
        options = {"num_cpus": 0, "max_concurrency": 10_000, "max_restarts": -1, "scheduling_strategy": here}
        return self._ray.remote(**options)(Mailbox).remote()


def _check(cpus: float, gpus: float, memory_limit: int | None, retries: int) -> None:
    """Raise SettingError for settings that make no sense."""
    if not (isfinite(cpus) and cpus > 0):
        raise SettingError(f"cpus per trial must be over 0, not {cpus!r}")
    if not (isfinite(gpus) and gpus >= 0) or (gpus > 1 and gpus != int(gpus)):
        raise SettingError(f"gpus per trial must be a share from 0 to 1, or a whole number, not {gpus!r}")
    if memory_limit is not None and (type(memory_limit) is not int or memory_limit < 1):
        raise SettingError(f"the memory limit must be bytes over 0, or None, not {memory_limit!r}")
    check_whole("retries", retries, 0)
