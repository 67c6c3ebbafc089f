"""Signals: Ctrl-C, TERM and HUP stop a search in order, however often they come."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def handled(stop: Callable[[int], None]) -> Iterator[None]:
    """Call `stop` with the number of each signal instead of what Python does; only the main thread can, elsewhere nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for name in _NAMES if (number := getattr(signal, name, None)) is not None}
    before = {number: handler for number, handler in handlers.items() if handler not in (signal.SIG_IGN, None)}  # nohup stays as it is
    try:
        for number in before:
            signal.signal(number, lambda number, _: stop(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
