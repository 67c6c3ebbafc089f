"""Options: what may be said about data of one's own, wherever they come from."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypedDict

from einspace.errors import UnknownNameError
from einspace.tasks.metrics import Metric
from einspace.tasks.recipe import Recipe

BASELINES = ("resnet8", "vit-tiny", "mixer-tiny")
"""What small tasks are compared with, where the samples are images."""

SEQUENCE_BASELINES = ("vit-tiny", "mixer-tiny")
"""And where they are sequences."""

SHARES = (0.6, 0.2, 0.2)
"""Train, valid and test of a pool."""


class Options(TypedDict, total=False):
    """What every `Task.from_...` takes besides the data.

    `kind` is classification, multi-label, regression, mask or dense; without it, it is recognised from the targets. `name` is the task's.
    `shares` are those of train, valid and test, where they are not given, and `seed` decides who goes where. `metric` and `recipe` follow
    from the kind and from the number of samples. `baselines` are the names of networks to compare with; without them, small ones that take
    such samples. `class_weights` makes rare classes count as much as frequent ones. `labels` are names for the classes 0, 1, ...;
    `normalise` brings samples to mean 0 and deviation 1. `axes` are those of the samples, as NHWC (see `axes.AXES`); without them, they
    are recognised.
    """

    kind: str | None
    name: str
    shares: Sequence[float]
    seed: int
    metric: Metric | None
    recipe: Recipe | None
    baselines: tuple[str, ...] | None
    description: str
    labels: Sequence[str]
    class_weights: bool
    normalise: bool
    axes: str | None


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
    "axes": None,
}
"""What holds where nothing is said."""


def settled(options: Options, taker: Callable[..., Any], name: str) -> Options:
    """All options, those that `taker` was not given by their defaults; raises UnknownNameError for one that it does not take."""
    own = [known for known, parameter in inspect.signature(taker).parameters.items() if parameter.kind is parameter.KEYWORD_ONLY]
    for option in options:
        if option not in DEFAULTS:
            raise UnknownNameError(f"option of Task.{taker.__name__}", option, [*own, *DEFAULTS])
    return {**DEFAULTS, "name": name, **options}
