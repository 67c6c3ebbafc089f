"""Known: the finished trials that a model of a search learns from, and what trials are compared by. Both follow from stored trials alone.

The trials that inherited weights are compared with each other, and so are those that began with fresh ones: the first were trained for half
of the epochs and begin better, so that the scores of both say different things.
"""

from collections.abc import Sequence
from heapq import nlargest

import numpy as np
from numpy.typing import NDArray

from einspace.trial import Trial

BEGIN = 30
"""Trials that must have ended well before anything is learnt."""

REFIT = 5
"""Trials that end well until a model is fitted again, while they are fewer than `SOON`."""

SOON = 100
"""Trials that have ended well from which on a model is fitted more seldom: five more are a small part of the known ones."""

LATEST = 1_000
"""Trials that are learnt from, at most: the driver waits while a forest is fitted, for some seconds with so many."""


def known(history: Sequence[Trial], initial: int) -> list[Trial]:
    """The latest `LATEST` of the trials that were the first to end well, in the order of their ends; none while they are too few.

    They stay the same until `REFIT` more have ended, or from `SOON` trials on twice as many, with each doubling twice as many again.
    A trial that repeats another does not count. With one worker trials end in the order of their numbers.

    Args:
        history: All trials so far, by number.
        initial: How many initial members there are, of which as many trials must have ended well.
    """
    found = [trial for trial in history if trial.fitness is not None and trial.reused is None]
    step = REFIT * 2 ** (len(found) // SOON).bit_length()
    count = len(found) // step * step
    if count < max(BEGIN, initial):
        return []
    return sorted(found, key=lambda trial: (trial.ended or 0.0, trial.number))[:count][-LATEST:]


def began_alike(trials: Sequence[Trial]) -> bool:
    """True if all trials inherited weights, or none did."""
    return len({trial.inherited for trial in trials}) < 2


def levels(trials: Sequence[Trial]) -> list[float]:
    """What trials that ended well are compared by, of which more is better.

    It is the fitness where all began alike, and otherwise the place among those that began as the trial did, from 0 to 1.
    """
    fitness = [trial.fitness or 0.0 for trial in trials]
    if began_alike(trials):
        return fitness
    found, inherited = np.array(fitness), np.array([trial.inherited for trial in trials])
    for equals in (inherited, ~inherited):
        found[equals] = percentiles(found[equals])
    return [float(level) for level in found]


def best(trials: Sequence[Trial], count: int) -> list[Trial]:
    """So many of the trials that ended well, the best among their equals first; where two are as good, as they come."""
    return [trial for _, trial in nlargest(count, zip(levels(trials), trials, strict=True), key=lambda pair: pair[0])]


def percentiles(fitness: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Where each stands among all, from 0 to 1; equal ones stand in the middle of their places.

    >>> percentiles([5.0, 1.0, 1.0, 9.0]).tolist()
    [0.625, 0.25, 0.25, 0.875]
    """
    from scipy.stats import rankdata

    ranks: NDArray[np.float64] = (rankdata(fitness) - 0.5) / len(fitness)
    return ranks
