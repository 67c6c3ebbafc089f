"""The modules that the server of worker processes has in memory: see `einspace.executors.forkserver`.

Optimisers import torch._dynamo at their first step: 1.5 seconds, once in the server instead of once in each worker. With CUDA it stays out
of the server: anything in there that so much as counts the devices would keep CUDA from starting in the workers.
"""

import atexit
import os
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import psutil

_SERVER = os.getpid()

_SOCKETS = [Path(one.laddr) for one in psutil.Process().net_connections("unix") if "/pymp-" in one.laddr]
"""The socket of the server: a file in a folder that multiprocessing makes. A driver that is killed cannot remove it."""


def _leave() -> None:
    """Remove the socket when driver and workers have ended."""
    if os.getpid() == _SERVER:
        for socket in _SOCKETS:
            with suppress(OSError):
                socket.unlink(missing_ok=True)
                socket.parent.rmdir()


def _complain(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print the traceback of an error, but not where the driver was killed while it started a worker."""
    if not issubclass(kind, EOFError):
        sys.__excepthook__(kind, error, trace)


if _SOCKETS:
    atexit.register(_leave)
    sys.excepthook = _complain

import torch  # noqa: E402 - whatever happens while it loads, the folder is removed

import einspace.evaluation.attempt  # noqa: E402
import einspace.executors.worker  # noqa: E402, F401

if not torch.backends.cuda.is_built():  # type: ignore[no-untyped-call]
    import torch._dynamo
