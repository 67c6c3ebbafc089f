"""Rungs: epochs at which a trial goes on only if its score is among the better half of the latest ones there.

All of it is a function of the trials so far. What a trial must reach is stored with its proposal, and the fitness that a stopped trial is
predicted to have had is computed again from the trials wherever it is asked for.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from itertools import islice
from statistics import median

from einspace.strategies.base import History
from einspace.trial import Proposal, Trial

LATEST, FEWEST = 20, 8
"""The latest trials at a rung whose median the next one must reach, and how many there must be before any is stopped."""

PAIRS, REMEMBERED = 20, 100
"""Trials that went on from a rung to the end before those that were stopped there are predicted, and the latest that are learnt from."""


def rungs_of(epochs: int, warmup: float) -> tuple[int, ...]:
    """The rungs of a training: after a quarter and after half of its epochs, rounded down, where the rate is constant by then.

    Args:
        epochs: Of the training.
        warmup: The share of the steps over which the rate rises.

    >>> rungs_of(8, 0.1), rungs_of(5, 0.0), rungs_of(3, 0.1), rungs_of(1, 0.1), rungs_of(8, 0.3)
    ((2, 4), (1, 2), (1,), (), (4,))
    """
    return tuple(epoch for epoch in sorted({epochs // 4, epochs // 2}) if epoch > 0 and warmup * epochs <= epoch)


def epochs_of(proposal: Proposal) -> tuple[int, ...]:
    """The rungs of a proposal, without what it must reach there."""
    return tuple(epoch for epoch, _ in proposal.rungs or ())


def bound(history: History, epochs: tuple[int, ...], epoch: int) -> float | None:
    """The score that the next trial must reach at a rung: the median of the latest there; None while they are too few.

    Args:
        history: All trials so far.
        epochs: The rungs of the trial.
        epoch: One of them.
    """
    there = (trial.rungs[epoch] for trial in reversed(history) if _was_at(trial, epochs, epoch))
    found = list(islice(there, LATEST))
    return median(found) if len(found) >= FEWEST else None


def foretold(history: History) -> Iterator[Trial]:
    """The trials, the latest first, where those that were stopped at a rung have the fitness that they are predicted to have had.

    It follows from the score at the rung by a line, of Theil and Sen, through the trials that went on from there to the end: the median of
    the slopes of all pairs, at least 0, for a better score at a rung promises no worse end. While these trials are fewer than `PAIRS`, one
    that was stopped has no fitness.
    """
    line = cache(partial(_line, history))
    for trial in reversed(history):
        epoch = trial.stopped
        known = None if epoch is None or epoch not in trial.rungs else line(epochs_of(trial.proposal), epoch)
        yield trial if epoch is None or known is None else replace(trial, fitness=known[1] + known[0] * trial.rungs[epoch])


def _was_at(trial: Trial, epochs: tuple[int, ...], epoch: int) -> bool:
    """Whether a trial has a score of its own at a rung of a training with such rungs."""
    return trial.reused is None and epoch in trial.rungs and epochs_of(trial.proposal) == epochs


def _line(history: History, epochs: tuple[int, ...], epoch: int) -> tuple[float, float] | None:
    """The slope and the start of the line from a score at a rung to a fitness, by the latest there; None while they are too few."""
    from scipy.stats import theilslopes

    there = (
        (trial.rungs[epoch], trial.fitness) for trial in reversed(history) if trial.fitness is not None and _was_at(trial, epochs, epoch)
    )
    pairs = list(islice(there, REMEMBERED))
    if len(pairs) < PAIRS:
        return None
    scores, ends = zip(*pairs, strict=True)
    slope = max(0.0, float(theilslopes(ends, scores).slope)) if len(set(scores)) > 1 else 0.0
    return slope, median(ends) - slope * median(scores)
