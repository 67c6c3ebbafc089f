"""Overdue: what no look at the clock can end, a single long operation, ends with this process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import TIMEOUT_MAX

from einspace.cli.output import complain, err, later

GRACE = 10.0
"""Seconds beyond the limit in which the work may still end by itself."""


@contextmanager
def ended_after(seconds: float | None, words: str) -> Iterator[None]:
    """End this process with one message and code 2 where the block takes `GRACE` longer than so many seconds; None is no limit.

    A signal or an exception would not do: Python handles either only once the operation has ended.
    """
    if seconds is None or seconds + GRACE > TIMEOUT_MAX:  # three centuries
        yield
        return
    with later(seconds + GRACE, partial(_end, words)):
        yield


def _end(words: str) -> None:
    err.show_cursor(True)
    complain(words)
    os._exit(2)
