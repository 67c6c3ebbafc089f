"""Changes of recipe and head: one step on one ladder, in a form that is the same for equal trainings."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from einspace.errors import SettingError
from einspace.variation import Choices, canonical, mutate_changes

CHOICES: Choices = {
    "learning_rate_factor": ((0.25, 0.5, 1, 2, 4), 1),
    "batch_size": ((16, 32, 64), 32),
    "dropout": ((0.0, 0.1, 0.25, 0.5), 0.0),
    "adamw": ((0, 1), 0),
}


@given(st.integers(0, 9_999), st.integers(1, 12))
def test_a_mutation_moves_one_thing_by_one_step(seed: int, generations: int) -> None:
    """Whatever was changed before: exactly one value differs, by one place on its ladder, and nothing that stands anyway is named."""
    rng, changes = Random(seed), {"momentum": 0.8}
    for _ in range(generations):
        found = mutate_changes(changes, CHOICES, rng)
        values = {name: (changes.get(name, standing), found.get(name, standing)) for name, (_, standing) in CHOICES.items()}
        ((name, (before, after)),) = [(name, pair) for name, pair in values.items() if pair[0] != pair[1]]
        ladder = CHOICES[name][0]
        assert abs(ladder.index(before) - ladder.index(after)) == 1
        assert found == canonical(found, CHOICES)
        assert found["momentum"] == 0.8
        assert all(type(value) is float for value in found.values())
        changes = found


def test_there_and_back_is_no_change() -> None:
    """Two changes of a thing with two values are none, and whole numbers and decimals are the same value."""
    only: Choices = {"adamw": ((0, 1), 0)}
    once = mutate_changes({}, only, Random(0))
    assert once == {"adamw": 1.0}
    assert mutate_changes(once, only, Random(0)) == {}
    assert canonical({"grid": 2, "batch_size": 32}, CHOICES) == {"grid": 2.0}
    assert list(canonical({"dropout": 0.1, "adamw": 1}, CHOICES)) == ["adamw", "dropout"]


def test_every_thing_and_both_directions_are_drawn_equally_often() -> None:
    """From the middle of the ladders each name is drawn uniformly, and of two neighbours each."""
    found = Counter(str(mutate_changes({"dropout": 0.1}, CHOICES, Random(seed))) for seed in range(4_000))
    ends = {"adamw": 1, "learning_rate_factor": 2, "batch_size": 2, "dropout": 2}
    assert len(found) == sum(ends.values())
    expected = [1_000] + [500] * 6
    assert chisquare(sorted(found.values(), reverse=True), expected).pvalue > 0.001


def test_a_value_beside_its_ladder_moves_to_a_neighbour_on_it() -> None:
    """What a user set comes back to the ladder, and what stands without a change is one of its values."""
    beside: Choices = {"weight_decay": ((0.001, 0.004), 0.002)}
    assert {mutate_changes({"weight_decay": 0.003}, beside, Random(seed)).get("weight_decay", 0.002) for seed in range(30)} == {
        0.002,
        0.004,
    }
    assert mutate_changes({"weight_decay": 9.0}, beside, Random(0)) == {"weight_decay": 0.004}
    assert {mutate_changes({}, beside, Random(seed))["weight_decay"] for seed in range(30)} == {0.001, 0.004}


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"grid": ((4, 2, 1), 1)}, r"the choices of grid must ascend, unlike \(4, 2, 1\)"),
        ({"grid": ((1, 1, 2), 1)}, "must ascend"),
        ({"grid": ((), 1)}, "must be finite numbers"),
        ({"grid": ((1, float("nan")), 1)}, "must be finite numbers"),
        ({"grid": ((1, 2), True)}, "must be finite numbers"),
        ({"grid": ((1,), 1)}, "need choices with two values or more"),
        ({}, "need choices with two values or more"),
    ],
)
def test_choices_that_cannot_be_are_refused(choices: Choices, message: str) -> None:
    """A ladder has finite numbers in ascending order, and something can move."""
    with pytest.raises(SettingError, match=message):
        mutate_changes({}, choices, Random(0))
