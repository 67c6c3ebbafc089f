"""What inherited weights add to a score, or take from it, decides nothing: trials are compared with those that began alike."""

from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

import pytest
from tests.study_samples import score
from tests.surrogate.surrogate_samples import SPACE

from einspace import strategies
from einspace.evaluation.outcome import INHERITED, Evaluation, Outcome
from einspace.strategies import TournamentStrategy, moves
from einspace.trial import Proposal, Trial

TREES = 20

pytestmark = pytest.mark.usefixtures("small_forests")

EVOLVING = ("evolution", "mutation", "pareto")
SHIFTS = (-10.0, 10.0)


@cache
def history(shift: float = 0.0) -> list[Trial]:
    """Forty trials, the odd ones of which inherited weights, and so have a score that is higher."""
    rng, found = Random(0), []
    for number in range(40):
        heir = number % 2 == 1
        proposal = replace(Proposal.of(SPACE.sample(rng), "mutation"), inherits=0 if heir else None)
        proposal = replace(proposal, parents=(number - 1,) if number else (), move=moves.MUTATION if number else "")
        evaluation = Evaluation(Outcome.OK, score(str(number)) + shift * heir, extra={INHERITED: 0.9} if heir else {})
        found.append(Trial(number, proposal).end(evaluation, 1.0, float(number)))
    return found


def made(name: str, **options: Any) -> TournamentStrategy:
    given: dict[str, Any] = {"population": 12, "tournament": 4, **({"elite": 6} if name == "evolution" else {}), **options}
    found = strategies.get(name, SPACE, ("random",), **given)
    assert isinstance(found, TournamentStrategy)
    return found


@pytest.mark.parametrize("name", EVOLVING)
def test_the_population_has_the_best_of_both(name: str) -> None:
    """The elite, the best that do not age, and the fronts are what they are whatever all inherited scores are raised by."""
    members = [[trial.number for trial in made(name).members(history(shift))] for shift in (0.0, *SHIFTS)]
    assert members[0] == members[1] == members[2]
    assert {number % 2 for number in members[0]} == {0, 1}


@pytest.mark.parametrize("options", [{"widening": 1.0}, {"learned": True}, {"adaptive": True, "edits": 0.5}, {"surrogate": True}])
def test_a_proposal_is_what_it_would_be(options: dict[str, Any]) -> None:
    """The member that is widened, the trials that probabilities are learnt from, the moves that paid, and what a forest promises."""
    for name in EVOLVING:
        proposals = [
            [strategies.propose(made(name, **options), history(shift)[:number], 0) for number in (36, 37, 38)] for shift in (0.0, *SHIFTS)
        ]
        assert [each and each.text for each in proposals[0]] == [each and each.text for each in proposals[1]]
        assert [each and each.text for each in proposals[0]] == [each and each.text for each in proposals[2]]
