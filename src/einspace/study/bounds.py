"""Bounds: how many trials a search has, and how much time."""

import logging
from collections.abc import Iterable
from typing import NamedTuple

from einspace.config.protocol import PAPER
from einspace.errors import SettingError
from einspace.quantities import check_whole, counted
from einspace.strategies import Strategy, TournamentStrategy
from einspace.strategies.initial import RANDOM

TRIALS, BUDGET = 100, "4m"
"""The bounds of a search that is given neither a number nor a time: a time, but for an objective a number."""

SCRATCH, SEEDED = 1_000, 500
"""The same by the paper's protocol: trials from scratch (section 4.3), and iterations from networks (section 4.4)."""

_LOG = logging.getLogger("einspace")


class Bounds(NamedTuple):
    """The bounds of a search, each None where it does not bound it.

    Args:
        trials: All of them, initial members included.
        iterations: Those beside the initial members, in place of trials.
        budget: The time, in seconds or as a text.
    """

    trials: int | None = None
    iterations: int | None = None
    budget: str | float | None = None

    @property
    def number(self) -> int | None:
        """Of trials, or of iterations where there are these."""
        return self.trials if self.iterations is None else self.iterations

    def __str__(self) -> str:
        if self.iterations is not None:
            return f"{counted(self.iterations, 'iteration')} after its initial members"
        return str(self.budget) if self.trials is None else counted(self.trials, "trial")


def bounds(given: Bounds, protocol: str, is_objective: bool, initial: Iterable[str]) -> Bounds:
    """The bounds of a search as given, or the usual ones where none was given; raises SettingError for some that make no sense.

    Args:
        given: By the call.
        protocol: Of the search, by name.
        is_objective: Whether the search is of an objective, and not of a task.
        initial: Its initial members.

    >>> bounds(Bounds(), "einspace", False, []), bounds(Bounds(trials=12), "einspace", False, [])
    (Bounds(trials=None, iterations=None, budget='4m'), Bounds(trials=12, iterations=None, budget=None))
    >>> bounds(Bounds(), "paper", False, []).trials, bounds(Bounds(), "paper", False, ["resnet18"]).iterations
    (1000, 500)
    """
    if given == Bounds():
        if protocol == PAPER:
            return Bounds(trials=SCRATCH) if set(initial) <= {RANDOM} else Bounds(iterations=SEEDED)
        return Bounds(trials=TRIALS) if is_objective else Bounds(budget=BUDGET)
    if given.iterations is not None:
        if given.trials is not None:
            raise SettingError(f"give either trials or iterations, not both: {given.trials!r} and {given.iterations!r}")
        check_whole("iterations", given.iterations)
    return given


def tell_if_nothing_evolves(strategy: Strategy, trials: int | None) -> None:
    """Warn where a search has no more trials than random samples that its population begins with."""
    if isinstance(strategy, TournamentStrategy) and not strategy.initial and trials is not None and trials <= strategy.population:
        _LOG.warning(
            "this search is random: it starts from scratch, and its %s do not outnumber the %s of its population; "
            "more trials, a smaller population or initial members let it evolve",
            counted(trials, "trial"),
            counted(strategy.population, "member"),
        )
