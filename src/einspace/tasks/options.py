"""Options: what may be said about people's own data, wherever they come from, checked by name and by type."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict, cast

import numpy as np

from einspace.errors import SettingError, UnknownNameError
from einspace.features import Feature
from einspace.reading.labels import Names
from einspace.reading.targets import OF_PIXELS
from einspace.tasks.metrics import Metric
from einspace.tasks.recipe import Recipe

NARROW, WIDE = "resnet8", "resnet8-wide"
"""One network in two widths: a search begins with the wider one where there is time to compare it at final epochs."""

BASELINES = (NARROW, WIDE, "vit-tiny", "mixer-tiny")
"""The baselines of small tasks."""

RECURRENT = ("gru-tiny", "mamba-tiny")
"""Further baselines where the grammar of a search derives recurrence."""

SHARES = (0.6, 0.2, 0.2)
"""Train, valid and test of a pool."""


def small_baselines(kind: str, inputs: Feature) -> tuple[str, ...]:
    """The names of the small baselines of a kind of task; targets for each pixel of an image have one that keeps the resolution.

    >>> small_baselines("dense", Feature((1, 29, 29)))
    ('resnet14-flat', 'resnet8', 'vit-tiny', 'mixer-tiny')
    """
    return ("resnet14-flat", *(name for name in BASELINES if name != WIDE)) if kind in OF_PIXELS and inputs.mode == "Im" else BASELINES


class Options(TypedDict, total=False):
    """The options that every `Task.from_...` takes besides the data.

    Attributes:
        kind: classification, multi-label, regression, mask, segmentation or dense; without it, it is recognised from the targets.
        name: The name of the task.
        shares: Those of train, valid and test, where they are not given.
        seed: Decides which sample goes where.
        metric: A `Metric` or the name of one of `METRICS`; without it, it follows from the kind.
        recipe: The training; without it, it follows from the kind and from the number of samples.
        baselines: Names of networks to compare with; without them, small ones that take such samples.
        description: The task in one line.
        labels: Names for the classes 0, 1, ..., or by number.
        class_weights: Whether rare classes count as much as frequent ones.
        normalise: Whether samples are brought to mean 0 and deviation 1.
        crop: Pixels by which training moves an image at most before a network sees it (see `Augmentation`).
        flip: Whether training mirrors images at random.
        axes: The axes of the samples, as NHWC (see `axes.AXES`); without them, they are recognised.
        target_axes: The axes of targets for each pixel; without them, they are recognised.
    """

    kind: str | None
    name: str
    shares: Sequence[float]
    seed: int
    metric: Metric | str | None
    recipe: Recipe | None
    baselines: Sequence[str] | None
    description: str
    labels: Names
    class_weights: bool
    normalise: bool
    crop: int
    flip: bool
    axes: str | None
    target_axes: str | None


DEFAULTS: Options = {
    "kind": None,
    "name": "arrays",
    "shares": SHARES,
    "seed": 0,
    "metric": None,
    "recipe": None,
    "baselines": None,
    "description": "",
    "labels": (),
    "class_weights": False,
    "normalise": True,
    "crop": 0,
    "flip": False,
    "axes": None,
    "target_axes": None,
}
"""The options where none are given."""


def settled(options: Options, taker: Callable[..., Any], name: str) -> Options:
    """All options, those that `taker` was not given by their defaults, NumPy's numbers as Python's.

    Raises UnknownNameError for one that it does not take, and SettingError for a value of another type.
    """
    own = [known for known, parameter in inspect.signature(taker).parameters.items() if parameter.kind is parameter.KEYWORD_ONLY]
    for option in options:
        if option not in DEFAULTS:
            raise UnknownNameError(f"option of Task.{taker.__name__}", option, [*own, *DEFAULTS])
    chosen: dict[str, Any] = {**DEFAULTS, "name": name, **options}
    if chosen["labels"] is None:
        chosen["labels"] = ()
    for option, value in chosen.items():
        if not (value is None and DEFAULTS[option] is None):  # type: ignore[literal-required]
            chosen[option] = _checked(option, value)
    return cast("Options", chosen)


def _checked(option: str, value: Any) -> Any:
    """The value of an option, if it is of its type."""
    if option in ("kind", "name", "description", "axes", "target_axes"):
        return _of(option, value, str, "a text")
    if option in ("class_weights", "normalise", "flip"):
        return bool(_of(option, value, bool | np.bool_, "True or False"))
    if option in ("seed", "crop"):
        return whole(option, value, 0)
    if option == "metric":
        return _of(option, value, Metric | str, "the name of a metric, or Metric(name, higher_is_better, function)")
    if option == "recipe":
        return _of(option, value, Recipe, "a Recipe")
    if option == "labels":
        words = "names of classes, or a mapping from numbers to names"
        known = isinstance(value, Sequence | Mapping) or hasattr(value, "__array__")
        return value if known and not isinstance(value, str) else _refuse(option, value, words)
    if option == "baselines":
        names = value if isinstance(value, Sequence) and not isinstance(value, str) else _refuse(option, value, "names of baselines")
        return tuple(_of(option, name, str, "names of baselines") for name in names)
    numbers = value if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str) else _refuse(option, value, "three numbers")
    return tuple(float(_of(option, share, int | float | np.number, "three numbers")) for share in numbers)


def whole(option: str, value: Any, least: int) -> int:
    """A whole number, Python's or NumPy's, as Python's; raises SettingError that names the option."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer) or value < least:
        _refuse(option, value, f"a whole number of at least {least}")
    return int(value)


def _of(option: str, value: Any, kind: Any, words: str) -> Any:
    return value if isinstance(value, kind) else _refuse(option, value, words)


def _refuse(option: str, value: Any, words: str) -> Any:
    raise SettingError(f"{option} must be {words}, not {value!r}")
