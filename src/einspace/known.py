"""Known: the finished trials that a model of a search learns from, which are a function of what is stored."""

from collections.abc import Sequence

from einspace.trial import Trial

BEGIN = 30
"""Trials that must have ended well before anything is learnt."""

REFIT = 5
"""Trials that end well until a model is fitted again."""


def known(history: Sequence[Trial], initial: int) -> list[Trial]:
    """The trials that were the first to end well, in the order of their ends and in steps of `REFIT`; none while they are too few.

    A trial that repeats another does not count. With one worker trials end in the order of their numbers.

    Args:
        history: All trials so far, by number.
        initial: How many initial members there are, of which as many trials must have ended well.
    """
    found = [trial for trial in history if trial.fitness is not None and trial.reused is None]
    count = len(found) // REFIT * REFIT
    if count < max(BEGIN, initial):
        return []
    return sorted(found, key=lambda trial: (trial.ended or 0.0, trial.number))[:count]
