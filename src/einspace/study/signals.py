"""Signals: Ctrl-C, TERM and HUP stop a search in order, however often they come, and at once where order takes too long."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from einspace.disk.drafts import remove_open
from einspace.quantities import counted

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")

GRACE = 5.0
"""Seconds that a search has for ending in order."""

_LOG = logging.getLogger("einspace")


@dataclass(eq=False)
class Interrupted(Exception):
    """A search was ended by a signal. Everything that had finished is stored in the folder `run`; the same call goes on from there."""

    run: Path
    done: int
    total: int | None
    signal: int

    def __str__(self) -> str:
        done = counted(self.done, "trial") if self.total is None else f"{self.done} of {counted(self.total, 'trial')}"
        return f"interrupted after {done}; the run {self.run} can be continued"


@contextmanager
def handled() -> Iterator[list[Callable[[int], bool]]]:
    """Give a list of functions: while there is one, a signal calls it with its number, and further signals change nothing.

    The function says whether what this thread is at may be broken off anywhere: then the signal is a KeyboardInterrupt too, and so is one
    that comes before there is a function. Once a search has not ended `GRACE` seconds after a signal, which is said, the next one ends the
    process at once. Only the main thread can handle signals; elsewhere nothing changes. Within `ending`, they stay
    ignored once one has ended the search.
    """
    stops: list[Callable[[int], bool]] = []
    came: list[int] = []
    first: SimpleQueue[int] = SimpleQueue()  # a handler may have interrupted whoever holds the lock of an Event
    over, overdue = threading.Event(), threading.Event()

    def hear(number: int, _: object) -> None:
        if overdue.is_set():
            _end_at_once(number)
        if stops:
            if not came:
                first.put(number)
            came.append(number)
            if stops[-1](number):
                raise KeyboardInterrupt
        elif not came:
            raise KeyboardInterrupt

    def wait() -> None:
        if first.get() and not over.wait(GRACE):
            overdue.set()
            _LOG.warning(
                "the search has not ended %g s after the signal: another one ends the process at once; what is stored is kept", GRACE
            )

    if threading.current_thread() is not threading.main_thread():
        yield stops
        return
    handlers = {number: signal.getsignal(number) for name in _NAMES if (number := getattr(signal, name, None)) is not None}
    before = {number: handler for number, handler in handlers.items() if handler not in (signal.SIG_IGN, None)}  # nohup stays as it is
    threading.Thread(target=wait, name="einspace-signals", daemon=True).start()
    try:
        for number in before:
            signal.signal(number, hear)
        yield stops
        came.clear()  # too late to end anything
    finally:
        if came and before.get(signal.SIGINT) is _end:
            _ignore()
        else:
            for number, handler in before.items():
                signal.signal(number, handler)
        over.set()
        first.put(0)


@contextmanager
def ending() -> Iterator[None]:
    """Let one signal end this program: those after it change nothing, also once the search that it ended has returned."""
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:  # ignored, or another program's
        yield
        return
    signal.signal(signal.SIGINT, _end)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is _end:
            signal.signal(signal.SIGINT, before)


def _end(_number: int, _frame: object) -> None:
    _ignore()
    raise KeyboardInterrupt


def _ignore() -> None:
    for name in _NAMES:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def _end_at_once(number: int) -> None:
    """End this process, whatever its threads are doing; a terminal gets its cursor back."""
    remove_open()
    if sys.stderr is not None and sys.stderr.isatty():
        os.write(sys.stderr.fileno(), b"\x1b[?25h\n")
    os._exit(128 + number)
