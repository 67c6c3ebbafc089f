"""Changes: the differences of one trial from its run in the recipe or the head, as numbers by name."""

from collections.abc import Mapping
from dataclasses import fields, replace
from math import ceil, isfinite
from typing import Any, cast

from einspace.errors import SettingError
from einspace.features import Feature
from einspace.networks.heads import Classification, Head, MultiLabel
from einspace.tasks.recipe import Recipe

FACTOR = "learning_rate_factor"
"""The change that multiplies the learning rate, whatever the optimizer is."""

ADAMW = "adamw"
"""The change to AdamW where it is 1, and to SGD where it is 0."""

OF_THE_HEAD = ("grid", "dropout")
"""Changes to fields of the head, see `networks.heads.Classification`."""

OF_THE_RECIPE = tuple(field.name for field in fields(Recipe) if field.name != "optimizer")
"""Changes to fields of the recipe."""

Ladder = tuple[tuple[float, ...], float]
"""The values that a thing may have, in order, and the one among them that stands without a change."""

SMALLEST_BATCH = 8
"""Samples of the smallest batch that a search tries; smaller batches leave batch norm little to measure."""

STEPS, SMALL_BATCH = 700, 16
"""Steps of a search that small tasks are given, and the samples of a batch that is not halved for them."""

WARMUP, GRID, GRID_OF_SERIES = 0.1, 2, 4
"""Of our own protocol: the share of the steps over which the rate rises, and the grid of means before the head, also of series."""


def apply(recipe: Recipe, head: Head, changes: Mapping[str, float]) -> tuple[Recipe, Head]:
    """The recipe and the head of one training.

    Args:
        recipe: The run's.
        head: The task's.
        changes: Fields of the recipe or of the head by name, `learning_rate_factor` and `adamw`. All of them are numbers: 1 and 0 stand for
            yes and no, and whole numbers may be floats.

    Raises:
        SettingError: An unknown name, a value that is not a number of the right kind, or a change that this head does not have.
        NetworkError: A value that makes no sense for the head.

    >>> recipe, head = apply(Recipe(8, 24, 64, 0.05, 5e-4), Classification(10), {"learning_rate_factor": 0.5, "batch_size": 32, "grid": 2})
    >>> recipe.learning_rate, recipe.batch_size, head
    (0.025, 32, Classification(classes=10, pool='channels', grid=2))
    """
    of_head: dict[str, Any] = {}
    for name, value in changes.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise SettingError(f"the change of {name} must be a number, not {value!r}")
        if name in OF_THE_HEAD:
            if not _has(head, name):
                raise SettingError(f"{name} cannot be changed to {value!r}: the head {head} has no {name}")
            of_head[name] = _like(getattr(head, name), name, value)
        elif name not in (FACTOR, ADAMW, *OF_THE_RECIPE):
            known = (FACTOR, ADAMW, *OF_THE_RECIPE, *(name for name in OF_THE_HEAD if _has(head, name)))
            raise SettingError(f"there is no {name!r} to change; what can be changed is {', '.join(known)}")
    changed = recipe_of(recipe, changes)
    check_smoothing(changed, head)
    return changed, cast("Head", replace(cast("Any", head), **of_head)) if of_head else head


def recipe_of(recipe: Recipe, changes: Mapping[str, float]) -> Recipe:
    """The recipe of one training; changes to the head have no part in it.

    >>> recipe_of(Recipe(8, 24, 64, 0.05, 5e-4), {"epochs_search": 4, "grid": 2}).epochs_search
    4
    """
    found: dict[str, Any] = {name: _like(getattr(recipe, name), name, value) for name, value in changes.items() if name in OF_THE_RECIPE}
    if ADAMW in changes:
        adamw = _like(False, ADAMW, changes[ADAMW])
        found["optimizer"] = "adamw" if adamw else "sgd"
        if adamw:
            found.setdefault("nesterov", False)
    if FACTOR in changes:
        found["learning_rate"] = found.get("learning_rate", recipe.learning_rate) * changes[FACTOR]
    return replace(recipe, **found)


def check_smoothing(recipe: Recipe, head: Head) -> None:
    """Raise SettingError where labels are to be smoothed and the head has none."""
    if recipe.smoothing and not isinstance(head, Classification):
        raise SettingError(f"smoothing {recipe.smoothing:g} is for the labels of a Classification: the head {head} has none; leave it at 0")


def choices(recipe: Recipe, head: Head, input: Feature, samples: int) -> dict[str, Ladder]:
    """The ladders of a recipe and a head: for each thing that a search may change its values in order, and the one that stands.

    A standing value that is not among the others is put between them. Factors are 1 without a change.

    Args:
        recipe: The run's.
        head: The task's.
        input: A sample's feature: a grid has no more windows than the longest of its axes that are averaged over has elements.
        samples: Of the training split: a batch holds no more of them.

    >>> found = choices(Recipe(8, 24, 64, 0.05, 5e-4), Classification(10), Feature((3, 8, 8)), 1_000)
    >>> found["batch_size"], found["grid"]
    (((16, 32, 64, 128, 256), 64), ((1, 2, 4), 1))
    """
    batch, decay = recipe.batch_size, recipe.weight_decay
    found: dict[str, Ladder] = {
        FACTOR: ((0.25, 0.5, 1.0, 2.0, 4.0), 1.0),
        "batch_size": _ladder([int(batch * 2.0**step) for step in range(-2, 3)], batch, SMALLEST_BATCH, samples),
        "weight_decay": _ladder([decay * factor for factor in (0.25, 1.0, 4.0, 16.0)] if decay else [1e-4, 5e-4, 2e-3], decay),
    }
    if _has(head, "dropout"):
        found["dropout"] = _ladder([0.0, 0.1, 0.25, 0.5], cast("Any", head).dropout)
    if _has(head, "grid"):
        axes = input.shape[1:] if input.mode == "Im" else input.shape[:1]
        found["grid"] = _ladder([1, 2, 4], cast("Any", head).grid, 1, max(axes))
    found[ADAMW] = ((0.0, 1.0), float(recipe.optimizer == "adamw"))
    return found


def _ladder(values: list[float], standing: float, least: float = 0.0, most: float = float("inf")) -> Ladder:
    """Values within bounds, in order, with the one that stands."""
    return tuple(sorted({standing, *(value for value in values if least <= value <= most)})), standing


def _has(head: Head, name: str) -> bool:
    """True if a head, also one of the user's own, has a field of this name."""
    return name in getattr(head, "__dataclass_fields__", {})


def _like(standing: object, name: str, value: float) -> float | bool:
    """A value of the type of the one that stands; raises SettingError where it has none."""
    if isinstance(standing, bool):
        if value not in (0, 1):
            raise SettingError(f"the change of {name} is 1 for yes or 0 for no, not {value!r}")
        return bool(value)
    if isinstance(standing, int):
        if not isfinite(value) or value != int(value):
            raise SettingError(f"the change of {name} must be a whole number, not {value!r}")
        return int(value)
    return value


def ours(recipe: Recipe, head: Head, input: Feature, samples: int) -> dict[str, float]:
    """The changes with which every network starts that is not trained as the paper says, baselines included.

    What a small task lacks is steps: the batch is halved, as long as it holds 16 samples or more, until the search has `STEPS` of them.
    The rate rises over the first tenth of the steps. A head that averages keeps a grid of means, where things are. Series are trained by
    AdamW: their networks normalise each step by itself, and learn less by SGD. Decision 030 has the figures, which are of classes: a
    squared error has no bound, and small batches or a wider head can make it diverge, so that heads of numbers only get the rise.

    Args:
        recipe: The task's.
        head: The task's.
        input: A sample's feature.
        samples: Of the training split.

    >>> ours(Recipe(8, 24, 64, 0.05, 5e-4), Classification(10), Feature((3, 8, 8)), 3_000)
    {'batch_size': 32, 'warmup': 0.1, 'grid': 2}
    >>> ours(Recipe(8, 24, 64, 0.05, 5e-4), Classification(10), Feature((40, 1)), 3_000)
    {'batch_size': 32, 'warmup': 0.1, 'grid': 4, 'adamw': 1}
    """
    series = input.mode != "Im"
    batch, bounded = recipe.batch_size, isinstance(head, Classification | MultiLabel)
    while bounded and batch >= 2 * SMALL_BATCH and recipe.epochs_search * ceil(samples / batch) < STEPS:
        batch //= 2
    found: dict[str, float] = {"batch_size": batch, "warmup": WARMUP}
    if bounded and _has(head, "grid"):
        found["grid"] = GRID_OF_SERIES if series and input.shape[0] >= GRID_OF_SERIES else GRID
    if bounded and series and recipe.optimizer != "adamw":
        found[ADAMW] = 1
    standing = {"batch_size": recipe.batch_size, "warmup": recipe.warmup, "grid": getattr(head, "grid", 1)}
    return {name: value for name, value in found.items() if value != standing.get(name)}
