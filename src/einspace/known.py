"""Known: the finished trials that a model of a search learns from. They follow from the stored trials alone."""

from collections.abc import Sequence

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
