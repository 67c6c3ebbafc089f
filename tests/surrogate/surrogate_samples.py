"""Searches whose scores follow from the architecture, without training."""

from collections.abc import Callable
from functools import cache
from math import log10
from random import Random
from typing import Any

from einspace import EinSpace, strategies
from einspace.evaluation.outcome import Evaluation, Outcome
from einspace.limits import Limits
from einspace.surrogate.structure import Structures
from einspace.trial import Proposal, Trial

SPACE = EinSpace((1, 8, 8), limits=Limits(operations=60, parameters=2_000_000))
Score = Callable[[Proposal, Random], float | None]
_STRUCTURES = Structures()


def norms(proposal: Proposal, rng: Random) -> float:
    """A quarter of the operations should be norms, and there should be ten thousand parameters."""
    return -abs(_share_of_norms(proposal.text) - 0.25) - 0.02 * abs(log10(proposal.costs.parameters + 1) - 4)


@cache
def _share_of_norms(text: str) -> float:
    """Searches that are compared have many texts in common, and each is parsed once."""
    total = _STRUCTURES.of(SPACE.parse(text).node).total
    return float(total.get("norm", 0) / sum(total.values()))


def chance(proposal: Proposal, rng: Random) -> float:
    """Nothing can be predicted."""
    return rng.random()


def searched(score: Score, trials: int, seed: int = 0, name: str = "evolution", **options: Any) -> list[Trial]:
    """The trials of a search from three initial members; a score of None is a training that failed."""
    given: dict[str, Any] = {"population": 15, "tournament": 7, "edits": 0.7, "surrogate": True, **options}
    strategy = strategies.get(name, SPACE, given.pop("initial", ("resnet8", "vit-tiny", "random")), **given)
    return continued(strategy, score, [], trials, seed)


def continued(strategy: strategies.Strategy, score: Score, history: list[Trial], trials: int, seed: int = 0) -> list[Trial]:
    """The trials of a search that goes on."""
    history = list(history)
    while len(history) < trials:
        proposal = strategies.propose(strategy, history, seed)
        assert proposal is not None
        number = len(history)
        value = score(proposal, Random(f"{seed}:{number}"))
        evaluation = Evaluation(Outcome.NAN if value is None else Outcome.OK, value)
        history.append(Trial(number, proposal, seed=seed).end(evaluation, 1.0, float(number)))
    return history
