"""Equals: the trials that inherited weights are compared with each other, and so are those that began with fresh ones.

The first were trained for half of the epochs and begin better, so that the scores of both say different things.
"""

from collections.abc import Sequence
from heapq import nlargest

import numpy as np
from numpy.typing import NDArray

from einspace.trial import Trial


def levels(trials: Sequence[Trial]) -> list[float]:
    """What trials that ended well are compared by, of which more is better.

    It is the fitness where all began alike, and otherwise the place among those that began as the trial did, from 0 to 1.
    """
    fitness = [trial.fitness or 0.0 for trial in trials]
    if len({trial.inherited for trial in trials}) < 2:
        return fitness
    found, inherited = np.array(fitness), np.array([trial.inherited for trial in trials])
    for began_alike in (inherited, ~inherited):
        found[began_alike] = percentiles(found[began_alike])
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
