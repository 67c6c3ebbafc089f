"""Strategies: which architecture a study tries next (section 4.1)."""

from collections.abc import Callable, Sequence

from einspace.errors import SettingError, UnknownNameError
from einspace.space import EinSpace
from einspace.strategies.base import History, Individual, Proposal, Strategy
from einspace.strategies.evolution import RegularisedEvolution, TournamentStrategy
from einspace.strategies.initial import parse_initial
from einspace.strategies.mutation import Mutation
from einspace.strategies.pareto import COSTS, ParetoEvolution
from einspace.strategies.random import RandomSearch

STRATEGIES: dict[str, tuple[type[Strategy], str]] = {
    "sampling": (RandomSearch, "random samples; reports the mean and the spread of all"),
    "random": (RandomSearch, "random samples; reports the best"),
    "evolution": (RegularisedEvolution, "regularised evolution: mutants of the fittest of the youngest"),
    "pareto": (ParetoEvolution, "evolution towards the Pareto set of a good score and a small cost"),
    "mutation": (Mutation, "mutants of the fittest of the best, without ageing"),
}
"""Every strategy by its name: its class, and what it does in one line."""


def names() -> tuple[str, ...]:
    """The names of all strategies."""
    return tuple(STRATEGIES)


def get(
    name: str, space: EinSpace, initial: Sequence[str] = (), population: int = 100, tournament: int = 10, cost: str = "parameters"
) -> Strategy:
    """Build a strategy; `initial` is as `parse_initial` returns it, and random strategies take none. `cost` is that of `pareto`.

    Raises UnknownNameError for another name and SettingError for settings that make no sense.

    >>> type(get("evolution", EinSpace((3, 32, 32)), initial=("resnet8",))).__name__
    'RegularisedEvolution'
    """
    if name not in STRATEGIES:
        raise UnknownNameError("strategy", name, names())
    for setting, value in (("population", population), ("tournament", tournament)):
        if type(value) is not int or value < 1:
            raise SettingError(f"{setting} must be a whole number of at least 1, not {value!r}")
    kind, _ = STRATEGIES[name]
    if issubclass(kind, ParetoEvolution):
        return kind(space, population, tournament, initial, cost)
    if issubclass(kind, TournamentStrategy):
        build: Callable[..., Strategy] = kind
        return build(space, population=population, tournament=tournament, initial=initial)
    if initial:
        raise SettingError(f"the strategy {name} samples afresh and has no initial members, but got {', '.join(initial)}")
    return RandomSearch(space)


__all__ = [
    "STRATEGIES",
    "History",
    "Individual",
    "COSTS",
    "Mutation",
    "ParetoEvolution",
    "Proposal",
    "RandomSearch",
    "RegularisedEvolution",
    "Strategy",
    "TournamentStrategy",
    "get",
    "names",
    "parse_initial",
]
