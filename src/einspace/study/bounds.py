"""Bounds: how many trials a search has, and how much time."""

from einspace.errors import SettingError
from einspace.quantities import check_whole

TRIALS, BUDGET = 100, "4m"
"""The bounds of a search that is given neither a number nor a time: a time, but for the paper's protocol and for an objective a number."""


def bounds(
    trials: int | None, iterations: int | None, budget: str | float | None, by_time: bool = True
) -> tuple[int | None, str | float | None]:
    """How many trials a search has, initial members not counted where there are iterations, and its time; None for what does not bound it.

    Args:
        trials: As given, or None.
        iterations: As given, in place of trials.
        budget: As given.
        by_time: Whether a search that was given none of them has `BUDGET`; it has `TRIALS` otherwise.

    >>> bounds(None, None, None), bounds(None, None, None, by_time=False), bounds(12, None, None)
    ((None, '4m'), (100, None), (12, None))
    """
    if iterations is None:
        if trials is None and budget is None:
            return (None, BUDGET) if by_time else (TRIALS, None)
        return trials, budget
    if trials is not None:
        raise SettingError(f"give either trials or iterations, not both: {trials!r} and {iterations!r}")
    check_whole("iterations", iterations)
    return iterations, budget
