"""Processes of their own that are forked from one that has everything imported: an interpreter's start takes seconds of processor time.

A server, which has one thread, takes requests by a socket: a function by its name, its arguments, and where its output goes. What a
process is to its tests stays: its own number, signals, exit code, limits, end of the interpreter.
"""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

LOADED = (
    *("einspace.study", "einspace.cli", "einspace.storage.store", "sqlalchemy.dialects.postgresql"),
    *("tests.study_samples", "tests.study.thinking"),
)
"""What the server imports."""

ROOT = Path(__file__).parents[1]


class Forked:
    """A process that calls a function, given as `module:name`, and ends; its output is read as that of `subprocess.Popen`."""

    def __init__(self, function: str, /, *arguments: Any, **options: Any) -> None:
        (out, out_there), (err, err_there), (status, status_there) = os.pipe(), os.pipe(), os.pipe()
        request = {"function": function, "arguments": arguments, "options": options, "environment": dict(os.environ), "folder": os.getcwd()}
        socket.send_fds(_server(), [json.dumps(request).encode()], [out_there, err_there, status_there])
        for descriptor in (out_there, err_there, status_there):
            os.close(descriptor)
        self.stdout, self.stderr, self._status = (os.fdopen(descriptor) for descriptor in (out, err, status))
        self.pid = int(self._status.readline())
        self.returncode: int | None = None

    def wait(self, timeout: float) -> int:
        """Its exit code, or minus the signal that ended it; raises TimeoutError."""
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise TimeoutError(f"process {self.pid} goes on after {timeout} seconds")
            self.returncode = int(self._status.readline())
            self._status.close()
        return self.returncode

    def communicate(self, timeout: float) -> tuple[str, str]:
        """Wait until it ends; what it said and what it complained about. It is killed when the time is over."""
        timer = threading.Timer(timeout, self.kill)
        timer.start()
        complained: list[str] = []
        reader = threading.Thread(target=lambda: complained.append(self.stderr.read()))
        reader.start()
        said = self.stdout.read()
        reader.join()
        self.wait(timeout)
        timer.cancel()
        timer.join()
        self.stdout.close()
        self.stderr.close()
        return said, complained[0]

    def kill(self) -> None:
        """SIGKILL, unless it has ended."""
        if self.returncode is None and not select.select([self._status], [], [], 0)[0]:
            os.kill(self.pid, signal.SIGKILL)


@cache
def _server() -> socket.socket:
    """The socket of the server, which is started at the first call and ends with this process."""
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "tests.forked", str(theirs.fileno())]
    process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()], start_new_session=True)
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _next(channel: socket.socket) -> tuple[bytes, list[int]]:
    """In the server: wait for requests. Returns in a process that is forked for one, or, with no request, where the tests have ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        request, descriptors, *_ = socket.recv_fds(channel, 2**20, 3)
        if not request or os.fork() == 0:
            return request, list(descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def main(descriptor: int) -> None:
    """Be the server. A process that it makes has a parent of its own, which tells the tests its number and how it ended."""
    for module in LOADED:
        import_module(module)
    with socket.socket(fileno=descriptor) as channel:
        request, descriptors = _next(channel)
    if not request:
        return
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    out, err, status = descriptors
    pid = os.fork()
    if pid:
        os.close(out)
        os.close(err)
        os.write(status, f"{pid}\n".encode())
        os.write(status, f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n".encode())
        os._exit(0)
    os.close(status)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.close(out)
    os.close(err)
    sys.stdout, sys.stderr = (open(stream, "w", 1, "utf-8", closefd=False) for stream in (1, 2))  # noqa: SIM115 - those of before were files
    asked = json.loads(request)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    module, name = asked["function"].split(":")
    getattr(import_module(module), name)(*asked["arguments"], **asked["options"])


if __name__ == "__main__":
    main(int(sys.argv[1]))
