"""Signals: Ctrl-C, TERM and HUP stop a search in order, however often they come."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def handled() -> Iterator[list[Callable[[int], None]]]:
    """Give a list of functions: while there is one, a signal calls it with its number, and further signals change nothing.

    Before that a signal is a KeyboardInterrupt. Only the main thread can handle signals; elsewhere nothing changes.
    """
    stops: list[Callable[[int], None]] = []
    came: list[int] = []

    def hear(number: int, _: object) -> None:
        if stops:
            came.append(number)
            stops[-1](number)
        elif not came:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield stops
        return
    handlers = {number: signal.getsignal(number) for name in _NAMES if (number := getattr(signal, name, None)) is not None}
    before = {number: handler for number, handler in handlers.items() if handler not in (signal.SIG_IGN, None)}  # nohup stays as it is
    try:
        for number in before:
            signal.signal(number, hear)
        yield stops
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def ignore() -> None:
    """Let no further signal disturb a program that is ending because of one."""
    for name in _NAMES:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
