"""Task: data in three splits with the head, the metric, the recipe and the baselines that belong to them."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch import Tensor

from einspace.errors import TaskError
from einspace.features import Feature
from einspace.networks.heads import Classification, Dense, Head, Mask, MultiLabel, Regression
from einspace.tasks.augmentation import Augmentation
from einspace.tasks.checks import problem_of
from einspace.tasks.metrics import Metric
from einspace.tasks.own import NOTHING_SAID, Own
from einspace.tasks.recipe import Recipe
from einspace.tasks.split import Normaliser, Split, stratified

if TYPE_CHECKING:
    from einspace.tasks.arrays import Options

BASELINES = ("resnet8", "vit-tiny", "mixer-tiny")
"""What small tasks are compared with."""

RECIPE = Recipe(epochs_search=8, epochs_final=24, batch_size=64, learning_rate=0.05, weight_decay=5e-4)
"""What small tasks are trained with."""

KINDS: dict[str, type[Head]] = {
    "classification": Classification,
    "multi-label": MultiLabel,
    "regression": Regression,
    "mask": Mask,
    "dense": Dense,
}
"""Every kind of task, and the head that predicts its targets."""


@dataclass(frozen=True, eq=False)
class Task:
    """Data and what to do with them. Raises TaskError that names the split and what is wrong with it.

    `input` is the feature of one sample. `target` is the head that predicts the targets, or a number of classes for a classification,
    whose labels run from 0. Search trains on `train` and scores on `valid`; `test` is looked at once, at the end. `baselines` are names
    of the architectures that the task is compared with, `published` the scores of others in the units of the metric, by method.
    `labels` are the names of the classes. `normaliser` is applied to the samples on the device, where they are too many to be kept twice;
    samples in memory are normalised as they are. `target_normaliser` is what the targets were normalised with: scores are in their own
    units. `augmentation` is for training only. `notes` say what was understood of the data, for `summary`.
    `path` is where data of one's own were read from by `load_task`, and `own` what was said of them there.
    """

    name: str
    input: Feature
    target: int | Head
    train: Split
    valid: Split
    test: Split
    metric: Metric
    recipe: Recipe
    baselines: tuple[str, ...] = ()
    description: str = ""
    labels: tuple[str, ...] = ()
    published: Mapping[str, float] = field(default_factory=dict)
    normaliser: Normaliser | None = None
    target_normaliser: Normaliser | None = None
    augmentation: Augmentation | None = None
    notes: tuple[str, ...] = ()
    path: str = ""
    own: Own = NOTHING_SAID

    def __post_init__(self) -> None:
        Feature.of(self.input)
        classes = self.target.classes if isinstance(self.target, Classification) else self.target
        if not isinstance(classes, Head) and (type(classes) is not int or classes < 2):
            raise TaskError(f"{self.name}: a classification task has two classes or more, not {classes!r}")
        if self.augmentation is not None and (self.input.mode != "Im" or isinstance(self.head, Dense)):
            raise TaskError(f"{self.name}: only images with a target for the whole image can be augmented")
        for name, split in self.splits.items():
            problem = problem_of(split, self.input.shape, self.head, self.output)
            if problem:
                raise TaskError(f"{self.name}, split {name}: {problem}")

    @property
    def splits(self) -> dict[str, Split]:
        """The three splits by name."""
        return {"train": self.train, "valid": self.valid, "test": self.test}

    @property
    def head(self) -> Head:
        """What predicts the targets, with its loss."""
        return self.target if isinstance(self.target, Head) else Classification(self.target)

    @property
    def output(self) -> tuple[int, ...]:
        """The shape of a prediction."""
        return self.head.output(self.input)

    @property
    def kind(self) -> str:
        """`classification`, `multi-label`, `regression`, `mask` or `dense`; the class of the head for one of your own."""
        return next((name for name, head in KINDS.items() if isinstance(self.head, head)), type(self.head).__name__)

    @property
    def classes(self) -> int:
        """The number of classes; raises TaskError where there are none."""
        if not isinstance(self.head, Classification):
            raise TaskError(f"{self.name} has no classes: its kind is {self.kind}")
        return self.head.classes

    def tensors(self, names: Iterable[str], device: str = "cpu") -> tuple[Tensor, Tensor]:
        """Samples, normalised, and targets of some splits, one after the other, on the device."""
        splits = [self.splits[name] for name in names]
        x, y = (torch.from_numpy(np.concatenate(arrays)).to(device) for arrays in zip(*((s.x, s.y) for s in splits), strict=True))
        return (x if self.normaliser is None else self.normaliser.apply(x)), y

    def score(self, outputs: Tensor, targets: Tensor) -> float:
        """The metric, in the units that the targets had before they were normalised."""
        if self.target_normaliser is None:
            return self.metric(outputs, targets)
        return self.metric(self.target_normaliser.restore(outputs), self.target_normaliser.restore(targets))

    def normalised(self) -> Self:
        """Copy with mean 0 and deviation 1 per channel, both measured on `train` alone (B.2).

        A channel is the first axis of an image and the last of a sequence's. A constant channel is only centred. Samples that are mapped
        from a file stay as they are, and are normalised on their way to the device.
        """
        axes = (0, *range(2, self.train.x.ndim)) if self.input.mode == "Im" else (0, 1)
        normaliser = Normaliser.of(self.train.x, axes)
        if any(isinstance(split.x, np.memmap) for split in self.splits.values()):
            return replace(self, normaliser=normaliser)
        train, valid, test = (Split(normaliser.normalised(split.x), split.y) for split in self.splits.values())
        return replace(self, train=train, valid=valid, test=test)

    @staticmethod
    def from_arrays(
        x: Any,
        y: Any,
        *,
        kind: str | None = None,
        name: str = "arrays",
        valid: tuple[Any, Any] | None = None,
        test: tuple[Any, Any] | None = None,
        shares: Sequence[float] = (0.6, 0.2, 0.2),
        seed: int = 0,
        metric: Metric | None = None,
        recipe: Recipe | None = None,
        baselines: tuple[str, ...] = BASELINES,
        description: str = "",
        labels: Sequence[str] = (),
        class_weights: bool = False,
        normalise: bool = True,
        axes: str | None = None,
    ) -> "Task":
        """Samples (N, C, H, W) or (N, S, D) and their targets, NumPy's or PyTorch's, as a task.

        What `y` is is recognised (see `targets.recognise`) unless `kind` says it: classes or words (N,), rows (N, L) of 0 and 1, numbers
        (N,) or (N, K), or a target for each pixel (N, H, W) or (N, C, H, W). `valid` and `test` are samples and targets that are kept
        apart; what is not given is taken out of the pool by class, shares and seed. The other options are those of `arrays.Options`.
        Raises TaskError that names the split, the sample and what is wrong.
        """
        from einspace.tasks.arrays import Options, task_of

        options = Options(kind, name, shares, seed, metric, recipe, baselines, description, labels, class_weights, normalise, axes)
        given = {"valid": valid, "test": test}
        return task_of({"train": (x, y)} | {split: pair for split, pair in given.items() if pair is not None}, options)

    @staticmethod
    def from_folder(
        path: str | os.PathLike[str],
        *,
        size: tuple[int, int] | None = None,
        shares: Sequence[float] = (0.6, 0.2, 0.2),
        seed: int = 0,
        recipe: Recipe | None = None,
        class_weights: bool = False,
    ) -> "Task":
        """Images in a folder for each class, or in such folders under `train`, `valid` and `test`; `size` scales them. Needs Pillow."""
        from einspace.tasks.sources import from_folder

        return from_folder(Path(path), size, _options(path, None, shares, seed, recipe, class_weights))

    @staticmethod
    def from_npz(
        path: str | os.PathLike[str],
        *,
        kind: str | None = None,
        shares: Sequence[float] = (0.6, 0.2, 0.2),
        seed: int = 0,
        recipe: Recipe | None = None,
        class_weights: bool = False,
        axes: str | None = None,
    ) -> "Task":
        """Arrays `x` and `y` of a .npz file, or `train_x`, `train_y`, `valid_x` and so on; or of a folder of such .npy files."""
        from einspace.tasks.sources import from_npz

        return from_npz(Path(path), replace(_options(path, kind, shares, seed, recipe, class_weights), axes=axes))

    @staticmethod
    def from_csv(
        path: str | os.PathLike[str],
        *,
        label: str | int | None = None,
        channels: int = 1,
        layout: str = "steps",
        split: str | None = None,
        kind: str | None = None,
        shares: Sequence[float] = (0.6, 0.2, 0.2),
        seed: int = 0,
        recipe: Recipe | None = None,
        class_weights: bool = False,
    ) -> "Task":
        """Series, one in each row of a .csv file, with a column for the label (see `tables.read_signals`)."""
        from einspace.tasks.sources import from_csv

        options = _options(path, kind, shares, seed, recipe, class_weights)
        return from_csv(Path(path), label, channels, layout, split, options)

    @staticmethod
    def from_huggingface(
        dataset: Any,
        *,
        x: str | None = None,
        y: str | None = None,
        name: str = "dataset",
        kind: str | None = None,
        shares: Sequence[float] = (0.6, 0.2, 0.2),
        seed: int = 0,
        recipe: Recipe | None = None,
        class_weights: bool = False,
    ) -> "Task":
        """A data set that was loaded with the library `datasets`, whole or in splits; `x` and `y` are columns."""
        from einspace.tasks.sources import from_huggingface

        return from_huggingface(dataset, x, y, _options(name, kind, shares, seed, recipe, class_weights))

    def summary(self) -> str:
        """What was understood of the data: kind, shapes, classes with their counts, splits, normalisation, metric and recipe."""
        from einspace.tasks.summary import summary

        return summary(self)


def _options(
    path: str | os.PathLike[str], kind: str | None, shares: Sequence[float], seed: int, recipe: Recipe | None, class_weights: bool
) -> "Options":
    from einspace.tasks.arrays import Options

    return Options(kind, Path(path).resolve().stem, shares, seed, recipe=recipe, class_weights=class_weights)


__all__ = ["BASELINES", "KINDS", "RECIPE", "Split", "Task", "stratified"]
