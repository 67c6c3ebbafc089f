"""Strategies: which architecture a study tries next (section 4.1)."""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

from einspace.errors import SettingError, StrategyError, UnknownNameError
from einspace.evaluation.outcome import first_line
from einspace.space import EinSpace
from einspace.strategies.asking import close, is_ours, propose, trace
from einspace.strategies.base import History, Strategy
from einspace.strategies.evolution import RegularisedEvolution, TournamentStrategy
from einspace.strategies.initial import parse_initial
from einspace.strategies.mutation import Mutation
from einspace.strategies.pareto import COSTS, ParetoEvolution, check_cost
from einspace.strategies.random import RandomSampling, RandomSearch

STRATEGIES: dict[str, tuple[type[Strategy], str]] = {
    "sampling": (RandomSampling, "random samples, each trained like a final one; the mean and the spread of their test scores"),
    "validation-sampling": (RandomSearch, "random samples; the mean and the spread of their validation scores"),
    "random": (RandomSearch, "random samples; the best by validation"),
    "evolution": (RegularisedEvolution, "regularised evolution: mutants of the fittest of the youngest"),
    "pareto": (ParetoEvolution, "evolution towards the Pareto set of a good score and a small cost"),
    "mutation": (Mutation, "mutants of the fittest of the best, without ageing"),
}
"""Every strategy by its name: its class, and what it does in one line."""


def names() -> tuple[str, ...]:
    """The names of all strategies."""
    return tuple(STRATEGIES)


def class_of(name: str) -> type[Strategy]:
    """The class of a strategy by its name, or by `module:Class`, whose module may lie in the current folder.

    Raises UnknownNameError for another name, and SettingError for a module or a class that there is not.
    """
    if not isinstance(name, str):
        raise SettingError(f"a strategy is a name, module:Class, or an object of a subclass of einspace.Strategy, not {name!r:.100}")
    if name in STRATEGIES:
        return STRATEGIES[name][0]
    module, colon, attribute = name.partition(":")
    if not (colon and attribute and all(part.isidentifier() for part in module.split("."))):
        raise UnknownNameError("strategy", name, (*names(), "module:Class"))
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)  # last: a module of the current folder replaces none that is installed
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise SettingError(f"the strategy {name} cannot be imported: {error}") from None
    except Exception as error:  # a module of the user's, which may raise anything
        raise StrategyError(f"the strategy {name} cannot be imported: {first_line(error)}", *trace(error)) from error
    if not (isinstance(found, type) and issubclass(found, Strategy)):
        raise SettingError(f"the strategy {name} must be a subclass of einspace.Strategy, not {found!r}")
    return found


def options(name: str) -> tuple[str, ...]:
    """The options of a strategy beside the space and initial members: parameters of its class, which keeps each under the same name.

    >>> options("pareto")[:4], options("random")
    (('population', 'tournament', 'crossover', 'edits'), ())
    """
    return tuple(option for option in signature(class_of(name)).parameters if option not in ("space", "initial"))


def check_takes(name: str, option: str, value: object) -> None:
    """Raise SettingError if a strategy does not take an option, which would change nothing."""
    if option not in options(name):
        others = [other for other in names() if option in options(other)]
        raise SettingError(f"the strategy {name} takes no {option}, which was given as {value!r}: it is an option of {', '.join(others)}")


def get(name: str | Strategy, space: EinSpace, initial: Sequence[str] = (), **given: Any) -> Strategy:
    """Build a strategy, or return one that is given as an object. `initial` is as `parse_initial` returns it; random strategies take none.

    What else is `given` are options of the strategy, with None for its own default. Raises UnknownNameError for another name and
    SettingError for settings that make no sense, or that the strategy does not take.

    >>> get("evolution", EinSpace((3, 32, 32)), initial=("resnet8",), population=8).population
    8
    """
    chosen = {option: value for option, value in given.items() if value is not None}
    if isinstance(name, Strategy):
        if initial or chosen:
            raise SettingError("a strategy that is given as an object has its options and initial members already")
        own = getattr(name, "space", None)
        if isinstance(own, EinSpace) and (own.input, own.grammar.fingerprint) != (space.input, space.grammar.fingerprint):
            what = "samples of" if own.input != space.input else "another grammar at"
            raise SettingError(f"the strategy {type(name).__name__} was made for {what} {own.input}, and this search is of {space.input}")
        return name
    for option, value in chosen.items():
        check_takes(name, option, value)
    build: Callable[..., Strategy] = partial(_built, name)
    if "initial" in signature(class_of(name)).parameters:
        return build(space, initial=initial, **chosen)
    if initial:
        raise SettingError(f"the strategy {name} has no initial members, but got {', '.join(initial)}")
    return build(space, **chosen)


def _built(name: str, *given: Any, **options: Any) -> Strategy:
    """An object of a class of strategies; raises StrategyError where the user's own cannot be made."""
    try:
        return class_of(name)(*given, **options)
    except Exception as error:
        if name in STRATEGIES:
            raise
        raise StrategyError(f"the strategy {name}: __init__ raised {first_line(error)}", *trace(error)) from error


__all__ = [
    "COSTS",
    "STRATEGIES",
    "History",
    "Mutation",
    "ParetoEvolution",
    "RandomSampling",
    "RandomSearch",
    "RegularisedEvolution",
    "Strategy",
    "TournamentStrategy",
    "check_cost",
    "check_takes",
    "class_of",
    "close",
    "get",
    "is_ours",
    "names",
    "options",
    "parse_initial",
    "propose",
]
