"""Changes of the recipe and the head, mutated: one thing moves one step on its ladder of values."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from itertools import pairwise
from math import isfinite
from random import Random

from einspace.errors import SettingError
from einspace.features import Feature

Choices = Mapping[str, tuple[tuple[float, ...], float]]
"""The ladder of each thing that may change, by name: its values in ascending order, and the value that stands without a change."""


def check_choices(choices: Choices) -> None:
    """Raise SettingError for a ladder that has no values, holds another thing than finite numbers, or does not ascend."""
    for name, (ladder, standing) in choices.items():
        values = [*ladder, standing]
        if not ladder or any(isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) for value in values):
            raise SettingError(f"the choices of {name} must be finite numbers, and the one that stands, not {ladder!r} and {standing!r}")
        if any(low >= high for low, high in pairwise(ladder)):
            raise SettingError(f"the choices of {name} must ascend, unlike {ladder!r}")


def canonical(changes: Mapping[str, float], choices: Choices) -> dict[str, float]:
    """The changes as numbers with a point, sorted by name, without those that are no change, so that equal trainings have equal changes.

    >>> canonical({"grid": 1, "batch_size": 32}, {"grid": ((1, 2, 4), 1)})
    {'batch_size': 32.0}
    """
    return {name: float(value) for name, value in sorted(changes.items()) if name not in choices or value != choices[name][1]}


def fitting(changes: Mapping[str, float], output: Feature) -> dict[str, float]:
    """The changes with a grid of no more windows than the longest axis of an output that is averaged over has elements.

    A head makes no more of them, so that without this two trainings that are the same one would be two proposals.

    >>> fitting({"grid": 4.0}, Feature((32, 2, 2))), fitting({"grid": 4.0}, Feature((32, 1, 1))), fitting({"grid": 4.0}, Feature((9, 32)))
    ({'grid': 2.0}, {}, {'grid': 4.0})
    """
    most = max(output.shape[1:]) if output.mode == "Im" else output.shape[0]
    fit = {name: min(value, float(most)) if name == "grid" else value for name, value in changes.items()}
    return fit if most > 1 else {name: value for name, value in fit.items() if name != "grid"}


def neighbours(changes: Mapping[str, float], choices: Choices) -> dict[str, list[float]]:
    """The values one step down and up the ladder of each choice that has any; raises SettingError for a ladder that does not ascend.

    A value beside its ladder, such as one that a user set, has its neighbours there.

    >>> neighbours({"grid": 2.0}, {"grid": ((1, 2, 4), 1), "dropout": ((0.0,), 0.0)})
    {'grid': [1, 4]}
    """
    check_choices(choices)
    steps: dict[str, list[float]] = {}
    for name, (ladder, standing) in choices.items():
        rungs, now = sorted({*ladder, standing}), changes.get(name, standing)
        found = [*rungs[: bisect_left(rungs, now)][-1:], *rungs[bisect_right(rungs, now) :][:1]]
        if found:
            steps[name] = found
    return steps


def mutate_changes(changes: Mapping[str, float], choices: Choices, rng: Random) -> dict[str, float]:
    """Draw one of the choices uniformly, and move it one step up or down its ladder; of two values, to the other.

    Args:
        changes: The changes of the parent. What no choice names stays as it is.
        choices: The ladders. A value beside its ladder, such as one that a user set, moves to one of its neighbours there.
        rng: The only source of randomness.

    Returns:
        Other changes than the parent's, in their canonical form: a value that stands anyway is left out.

    Raises:
        SettingError: A ladder does not ascend, or no choice has another value.

    >>> mutate_changes({"grid": 2.0}, {"grid": ((1, 2), 1)}, Random(0))
    {}
    """
    steps = neighbours(changes, choices)
    if not steps:
        raise SettingError("the changes of a recipe need choices with two values or more")
    name = rng.choice(list(steps))
    return canonical({**changes, name: rng.choice(steps[name])}, choices)
