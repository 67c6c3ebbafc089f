"""WorkerProcess: the driver's side of a worker process, with a pipe that no other process holds."""

import atexit
import threading
from contextlib import nullcontext, suppress
from multiprocessing.connection import wait
from typing import Any

import psutil

from einspace import machine
from einspace.errors import DataError
from einspace.executors import forkserver, main_module
from einspace.executors.attempt import Died
from einspace.executors.messages import Begin, SetupFailed
from einspace.executors.worker import WorkerConfig, serve

GRACE = 5.0
"""Seconds that a process gets to end by itself."""


class WorkerProcess:
    """A worker process. What it sends is received in order; a process that dies can break only its own pipe.

    Used by one thread, but for `kill`. Raises OSError if the process cannot be started, and DataError if a file of data has changed.
    """

    def __init__(self, config: WorkerConfig) -> None:
        context = forkserver.context()
        self._line, far = context.Pipe()
        self._memory_kills = machine.memory_kills()
        try:
            self._process: Any = context.Process(target=serve, args=(far, config), name="einspace-worker")  # type: ignore[attr-defined]
            with _lock, forkserver.sheltered(), nullcontext() if config.needs_main else main_module.hidden():
                if _ending:
                    raise OSError("this program is ending")
                self._process.start()
                _living.add(self)
            self._handle: psutil.Process | None = None
            with suppress(psutil.Error):
                self._handle = psutil.Process(self._process.pid)
        except DataError:
            self._line.close()
            raise
        except (OSError, EOFError) as error:
            self._line.close()
            raise OSError(str(error) or "the server of worker processes is gone") from None
        finally:
            far.close()

    def begin(self, message: Begin) -> None:
        """Send the beginning of an evaluation, and note how often the kernel has run out of memory so far."""
        self._memory_kills = machine.memory_kills()
        self.send(message)

    def send(self, message: object) -> None:
        """Send a message; raises Died if the process is gone."""
        try:
            self._line.send(message)
        except OSError:
            raise self._death() from None

    def receive(self, timeout: float | None) -> Any:
        """The next message; raises TimeoutError after so many seconds, and Died if there will be none.

        It looks at the process too, for a pipe can outlive it in a process of its own making.
        """
        ready = wait([self._line, self._process.sentinel], timeout)
        if not ready:
            raise TimeoutError
        try:
            if self._line not in ready and not self._line.poll():
                raise EOFError
            message = self._line.recv()
        except (EOFError, OSError):
            raise self._death() from None
        if isinstance(message, SetupFailed):
            raise Died(message.reason)
        return message

    @property
    def stopped(self) -> bool:
        """True if a signal stopped the process, and none has continued it."""
        with suppress(psutil.Error):
            return self._handle is not None and self._handle.status() in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
        return False

    def kill(self) -> None:
        """End the process at once, whatever it does; may be called from any thread, and twice."""
        with suppress(psutil.Error):
            if self._handle is not None:
                self._handle.kill()  # psutil checks the start time, so another process with the same number is not hit

    def end(self, grace: float = 0.0) -> None:
        """Hang up, wait so many seconds for the process to end by itself, and kill it if it has not."""
        self._line.close()
        if not wait([self._process.sentinel], grace):
            self.kill()
            wait([self._process.sentinel], GRACE)
        with _lock:
            _living.discard(self)
            self._process.join(0)
            if self._process.exitcode is not None and not _ending:  # at the end of the program multiprocessing itself joins open ones
                self._process.close()

    def _death(self) -> Died:
        """The way in which the process ended; a process that only closed its pipe is killed."""
        if not wait([self._process.sentinel], 1.0):
            self.kill()
            return Died("the worker process closed its pipe")
        with _lock:
            self._process.join(0)
            code = self._process.exitcode
        if code == -9 and machine.memory_kills() > self._memory_kills:
            return Died("the kernel killed the worker process because memory ran out", memory=True)
        return Died(f"the worker process died with exit code {code}")


_lock = threading.Lock()
"""Held where multiprocessing asks for an exit code: of two threads that ask at once, only one gets it."""
_living: set[WorkerProcess] = set()
_ending = False


@atexit.register
def _end_all() -> None:
    """Kill the workers that were never closed, for they would keep the program from ending."""
    global _ending
    with _lock:
        _ending = True
        for worker in _living:
            worker.kill()
