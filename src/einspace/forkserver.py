"""Forkserver: the process that workers are forked from, with all that they need loaded: tens of milliseconds each, not seconds."""

import atexit
import multiprocessing
import os
import signal
from contextlib import suppress
from multiprocessing.context import BaseContext
from typing import Any

_LOADED = "einspace.executors.loaded"
"""The module that the server imports. Workers find in memory what it imports."""


def context() -> BaseContext:
    """Where worker processes come from; where there is no fork they are spawned."""
    if not _is_there():
        return multiprocessing.get_context("spawn")
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload([_LOADED])
    return found


def start() -> None:
    """Let the server begin to load, beside what this process does until it needs a worker. Quick, and nothing if it runs already."""
    if _is_there():
        from multiprocessing.forkserver import ensure_running

        context()
        ensure_running()
        atexit.unregister(_end)
        atexit.register(_end)


def _end() -> None:
    """A program that ends while the server still loads, such as one that was called with a mistake, leaves nothing that goes on."""
    from multiprocessing import forkserver

    server: Any = getattr(forkserver, "_forkserver", None)
    if (pid := getattr(server, "_forkserver_pid", None)) is not None:
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)  # a child that nobody has waited for: no other process has its number


def _is_there() -> bool:
    return "forkserver" in multiprocessing.get_all_start_methods()
