"""Pareto sets of two objectives: a fitness, of which more is better, and a cost, of which less is."""

from collections.abc import Sequence
from math import inf

Point = tuple[float, float]
"""Fitness and cost."""


def dominates(a: Point, b: Point) -> bool:
    """Whether `a` is as good as `b` in both objectives and better in one.

    >>> dominates((0.9, 10), (0.8, 10)), dominates((0.9, 11), (0.8, 10))
    (True, False)
    """
    return a[0] >= b[0] and a[1] <= b[1] and a != b


def fronts(points: Sequence[Point], most: float = inf) -> list[list[int]]:
    """Indices in fronts: nothing dominates the first, only the first dominates the second, and so on; each by falling fitness.

    Those after the front with which `most` points have a place are left out: each costs a walk through all points that are left.

    >>> points = [(0.9, 100), (0.8, 10), (0.7, 50), (0.9, 120)]
    >>> fronts(points), fronts(points, 1)
    ([[0, 1], [3, 2]], [[0, 1]])
    """
    left = sorted(range(len(points)), key=lambda i: (-points[i][0], points[i][1], i))
    found: list[list[int]] = []
    while left and most > 0:
        front: list[int] = []
        rest: list[int] = []
        cheapest = (inf, inf)  # cost and fitness of the last member: by falling fitness, members of a front fall in cost
        for i in left:
            fitness, cost = points[i]
            if cost < cheapest[0] or (cost, fitness) == cheapest:
                front.append(i)
                cheapest = (cost, fitness)
            else:
                rest.append(i)
        found.append(front)
        left = rest
        most -= len(front)
    return found


def crowding(points: Sequence[Point], front: Sequence[int]) -> dict[int, float]:
    """How far from its neighbours each member of a front is, as the share of the front's extent, summed over the objectives.

    The ends of a front are infinitely far (the distance of NSGA-II).

    >>> crowding([(0.9, 100.0), (0.8, 40.0), (0.5, 0.0)], [0, 1, 2])
    {0: inf, 1: 2.0, 2: inf}
    """
    distance = dict.fromkeys(front, 0.0)
    for axis in (0, 1):
        order = sorted(front, key=lambda i: points[i][axis])
        extent = points[order[-1]][axis] - points[order[0]][axis]
        distance[order[0]] = distance[order[-1]] = inf
        if extent > 0:
            for before, i, after in zip(order, order[1:], order[2:], strict=False):
                distance[i] += (points[after][axis] - points[before][axis]) / extent
    return distance
