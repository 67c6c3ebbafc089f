"""Asking: the answers of a user's strategy are checked, and its mistakes are reported as the user's."""

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from math import isfinite
from random import Random

from pydantic import TypeAdapter, ValidationError

from einspace.errors import EinspaceError, StrategyError
from einspace.evaluation.outcome import first_line
from einspace.space import EinSpace
from einspace.strategies.base import Exhausted, History, Strategy
from einspace.strategies.initial import RANDOM
from einspace.tasks.fingerprints import name_of
from einspace.trial import INITIAL, Costs, Prediction, Proposal

LINES = 12
"""Lines of the traceback of a user's mistake that are shown."""

REFUSED = 100
"""Proposals in a row that may be over the limits before the search gives the strategy up."""

Ask = Callable[[Strategy, History, Random], Proposal | None]
"""A way to ask a strategy, such as `Affordable.propose`, which asks again where a proposal costs too much."""

_LOG = logging.getLogger("einspace")


def propose(strategy: Strategy, history: History, seed: int, ask: Ask | None = None, space: EinSpace | None = None) -> Proposal | None:
    """The proposal for trial `len(history)` of a run with this seed.

    What a strategy of the user's, or one that was made with other limits, proposes over the limits of `space` is refused, as what costs
    too much is, and it is asked again. Raises StrategyError where the strategy raises, returns anything but a proposal in `space`, or is
    refused too often.
    """
    rng = Random(f"{seed}:{len(history)}")
    asked = strategy if is_ours(strategy) and _has_limits_of(strategy, space) else _Checked(strategy, space)

    def one() -> Proposal | None:
        return asked.propose(history, rng) if ask is None else ask(asked, history, rng)

    return asked.choose(one, history, rng)


def close(strategy: Strategy) -> None:
    """Close a strategy; an exception of the user's is only a warning, for the search is over."""
    try:
        with _named(strategy, "close"):
            strategy.close()
    except StrategyError as error:
        _LOG.warning("%s", error.args[0])


class _Checked(Strategy):
    """A strategy of the user's, or of other limits, whose exceptions and answers are checked."""

    def __init__(self, strategy: Strategy, space: EinSpace | None) -> None:
        self._strategy = strategy
        self._space = space

    def propose(self, history: History, rng: Random) -> Proposal | None:
        reason: str | None = None
        for _ in range(REFUSED):
            with _named(self._strategy, "propose"):
                proposal, reason = self._checked("propose", self._strategy.propose(history, rng), history)
            if proposal is None or reason is None:
                return proposal
            self.refuse(proposal, reason)
        raise StrategyError(
            f"the strategy {name_of(type(self._strategy))} proposed nothing within the limits {REFUSED} times in a row: {reason}"
        )

    def choose(self, ask: Callable[[], Proposal | None], history: History, rng: Random) -> Proposal | None:
        with _named(self._strategy, "choose"):
            proposal, reason = self._checked("choose", self._strategy.choose(ask, history, rng), history)
        if reason is not None:
            raise StrategyError(f"the strategy {name_of(type(self._strategy))}: choose returned a proposal over the limits: {reason}")
        return proposal

    def refuse(self, proposal: Proposal, reason: str) -> None:
        with _named(self._strategy, "refuse"):
            self._strategy.refuse(proposal, reason)

    def _checked(self, method: str, found: object, history: History) -> tuple[Proposal | None, str | None]:
        """An answer, and why it is over the limits of the space, if it is; raises StrategyError for one that cannot be."""
        if found is None:
            return None, None
        what = f"the strategy {name_of(type(self._strategy))}: {method} must return Proposal.of(architecture, origin) or None"
        if not isinstance(found, Proposal):
            raise StrategyError(f"{what}, not {found!r:.100}")
        costs, prediction = (asdict(one) if isinstance(one, Costs | Prediction) else one for one in (found.costs, found.prediction))
        try:
            proposal = _adapter().validate_python({**vars(found), "costs": costs, "prediction": prediction})
            proposal.origin.encode()
        except ValidationError as error:
            wrong = error.errors(include_url=False)[0]
            raise StrategyError(f"{what}; its {'.'.join(map(str, wrong['loc']))} is {wrong['input']!r:.100}: {wrong['msg']}") from None
        except UnicodeEncodeError:
            raise StrategyError(f"{what}; its origin is not a text: {proposal.origin!r:.100}") from None
        if not all(map(isfinite, proposal.changes.values())) or not all(0 <= number < len(history) for number in proposal.parents):
            given = f"{proposal.changes} and {proposal.parents}"
            raise StrategyError(f"{what}, with finite changes and parents among the trials so far, not {given}")
        if proposal.prediction is not None and not 0 <= proposal.prediction.percentile <= 1:
            raise StrategyError(f"{what}, whose prediction is a percentile from 0 to 1, not {proposal.prediction.percentile}")
        return proposal, None if self._space is None else self._compared(proposal, self._space)

    def _compared(self, proposal: Proposal, space: EinSpace) -> str | None:
        """The limit that an architecture exceeds, in words; None where it is within all, or was named as an initial member.

        Raises StrategyError unless the text is an architecture of the space, and key and costs are those of it.
        """
        name = name_of(type(self._strategy))
        where = f"the strategy {name} proposed a text that is not an architecture at {space.input} in this search's grammar"
        try:
            architecture = space.parse(proposal.text)
            known = Proposal.of(architecture, proposal.origin)
        except EinspaceError as error:
            raise StrategyError(f"{where}: {str(error).splitlines()[0]}") from None
        costs = [(value, getattr(known.costs, name)) for name, value in asdict(proposal.costs).items() if value is not None]
        if proposal.key != known.key or any(one != other for one, other in costs):
            raise StrategyError(f"{where}: its key or its costs do not belong to its text; sample, mutate and parse in the search's space")
        drawn = not proposal.is_initial or proposal.origin == f"{INITIAL}{RANDOM}"
        return space.limits.objection(architecture.cost) if drawn else None


@contextmanager
def _named(strategy: Strategy, method: str) -> Iterator[None]:
    """Turn an exception of a user's method into one line with its name, and below it the traceback."""
    try:
        yield
    except (StrategyError, Exhausted):
        raise
    except Exception as error:
        if is_ours(strategy):
            raise
        raise StrategyError(f"the strategy {name_of(type(strategy))}: {method} raised {first_line(error)}", *trace(error, 2)) from error


def trace(error: BaseException, ours: int = 1) -> list[str]:
    """The last lines of where an exception was raised, without our own frames around it."""
    return "".join(traceback.format_tb(error.__traceback__)[ours:]).rstrip().splitlines()[-LINES:]


def _has_limits_of(strategy: Strategy, space: EinSpace | None) -> bool:
    """Whether a strategy of einspace's keeps to the limits of a space by itself."""
    own = getattr(strategy, "space", space)
    return space is None or own is None or own.limits == space.limits


def is_ours(strategy: Strategy) -> bool:
    """Whether a strategy is one of einspace's, and not the user's."""
    return type(strategy).__module__.startswith("einspace.")


@cache
def _adapter() -> TypeAdapter[Proposal]:
    return TypeAdapter(Proposal)
