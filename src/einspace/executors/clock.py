"""Clock: the seconds in which this process was able to run."""

from collections.abc import Callable
from time import monotonic

TICK = 0.5
"""Seconds between two looks at the clock."""

LATE = 0.5
"""Seconds by which a thread may wake too late before the rest counts as a gap in which it could not run."""


class Clock:
    """Counts the seconds of a thread that waits in steps of a `TICK` at most.

    A process that is stopped and continued, or that gets no processor for a while, wakes much later than it asked for: that time is not
    counted, for its workers probably could not run either. A machine that sleeps does not move `time.monotonic` at all.
    """

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self.seconds = 0.0
        self.gaps = 0
        self._now = now
        self._last = now()

    def advance(self, asked: float | None = None) -> None:
        """Count the time since the last call, in which the thread waited for `asked` seconds, or worked where that is None."""
        now = self._now()
        passed, self._last = now - self._last, now
        if asked is not None and passed > asked + LATE:
            self.gaps += 1
            passed = asked
        self.seconds += passed
