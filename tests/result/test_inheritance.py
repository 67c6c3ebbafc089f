"""How well the scores of trials that inherited order those of the race."""

import pytest

from einspace.evaluation.outcome import INHERITED, Evaluation, Outcome
from einspace.result.inheritance import FEWEST, Inheritance
from einspace.trial import RACE, SEARCH, Costs, Proposal, Trial


def trial(number: int, fitness: float, phase: str = SEARCH, inherits: int | None = None) -> Trial:
    """A trial of the architecture of its number, or in the race of the number divided by two: each is trained twice."""
    key = f"key{number // 2 if phase == RACE else number}"
    extra = {} if inherits is None else {INHERITED: 0.5}
    proposal = Proposal("[relu norm]", key, Costs(0), "mutation", inherits=inherits)
    return Trial(number, proposal, phase).end(Evaluation(Outcome.OK, fitness, extra=extra), 1.0, 0.0)


def test_tau_is_of_the_inherited_scores_and_the_means_of_the_race() -> None:
    """Trials that did not inherit, and those that were not trained again, count for nothing but the total."""
    history = [trial(0, 0.99), *(trial(number, number / 10, inherits=0) for number in range(1, 8))]
    race = [trial(number, number / 20 + 0.3 * (number % 2), RACE) for number in range(2 * (FEWEST + 1))]
    found = Inheritance.of(history, race)
    assert found is not None
    assert (found.trials, found.pairs) == (7, FEWEST)
    assert found.tau == pytest.approx(1.0)
    backwards = [trial(again.number, -(again.fitness or 0.0), RACE) for again in race]
    found = Inheritance.of(history, backwards)
    assert found is not None
    assert found.tau == pytest.approx(-1.0)
    level = [trial(again.number, 0.5, RACE) for again in race]
    assert Inheritance.of(history, level) == Inheritance(7, FEWEST, 0.0)


def test_few_pairs_say_nothing() -> None:
    """Below five there is no tau, and a run in which nothing inherited has no figures."""
    history = [trial(0, 0.99), *(trial(number, number / 10, inherits=0) for number in range(1, 8))]
    race = [trial(number, number / 20, RACE) for number in range(2 * FEWEST)]
    assert Inheritance.of(history, race) == Inheritance(7, FEWEST - 1, None)
    assert Inheritance.of(history[:1], race) is None
