"""Trials that began alike are compared, and others are not."""

from dataclasses import replace

import pytest

from einspace.equals import best, levels
from einspace.evaluation.outcome import INHERITED, Evaluation, Outcome
from einspace.trial import Costs, Proposal, Trial


def trial(number: int, fitness: float, heir: bool = False) -> Trial:
    proposal = replace(Proposal("relu", f"key{number}", Costs(1), "sample"), inherits=0 if heir else None)
    return Trial(number, proposal).end(Evaluation(Outcome.OK, fitness, extra={INHERITED: 0.9} if heir else {}), 1.0, 0.0)


@pytest.mark.parametrize("heir", [False, True])
def test_where_all_began_alike_the_fitness_counts(heir: bool) -> None:
    """Of equals the first is better, as they come."""
    trials = [trial(number, fitness, heir) for number, fitness in enumerate((0.2, 0.9, 0.2, 0.5))]
    assert levels(trials) == [0.2, 0.9, 0.2, 0.5]
    assert [one.number for one in best(trials, 3)] == [1, 3, 0]
    assert not levels([])
    assert not best([], 3)


def test_where_some_inherited_the_place_among_equals_counts() -> None:
    """So both have members among the best, in proportion to how many they are."""
    trials = [*(trial(number, number / 10) for number in range(8)), *(trial(8 + number, 9.0 + number, True) for number in range(4))]
    assert [one.number for one in best(trials, 6)] == [7, 11, 6, 5, 10, 4]
    assert levels(trials)[8:] == [0.125, 0.375, 0.625, 0.875]
