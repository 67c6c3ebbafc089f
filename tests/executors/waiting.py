"""Waiting in tests of processes: never for long, and never for a fixed time where a fact can be waited for."""

import time
from collections.abc import Callable

import psutil


def until(fact: Callable[[], bool], seconds: float = 30) -> bool:
    """Whether the fact has become true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if fact():
            return True
        time.sleep(0.02)
    return False


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
