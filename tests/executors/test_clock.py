"""The clock of time limits."""

from collections.abc import Iterator

from einspace.executors.clock import LATE, Clock


def test_clock() -> None:
    """Waiting and work are counted; a thread that wakes far too late was not able to run, and is counted as it had asked."""
    times: Iterator[float] = iter([100.0, 100.5, 107.5, 118.0, 118.5 + LATE, 119.0 + LATE])
    clock = Clock(lambda: next(times))
    seconds = []
    for asked in (0.5, None, 0.5, 0.5, 0.5):
        clock.advance(asked)
        seconds.append(clock.seconds)
    assert seconds == [0.5, 7.5, 8.0, 8.5 + LATE, 9.0 + LATE]
    assert clock.gaps == 1
