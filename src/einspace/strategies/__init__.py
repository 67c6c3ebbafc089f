"""Strategies: which architecture a study tries next (section 4.1)."""

from collections.abc import Callable, Sequence
from inspect import signature

from einspace.errors import SettingError, UnknownNameError
from einspace.space import EinSpace
from einspace.strategies.base import History, Individual, Proposal, Strategy
from einspace.strategies.evolution import RegularisedEvolution, TournamentStrategy
from einspace.strategies.initial import parse_initial
from einspace.strategies.mutation import Mutation
from einspace.strategies.pareto import COSTS, ParetoEvolution, check_cost
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


def options(name: str) -> tuple[str, ...]:
    """What a strategy takes beside the space and initial members: parameters of its class, which keeps each under the same name.

    >>> options("pareto"), options("random")
    (('population', 'tournament', 'cost'), ())
    """
    return tuple(option for option in _parameters(name) if option not in ("space", "initial"))


def check_takes(name: str, option: str, value: object) -> None:
    """Raise SettingError if a strategy does not take an option, which would change nothing."""
    if option not in options(name):
        others = [other for other in names() if option in options(other)]
        raise SettingError(f"the strategy {name} takes no {option}, which was given as {value!r}: it is an option of {', '.join(others)}")


def get(name: str, space: EinSpace, initial: Sequence[str] = (), **given: int | str | None) -> Strategy:
    """Build a strategy; `initial` is as `parse_initial` returns it, and random strategies take none.

    What else is `given` are options of the strategy, with None for its own default. Raises UnknownNameError for another name and
    SettingError for settings that make no sense, or that the strategy does not take.

    >>> get("evolution", EinSpace((3, 32, 32)), initial=("resnet8",), population=8).population
    8
    """
    chosen = {option: value for option, value in given.items() if value is not None}
    takes_initial = "initial" in _parameters(name)
    for option, value in chosen.items():
        check_takes(name, option, value)
    build: Callable[..., Strategy] = STRATEGIES[name][0]
    if takes_initial:
        return build(space, initial=initial, **chosen)
    if initial:
        raise SettingError(f"the strategy {name} samples afresh and has no initial members, but got {', '.join(initial)}")
    return build(space, **chosen)


def _parameters(name: str) -> tuple[str, ...]:
    if name not in STRATEGIES:
        raise UnknownNameError("strategy", name, names())
    return tuple(signature(STRATEGIES[name][0]).parameters)


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
    "check_cost",
    "check_takes",
    "get",
    "names",
    "options",
    "parse_initial",
]
