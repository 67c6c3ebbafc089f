"""The forest: what it learns, and what it does with what it never saw."""

from math import nan

import numpy as np
import pytest

from einspace.surrogate.features import Row
from einspace.surrogate.forest import Forest

ROWS: list[Row] = [{"number relu": number % 7, "origin": "edit" if number % 2 else "mutation", "empty": 1.0} for number in range(60)]
FITNESS = [float(number % 7) for number in range(60)]


def test_it_orders_what_can_be_ordered() -> None:
    """The percentile rises with the feature that decides, and what is far from the trials is no less sure than they are."""
    means, spreads = Forest.fit(ROWS, FITNESS, "0:60").predict([{"number relu": count, "origin": "edit"} for count in range(7)])
    assert (np.diff(means) > 0).all()
    assert means.min() >= 0
    assert means.max() <= 1
    assert (spreads >= 0).all()


@pytest.mark.slow
def test_a_score_far_from_the_others_counts_as_little_as_any() -> None:
    """Only the order is learnt."""
    wild = [fitness * 1e9 if fitness == 6 else fitness for fitness in FITNESS]
    one, other = (Forest.fit(ROWS, values, "0:60").predict(ROWS[:7])[0] for values in (FITNESS, wild))
    assert one.tolist() == other.tolist()


@pytest.mark.slow
def test_the_seed_decides_all_chance() -> None:
    """The same one gives the same forest, another one another."""
    one, same, other = (Forest.fit(ROWS, FITNESS, seed).predict(ROWS)[1].tolist() for seed in ("0:60", "0:60", "1:60"))
    assert one == same != other


@pytest.mark.parametrize("row", [{}, {"number softmax": 3, "origin": "crossover"}, {"number relu": nan, "origin": "edit"}])
def test_what_no_trial_had_is_predicted_too(row: Row) -> None:
    """Features without a name among the trials are left out, and what is not known is not a mistake."""
    (mean,), _ = Forest.fit(ROWS, FITNESS, "0:60").predict([row])
    assert 0 <= mean <= 1


def test_equal_trials_are_learnt() -> None:
    """Where nothing differs, everything is predicted in the middle."""
    (mean,), (spread,) = Forest.fit([ROWS[0]] * 30, [1.0] * 30, "0:30").predict([ROWS[1]])
    assert (mean, spread) == (0.5, 0.0)
