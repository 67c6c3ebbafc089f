"""Task: data in three splits with the metric, the recipe and the baselines that belong to them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.features import Feature
from einspace.tasks.metrics import ACCURACY, Metric
from einspace.tasks.recipe import Recipe

BASELINES = ("resnet8", "vit-tiny", "mixer-tiny")
"""What small tasks are compared with."""

RECIPE = Recipe(epochs_search=8, epochs_final=24, batch_size=64, learning_rate=0.05, weight_decay=5e-4)
"""What small tasks are trained with."""


@dataclass(frozen=True, eq=False)
class Split:
    """Samples `x`, float32 (N, C, H, W) or (N, S, D), and their labels `y`, int64 (N,)."""

    x: NDArray[np.float32]
    y: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, eq=False)
class Task:
    """A classification task. Raises TaskError that names the split and what is wrong with it.

    `input` is the feature of one sample; labels run from 0 to `classes` - 1. Search trains on `train` and scores on `valid`;
    `test` is looked at once, at the end. `baselines` are names of the architectures that the task is compared with.
    """

    name: str
    input: Feature
    classes: int
    train: Split
    valid: Split
    test: Split
    metric: Metric
    recipe: Recipe
    baselines: tuple[str, ...] = ()
    description: str = ""

    def __post_init__(self) -> None:
        Feature.of(self.input)
        if type(self.classes) is not int or self.classes < 2:
            raise TaskError(f"{self.name}: a classification task has two classes or more, not {self.classes!r}")
        for name, split in self.splits.items():
            problem = _problem(split, self.input.shape, self.classes)
            if problem:
                raise TaskError(f"{self.name}, split {name}: {problem}")

    @property
    def splits(self) -> dict[str, Split]:
        """The three splits by name."""
        return {"train": self.train, "valid": self.valid, "test": self.test}

    def normalised(self) -> Self:
        """Copy with mean 0 and deviation 1 per channel (first axis of a sample), both measured on `train` alone (B.2).

        A constant channel is only centred.
        """
        axes = (0, *range(2, self.train.x.ndim))
        mean = self.train.x.mean(axis=axes, dtype=np.float64, keepdims=True)
        deviation = self.train.x.std(axis=axes, dtype=np.float64, keepdims=True)
        scale = 1 / np.where(deviation > 1e-6 * np.maximum(1, np.abs(mean)), deviation, 1)
        train, valid, test = (
            Split((split.x - mean.astype(np.float32)) * scale.astype(np.float32), split.y) for split in self.splits.values()
        )
        return replace(self, train=train, valid=valid, test=test)

    @classmethod
    def from_arrays(
        cls,
        x: NDArray[Any],
        y: NDArray[Any],
        *,
        name: str = "arrays",
        shares: Sequence[float] = (0.6, 0.2, 0.2),
        seed: int = 0,
        metric: Metric = ACCURACY,
        recipe: Recipe = RECIPE,
        baselines: tuple[str, ...] = BASELINES,
        description: str = "",
    ) -> Self:
        """Split one pool of samples (N, C, H, W) or (N, S, D) and labels (N,) by class and seed, and normalise them.

        `shares` are those of train, valid and test. Labels are 0 to the largest one. Raises TaskError for data that cannot be used.
        """
        x, y = np.asarray(x), np.asarray(y)
        if y.ndim != 1 or len(x) != len(y) or x.ndim not in (3, 4):
            raise TaskError(f"{name}: samples (N, C, H, W) or (N, S, D) and labels (N,) are needed, not {x.shape} and {y.shape}")
        if y.dtype.kind not in "iu" and not (y.dtype.kind == "f" and np.isfinite(y).all() and (y == y.astype(np.int64)).all()):
            raise TaskError(f"{name}: labels must be whole numbers")
        if len(y) == 0:
            raise TaskError(f"{name}: there are no samples")
        parts = stratified(y.astype(np.int64), shares, seed)
        train, valid, test = (Split(np.ascontiguousarray(x[part], dtype=np.float32), y[part].astype(np.int64)) for part in parts)
        shape = Feature.of([int(size) for size in x.shape[1:]])
        return cls(name, shape, int(y.max()) + 1, train, valid, test, metric, recipe, baselines, description).normalised()


def stratified(y: NDArray[np.int64], shares: Sequence[float], seed: int) -> list[NDArray[np.int64]]:
    """Indices of `y` in disjoint parts of the given shares, each class divided alike; raises TaskError for senseless shares."""
    if len(shares) != 3 or min(shares) <= 0 or abs(sum(shares) - 1) > 1e-6:
        raise TaskError(f"the shares of train, valid and test must be over 0 and add up to 1, not {tuple(shares)}")
    rng = np.random.default_rng(seed)
    parts: list[list[NDArray[np.int64]]] = [[] for _ in shares]
    for label in np.unique(y):
        members = rng.permutation(np.flatnonzero(y == label))
        ends = np.round(np.cumsum(shares)[:-1] * len(members)).astype(np.int64)
        for part, chunk in zip(parts, np.split(members, ends), strict=True):
            part.append(chunk)
    return [rng.permutation(np.concatenate(part)) for part in parts]


def _problem(split: Split, shape: tuple[int, ...], classes: int) -> str | None:
    """What is wrong with a split, if anything."""
    x, y = split.x, split.y
    if x.dtype != np.float32 or y.dtype != np.int64:
        return f"samples must be float32 and labels int64, not {x.dtype} and {y.dtype}"
    if y.ndim != 1 or len(x) != len(y):
        return f"one label a sample is needed, but there are samples {x.shape} and labels {y.shape}"
    if len(y) == 0:
        return "there are no samples"
    if x.shape[1:] != shape:
        return f"samples are {x.shape[1:]}, but the task's input is {shape}"
    bad = int((~np.isfinite(x).reshape(len(x), -1).all(axis=1)).sum())
    if bad:
        return f"{bad} of {len(x)} samples hold values that are not finite numbers"
    if y.min() < 0 or y.max() >= classes:
        return f"labels run from {y.min()} to {y.max()}, but with {classes} classes they must be 0 to {classes - 1}"
    return None
