"""Facts about where the workers' time goes."""

from time import perf_counter

import pytest

from einspace.study.timing import Clock


def test_the_clock_leaves_out_the_start_and_the_end() -> None:
    """Two workers, one of which has nothing to do at the end: both the start and the end are counted apart."""
    clock = Clock(2, start=perf_counter() - 10)
    for seconds in (6.0, 7.0):
        clock.submitted()
        clock.evaluated(seconds)
    clock.submitted()
    clock.exhausted()
    clock.evaluated(0.0)
    figures = clock.figures(perf_counter() + 2)
    assert figures["starting"] == pytest.approx(4 + 3, abs=0.1)
    assert figures["ending"] == pytest.approx(2 + 2, abs=0.1)
    assert figures["search"] == pytest.approx(12, abs=0.1)
    assert (figures["evaluating"], figures["workers"]) == (13.0, 2.0)
