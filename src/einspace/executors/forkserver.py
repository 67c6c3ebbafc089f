"""Forkserver: the process that workers are forked from, with all that they need loaded: tens of milliseconds each, not seconds."""

import atexit
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.context import BaseContext

import psutil

from einspace.errors import SettingError

_LOADED = "einspace.executors.loaded"
"""The module that the server imports. What this module imports is in the memory of every worker."""

SIGNALS = {getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)}
"""Signals that end a program, and that a terminal sends to all its processes."""

_SAFE_PATH = "PYTHONSAFEPATH"
_OURS = "einspace"
"""The value of the variable where it is set here; any text sets it."""

_lock = threading.Lock()
"""Held while this process starts another one with an environment that differs from its own."""


def context() -> BaseContext:
    """The context of multiprocessing that starts workers: the fork server, or spawning where the system has none."""
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
        with sheltered():
            ensure_running()
        atexit.unregister(_end)
        atexit.register(_end)


@contextmanager
def sheltered() -> Iterator[None]:
    """Block `SIGNALS` in the processes that this thread starts in the block: this process alone decides what Ctrl-C ends, and when.

    Their import path does not begin with the current folder either, which may hold a `struct.py` of somebody else's: multiprocessing starts
    them with `python -c`. A worker gets this process's import path before it imports anything more.
    """
    with _safe_path():
        if not hasattr(signal, "pthread_sigmask"):
            yield
            return
        from multiprocessing import resource_tracker

        resource_tracker.ensure_running()  # which unblocks them
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def forget_safe_path() -> None:
    """Unset, in a worker, the variable of `_safe_path`: programs that the work starts get the environment of the user's program."""
    if os.environ.get(_SAFE_PATH) == _OURS:
        del os.environ[_SAFE_PATH]


@contextmanager
def _safe_path() -> Iterator[None]:
    """Keep processes that are started in the block from importing modules of the current folder."""
    if sys.flags.safe_path:  # which multiprocessing hands on
        yield
        return
    if sys.flags.ignore_environment:
        raise SettingError("worker processes of `python -E` would run modules that lie in the current folder: call `python -E -P`, or -I")
    with _lock:
        os.environ[_SAFE_PATH] = _OURS
        try:
            yield
        finally:
            del os.environ[_SAFE_PATH]


def _end() -> None:
    """End the server that still loads when this program ends, as after a mistake in its call."""
    for child in psutil.Process().children():
        with suppress(psutil.Error):
            if any("multiprocessing.forkserver" in word for word in child.cmdline()):
                child.kill()


def _is_there() -> bool:
    return "forkserver" in multiprocessing.get_all_start_methods()
