"""Pareto sets of a fitness and a cost."""

from collections.abc import Sequence
from math import inf
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from einspace.strategies.fronts import Point, crowding, dominates, fronts

POINTS = st.lists(st.tuples(st.integers(0, 6).map(float), st.integers(0, 6).map(float)), min_size=1, max_size=25)


def _peeled(points: Sequence[Point]) -> list[set[int]]:
    """The definition: whom nobody left dominates, again and again."""
    left, found = set(range(len(points))), []
    while left:
        front = {i for i in left if not any(dominates(points[j], points[i]) for j in left)}
        found.append(front)
        left -= front
    return found


@given(POINTS)
def test_fronts_are_what_the_definition_says(points: list[Point]) -> None:
    """Every point is in one front, and the fronts are those of peeling off what nothing dominates, ties included."""
    assert [set(front) for front in fronts(points)] == _peeled(points)


def test_the_first_front_costs_no_other() -> None:
    """Of 20,000 points each of which dominates the next, every further front would be a pass over all that are left."""
    looked = [0]

    class Counted(list[Point]):
        def __getitem__(self, index: Any) -> Any:
            looked[0] += 1
            return super().__getitem__(index)

    points = Counted([(float(-i), float(i)) for i in range(20_000)])
    assert next(fronts(points)) == [0]
    assert looked[0] <= 4 * len(points)


@given(POINTS)
def test_the_ends_of_a_front_are_the_loneliest(points: list[Point]) -> None:
    """The fittest and the cheapest of a front are infinitely far, and no distance is negative."""
    front = next(fronts(points))
    distance = crowding(points, front)
    assert set(distance) == set(front)
    assert min(distance.values()) >= 0
    assert inf in {distance[i] for i in front if points[i][0] == max(points[j][0] for j in front)}
    assert inf in {distance[i] for i in front if points[i][1] == min(points[j][1] for j in front)}
