"""Raised: limits that nobody has given leave room for the initial members of a search, and for children of their size."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from einspace.config.options import flags
from einspace.limits import FIGURES
from einspace.space import EinSpace
from einspace.strategies.initial import RANDOM, label, member

_LOG = logging.getLogger("einspace")


def with_room(space: EinSpace, initial: Iterable[str], names: Mapping[str, str], stored: Mapping[str, Any] | None) -> EinSpace:
    """The space, whose default limits are raised where an initial member is over them; a run that is continued keeps those that it has.

    Args:
        space: The space of a call.
        initial: The initial members of the search.
        names: Of imported networks, by the texts of their architectures.
        stored: The settings of a run that is continued; None for a new one.

    Raises:
        UnknownNameError, NotationError, ShapeError, NetworkError, GrammarError: For initial members that the space does not have.
    """
    costs = {names.get(name, label(name, number)): member(space, name).cost for number, name in enumerate(initial) if name != RANDOM}
    limits = space.limits.with_room(costs.values())
    raised = {name: limit for name, limit in asdict(limits).items() if limit != getattr(space.limits, name)}
    if not raised:
        return space
    if stored is not None:
        kept = stored.get("limits", {})
        return space.within(replace(limits, **{name: kept.get(name, limit) for name, limit in raised.items()}))
    for name, limit in raised.items():
        largest = max(costs, key=lambda title: getattr(costs[title], FIGURES[name]))
        usual, (flag, *_) = getattr(space.limits, name), flags(f"limits.{name}")
        _LOG.warning(
            "the limit %s is %s in place of %s: twice what the initial member %s has, which is over the default; %s sets another",
            *(name, f"{limit:,}", f"{usual:,}", largest, flag),
        )
    return space.within(limits)
