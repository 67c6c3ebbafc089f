"""ProcessExecutor: worker processes on this machine, each with a time limit and a memory limit."""

from collections.abc import Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from time import monotonic

from einspace import machine
from einspace.errors import SettingError
from einspace.evaluation.outcome import Evaluation, Request, Watch
from einspace.evaluation.work import Work
from einspace.executors import forkserver
from einspace.executors.attempt import Attempt
from einspace.executors.base import Attempts, Executor
from einspace.executors.devices import check_devices, is_cuda, share_devices
from einspace.executors.main_module import check_sendable
from einspace.executors.memory import MemoryLimit, share_memory
from einspace.executors.sharing import shared
from einspace.executors.slot import WorkerSlot
from einspace.executors.worker import WorkerConfig
from einspace.memory import can_bound
from einspace.quantities import check_limit, check_whole

MOST_WORKERS = 1024
"""The largest number of workers, each of which has a thread of the driver, a pipe and an interpreter: more are a typing mistake."""

STOPPING = 10.0
"""Seconds that `stop` waits for its threads: one may be inside of a watch, which may wait for the very caller."""


class ProcessExecutor(Executor):
    """Worker processes of this machine that evaluate requests for one work.

    Arrays of a task beyond 32 MB are there once for all workers. A worker that dies, however it does, is replaced, and its evaluation
    ends as crashed; workers die with the process that made them. An objective must be a function of a module, an object of a module's
    class, or a `functools.partial` of one; what it raises becomes an outcome in the worker (see `attempt`). A script that
    defines it needs the guard `if __name__ == "__main__":`; any other script, a notebook and standard input need none.

    Args:
        work: The objective and the space of the requests.
        workers: Number of processes.
        time_limit: Seconds for one evaluation, counted from when a worker takes it up; None is no limit.
        memory_limit: Bytes for each worker: on a CPU on top of what an idle one maps, on CUDA of the device's memory. "auto" shares 90% of
            the memory that there is among the workers; None is no limit. An objective that starts CUDA by itself needs None, for CUDA
            reserves addresses beyond all bounds.
        devices: Devices that workers train on, such as `("cuda:0", "cuda:1")`, in turn if there are more workers; None is the CPU.
        recycle: Number of evaluations after which a worker is replaced.

    Raises:
        SettingError: Senseless settings, devices that this machine does not have, or work that cannot be sent to a worker.
    """

    def __init__(
        self,
        work: Work,
        workers: int = 2,
        time_limit: float | None = None,
        memory_limit: MemoryLimit = "auto",
        devices: str | Sequence[str] | None = None,
        recycle: int | None = None,
    ) -> None:
        check_whole("workers", workers)
        if recycle is not None:
            check_whole("recycle", recycle)
        if workers > MOST_WORKERS:
            raise SettingError(f"at most {MOST_WORKERS:,} worker processes are started on one machine, not {workers:,}")
        check_limit(time_limit)
        if memory_limit not in ("auto", None) and (type(memory_limit) is not int or memory_limit < 1):
            raise SettingError(f'the memory limit must be bytes over 0, "auto" or None, not {memory_limit!r}')
        needs_main = check_sendable(work)
        self.workers = workers
        self.devices = tuple(share_devices(check_devices("cpu" if devices is None else devices), workers))
        if memory_limit is not None and not all(map(is_cuda, self.devices)):
            can_bound()  # warns where memory cannot be bounded
        forkserver.start()
        self._time_limit = time_limit
        self._attempts = Attempts(self._abandon)
        self._queue: SimpleQueue[Attempt | None] = SimpleQueue()
        threads = machine.threads(workers)
        work = shared(work)
        self._slots: list[WorkerSlot] = []
        for number, device in enumerate(self.devices):
            limit, share = share_memory(memory_limit, self.devices, number)
            config = WorkerConfig(work, threads, limit, share, device, needs_main)
            self._slots.append(WorkerSlot(self._queue, config, number + 1, recycle))

    def submit(self, request: Request, watch: Watch | None = None) -> Future[Evaluation]:
        """Queue a request; raises SettingError once the executor is closed."""
        return self._attempts.add(request, watch, self._queue.put, self._time_limit)

    def close(self) -> None:
        """Take no more requests, wait for those that are queued, and end the workers."""
        self._attempts.close(self._dismiss)
        for slot in self._slots:
            slot.join()

    def stop(self) -> None:
        """End the workers at once; evaluations that have not ended are cancelled."""
        self._attempts.close(self._dismiss)
        self._attempts.cancel()
        end = monotonic() + STOPPING
        for slot in self._slots:
            slot.join(max(0.0, end - monotonic()))

    def _dismiss(self) -> None:
        """Let every slot end after the attempts in the queue."""
        for _ in self._slots:
            self._queue.put(None)

    def _abandon(self, attempt: Attempt) -> None:
        for slot in self._slots:
            slot.abandon(attempt)
