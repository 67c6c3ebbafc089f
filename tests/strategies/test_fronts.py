"""Pareto sets of a fitness and a cost."""

from collections.abc import Sequence
from math import inf
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from einspace.strategies.fronts import Point, crowding, dominates, fronts

POINTS = st.lists(st.tuples(st.integers(0, 6).map(float), st.integers(0, 6).map(float)), min_size=1, max_size=25)


class _Counted(list[Point]):
    """Points that count how often one is read."""

    read = 0

    def __getitem__(self, index: Any) -> Any:
        self.read += 1
        return super().__getitem__(index)


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


@given(POINTS, st.integers(1, 30))
def test_fronts_that_are_cut_off_are_the_first_of_all(points: list[Point], most: int) -> None:
    """They are the fewest that have so many points, or all of them."""
    found, whole = fronts(points, most), fronts(points)
    assert found == whole[: len(found)]
    assert sum(map(len, found)) >= min(most, len(points))
    assert sum(map(len, found[:-1])) < most


def test_what_few_places_cost_grows_with_the_points_alone() -> None:
    """Of points that are a front each, ten are placed by walking through all of them ten times, and not once for each."""
    points = _Counted((-float(number), float(number)) for number in range(500))
    assert fronts(points, 10) == [[number] for number in range(10)]
    assert points.read <= 13 * len(points)


@given(POINTS)
def test_the_ends_of_a_front_are_the_loneliest(points: list[Point]) -> None:
    """The fittest and the cheapest of a front are infinitely far, and no distance is negative."""
    front = fronts(points)[0]
    distance = crowding(points, front)
    assert set(distance) == set(front)
    assert min(distance.values()) >= 0
    assert inf in {distance[i] for i in front if points[i][0] == max(points[j][0] for j in front)}
    assert inf in {distance[i] for i in front if points[i][1] == min(points[j][1] for j in front)}
