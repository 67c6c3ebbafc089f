"""Task: data in three splits with the head, the metric, the recipe and the baselines that belong to them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from einspace.errors import TaskError, UnknownNameError
from einspace.features import Feature
from einspace.networks.heads import Classification, Dense, Head, Segmentation
from einspace.reading import DataOptions
from einspace.reading.targets import KINDS, kind_of
from einspace.tasks import from_data
from einspace.tasks.augmentation import Augmentation
from einspace.tasks.checks import problem_of
from einspace.tasks.choice import check_kind
from einspace.tasks.metrics import METRICS, Metric
from einspace.tasks.preprocessing import Preprocessing
from einspace.tasks.published import Reported
from einspace.tasks.recipe import Recipe
from einspace.tasks.split import Normaliser, Split, channel_axes
from einspace.tasks.stored import OnDisk, fits, on_disk
from einspace.tasks.summary import summary

RECIPE = Recipe(epochs_search=8, epochs_final=24, batch_size=64, learning_rate=0.05, weight_decay=5e-4)
"""The recipe of small tasks."""

STEPWISE = RECIPE.override(epochs_search=10, epochs_final=30, optimizer="adamw")
"""The recipe of small tasks of series."""


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Task:
    """Data and what to do with them; `from_arrays` and the like make one of your own data.

    Search trains on `train` and scores on `valid`; `test` is looked at once, at the end.

    Args:
        name: The name of the task.
        input: The feature of one sample, (C, H, W) or (S, D).
        target: The head that predicts the targets, or a number of classes for a classification, whose labels run from 0.
        train: The samples that are trained on.
        valid: The samples that the search scores on.
        test: The samples that final trainings are scored on.
        metric: The score, in the targets' own units.
        recipe: The training.
        baselines: Names of the architectures that the task is compared with.
        description: The task in one line.
        labels: The names of the classes.
        reported: Scores of others on the same data (see `published`).
        normaliser: Applied to the samples on the device, where they are too many to be kept twice; samples in memory are normalised as they
            are.
        preprocessing: The steps from samples and targets as they were given to those here, done or still to be done.
        augmentation: Changes to the images in training only.
        notes: The data as they were understood, for `summary`.
        path: The path that people's own data were read from by `load_task`.
        own: The options that were given for them there.
        doubts: Points of the data that can be understood otherwise too.
        one_pool: Whether train and valid were drawn at random from one pool, so that they may be drawn anew (see `partition`).
        untested: Whether `test` only repeats `valid`, for one who tests on other samples: final trainings, which are on it, have no score.
        remade: Makes train and valid anew from a seed and from the share of valid, None for that of the task, where samples are made of
            parts that no two splits may share. They are not normalised yet.

    Raises:
        TaskError: The parts do not fit each other; the message names the split and what is wrong with it.
        ShapeError: The input does not have two or three positive axes.
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
    reported: Reported | None = None
    normaliser: Normaliser | None = None
    preprocessing: Preprocessing = Preprocessing()
    augmentation: Augmentation | None = None
    notes: tuple[str, ...] = ()
    path: str = ""
    own: DataOptions = DataOptions()
    doubts: tuple[str, ...] = ()
    one_pool: bool = False
    untested: bool = False
    remade: Callable[[int, float | None], tuple[Split, Split]] | None = None

    from_arrays = staticmethod(from_data.from_arrays)
    from_folder = staticmethod(from_data.from_folder)
    from_npz = staticmethod(from_data.from_npz)
    from_csv = staticmethod(from_data.from_csv)
    from_table = staticmethod(from_data.from_table)
    from_dataset = staticmethod(from_data.from_dataset)
    from_huggingface = staticmethod(from_data.from_huggingface)

    def __post_init__(self) -> None:
        Feature.of(self.input)
        classes = self.target.classes if isinstance(self.target, Classification) else self.target
        if not isinstance(classes, Head) and (type(classes) is not int or classes < 2):
            raise TaskError(f"{self.name}: a classification task has two classes or more, not {classes!r}")
        if self.augmentation is not None:
            if self.input.mode != "Im" or isinstance(self.head, Dense | Segmentation):
                raise TaskError(f"{self.name}: only images with a target for the whole image can be augmented: leave out crop and flip")
            if self.augmentation.crop >= min(self.input.shape[1:]):
                raise TaskError(f"{self.name}: a crop of {self.augmentation.crop} pixels moves images {self.input} out of sight")
        if self.kind in KINDS:
            check_kind(self.metric, self.kind, self.name)
        for name, split in self.splits.items():
            problem = problem_of(split, self.input.shape, self.head, self.output, self.normaliser is not None)
            if problem:
                raise TaskError(f"{self.name}, split {name}: {problem}")

    def __repr__(self) -> str:
        sizes = ", ".join(f"{count:,} {name}" for name, count in self.sizes.items())
        return f"<Task {self.name}: {self.kind}, {self.input} -> {Feature(self.output)}; {sizes}; {self.metric.name}>"

    @property
    def splits(self) -> dict[str, Split]:
        """The three splits by name."""
        return {"train": self.train, "valid": self.valid, "test": self.test}

    @property
    def sizes(self) -> dict[str, int]:
        """The number of samples in each split, without a test split that has none of its own."""
        return {name: len(split) for name, split in self.splits.items() if name != "test" or not self.untested}

    @property
    def is_redrawn(self) -> bool:
        """True if train and valid can be drawn anew from their pool, so that a network can be trained again on another partition."""
        return self.one_pool or self.remade is not None

    @property
    def head(self) -> Head:
        """The head that predicts the targets, with its loss."""
        return self.target if isinstance(self.target, Head) else Classification(self.target)

    @property
    def output(self) -> tuple[int, ...]:
        """The shape of a prediction."""
        return self.head.output(self.input)

    @property
    def target_normaliser(self) -> Normaliser | None:
        """The normaliser of the targets; None where they are in their own units."""
        return self.preprocessing.target_normaliser

    @property
    def kind(self) -> str:
        """`classification`, `multi-label`, `regression`, `mask`, `segmentation` or `dense`; the class of the head for one of your own."""
        return kind_of(self.head)

    @property
    def classes(self) -> int:
        """The number of classes.

        Raises:
            TaskError: The task is not a classification.
        """
        if not isinstance(self.head, Classification):
            raise TaskError(f"{self.name} has no classes: its kind is {self.kind}")
        return self.head.classes

    @property
    def published(self) -> Mapping[str, float]:
        """Scores of others on `test` by method, where they compare with ours: on the official data, and in the metric of this task."""
        return self.reported.scores if self.reported is not None and self.reported.metric == self.metric.name else {}

    def tensors(self, names: Iterable[str], device: str = "cpu") -> tuple[Tensor, Tensor]:
        """Give samples, normalised, and targets of some splits, one after the other, on the device.

        Args:
            names: Names of the splits, such as `("train", "valid")`.
            device: The device, such as "cuda:0".

        Returns:
            Samples and targets. On the CPU those of one split may be the split's own arrays, which are not to be written to. Samples in
            files that are too many for the memory are an `OnDisk`, which gives tensors batch by batch.
        """
        splits = [self.splits[name] for name in names]
        x, y = [split.x for split in splits], torch.from_numpy(_joined([split.y for split in splits])).to(device)
        if any(map(on_disk, x)) and not fits(x):
            return cast("Tensor", OnDisk(x, self.normaliser, device)), y
        if self.normaliser is None:
            return torch.from_numpy(_joined([np.asarray(part, np.float32) for part in x])).to(device), y
        parts = [self.normaliser.normalised(part) for part in x]
        return torch.from_numpy(_joined(parts)).to(device), y

    def loss(self, outputs: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
        """Compute the loss that training minimises: the head's, in the units that the head wants (see `Head.loss_in_units`).

        Args:
            outputs: Predictions of a batch, (N, ...).
            targets: Its targets, (N, ...).
            smoothing: The share of each label that is spread over all classes, for a `Classification` alone (see `Recipe`).
        """
        if smoothing and isinstance(self.head, Classification):
            return self.head.loss(outputs, targets, smoothing)
        return self.head.loss(*(self._in_units(outputs, targets) if self.head.loss_in_units else (outputs, targets)))

    def score(self, outputs: Tensor, targets: Tensor) -> float:
        """Compute the metric, in the units that the targets had before they were normalised.

        It is computed on the CPU where a device has no double precision.

        Args:
            outputs: Predictions, (N, ...). Those on the device mps, which has no double precision, are scored on the CPU.
            targets: Their targets, (N, ...).
        """
        if outputs.device.type == "mps":
            outputs, targets = outputs.cpu(), targets.cpu()
        return self.metric(*self._in_units(outputs, targets))

    def _in_units(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Predictions and targets in the units that the targets had before they were normalised."""
        if self.target_normaliser is None:
            return outputs, targets
        return self.target_normaliser.restore(outputs), self.target_normaliser.restore(targets)

    def with_metric(self, metric: Metric | str) -> Self:
        """Copy the task with another metric.

        Args:
            metric: The metric, or the name of one of `METRICS`.

        Raises:
            UnknownNameError: There is no metric of this name.
            TaskError: The metric is for another kind of targets.
        """
        if isinstance(metric, str):
            if metric not in METRICS:
                raise UnknownNameError("metric", metric, METRICS)
            metric = METRICS[metric]
        return replace(self, metric=metric)

    def with_head(self, head: Head) -> Self:
        """Copy the task with another head for the same targets.

        Args:
            head: The head, such as `Classification(10, pool="paper")`.

        Raises:
            TaskError: The head predicts targets of another shape, or of another kind of number.
        """
        if head.output(self.input) != self.output:
            raise TaskError(f"{self.name}: its targets are {self.output}, but the head {head} predicts {head.output(self.input)}")
        return replace(self, target=head)

    def normalised(self) -> Self:
        """Copy with mean 0 and deviation 1 per channel, both measured on `train` alone (B.2).

        A channel is the first axis of an image and the last of a sequence's. A constant channel is only centred. Samples that stay in a
        file stay as they are, and are normalised on their way to the device.
        """
        axes = channel_axes(self.input)
        normaliser = Normaliser.of(self.train.x, axes)
        preprocessing = self.preprocessing.measured(self.train.x, axes, normaliser)
        if any(on_disk(split.x) for split in self.splits.values()):
            return replace(self, normaliser=normaliser, preprocessing=preprocessing)
        if self.preprocessing.normaliser is not None:
            preprocessing = self.preprocessing.followed_by(normaliser)
        train, valid, test = (Split(normaliser.normalised(split.x), split.y) for split in self.splits.values())
        return replace(self, train=train, valid=valid, test=test, preprocessing=preprocessing)

    def summary(self) -> str:
        """The data as they were understood: kind, shapes, classes with their counts, splits, normalisation, metric and recipe."""
        return summary(self)


def _joined(arrays: list[NDArray[Any]]) -> NDArray[Any]:
    """Arrays one after the other; a single one as it is, unless PyTorch would not take it."""
    return arrays[0] if len(arrays) == 1 and arrays[0].flags.writeable else np.concatenate(arrays)
