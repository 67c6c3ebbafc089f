"""What a model of a search learns from, and how often it learns again, however long the search is."""

from dataclasses import replace
from random import Random

import pytest

from einspace.evaluation.outcome import INHERITED, Evaluation, Outcome
from einspace.known import BEGIN, LATEST, REFIT, SOON, best, known, levels
from einspace.surrogate import Guide
from einspace.surrogate.forest import Forest
from einspace.trial import Costs, Proposal, Trial


def trials(count: int) -> list[Trial]:
    """Trials that have ended well, in the order of their numbers."""
    return [
        Trial(number, Proposal("relu", f"key{number}", Costs(1, 1, 1), "sample")).end(Evaluation(Outcome.OK, 0.5), 1.0, float(number))
        for number in range(count)
    ]


def test_a_short_search_is_learnt_from_as_a_whole_and_again_after_five() -> None:
    """All trials that ended well count, in steps of five, whatever the order of their ends."""
    history = trials(SOON)
    for count in range(SOON):
        expected = history[: count // REFIT * REFIT] if count >= BEGIN else []
        assert known(history[:count], 0) == expected
        assert sorted(known(Random(count).sample(history[:count], count), 0), key=lambda trial: trial.number) == expected


def test_a_long_search_is_learnt_from_more_seldom() -> None:
    """While the number of trials doubles, a model is fitted ten times, however many they are."""
    history = trials(8 * SOON)
    for count in (SOON, 2 * SOON, 4 * SOON):
        assert len({known(history[:end], 0)[-1].number for end in range(count, 2 * count)}) == 10


def test_the_latest_to_end_are_learnt_from() -> None:
    """At most `LATEST`, in the order of their ends."""
    history = trials(16 * SOON)
    backwards = [replace(trial, ended=-float(trial.number)) for trial in history]
    assert known(history, 0) == history[-LATEST:]
    assert known(backwards, 0) == backwards[:LATEST][::-1]


def test_a_forest_is_fitted_to_the_latest_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a fit would take longer with each trial, and the driver waits for it."""
    fitted: list[int] = []
    monkeypatch.setattr(Forest, "fit", lambda rows, fitness, seed: fitted.append(len(rows)))
    Guide(lambda proposal, history: {}, 0).forest(trials(2 * LATEST))
    assert fitted == [LATEST]


def began(number: int, fitness: float, heir: bool = False) -> Trial:
    proposal = replace(Proposal("relu", f"key{number}", Costs(1), "sample"), inherits=0 if heir else None)
    return Trial(number, proposal).end(Evaluation(Outcome.OK, fitness, extra={INHERITED: 0.9} if heir else {}), 1.0, 0.0)


@pytest.mark.parametrize("heir", [False, True])
def test_where_all_began_alike_the_fitness_counts(heir: bool) -> None:
    """Of equals the first is better, as they come."""
    trials = [began(number, fitness, heir) for number, fitness in enumerate((0.2, 0.9, 0.2, 0.5))]
    assert levels(trials) == [0.2, 0.9, 0.2, 0.5]
    assert [one.number for one in best(trials, 3)] == [1, 3, 0]
    assert not levels([])
    assert not best([], 3)


def test_where_some_inherited_the_place_among_equals_counts() -> None:
    """So both have members among the best, in proportion to how many they are."""
    trials = [*(began(number, number / 10) for number in range(8)), *(began(8 + number, 9.0 + number, True) for number in range(4))]
    assert [one.number for one in best(trials, 6)] == [7, 11, 6, 5, 10, 4]
    assert levels(trials)[8:] == [0.125, 0.375, 0.625, 0.875]
