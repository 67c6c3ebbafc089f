"""Waiting in tests of processes: never for long, and never for a fixed time where a fact can be waited for."""

import os
import time
from collections.abc import Callable
from contextlib import suppress

import psutil


def until(fact: Callable[[], bool], seconds: float = 30) -> bool:
    """Whether the fact has become true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if fact():
            return True
        time.sleep(0.1)
    return False


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def workers() -> list[psutil.Process]:
    """The worker processes of this program: children of the server that they are forked from."""
    found: list[psutil.Process] = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if child.ppid() != os.getpid() and child.status() != psutil.STATUS_ZOMBIE:
                found.append(child)
    return found


def kill(process: psutil.Process) -> None:
    """Kill a process, if it is still there, and wait until it is gone."""
    with suppress(psutil.NoSuchProcess):
        process.kill()
        until(lambda: gone(process.pid), seconds=5)
