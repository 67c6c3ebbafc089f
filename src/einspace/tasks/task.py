"""Task: data in three splits with the head, the metric, the recipe and the baselines that belong to them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from einspace.errors import TaskError, UnknownNameError
from einspace.features import Feature
from einspace.networks.heads import Classification, Dense, Head, Mask, MultiLabel, Regression
from einspace.tasks.augmentation import Augmentation
from einspace.tasks.checks import problem_of
from einspace.tasks.from_data import FromData
from einspace.tasks.metrics import METRICS, Metric
from einspace.tasks.options import BASELINES
from einspace.tasks.own import NOTHING_SAID, Own
from einspace.tasks.published import Reported
from einspace.tasks.recipe import Recipe
from einspace.tasks.split import Normaliser, Split, stratified

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


@dataclass(frozen=True, eq=False, kw_only=True)
class Task(FromData):
    """Data and what to do with them; `from_arrays` and the like make one of your own data.

    Raises TaskError that names the split and what is wrong with it.
    `input` is the feature of one sample. `target` is the head that predicts the targets, or a number of classes for a classification,
    whose labels run from 0. Search trains on `train` and scores on `valid`; `test` is looked at once, at the end. `baselines` are names
    of the architectures that the task is compared with, `reported` the scores of others on the same data (see `published`).
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
    reported: Reported | None = None
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

    @property
    def published(self) -> Mapping[str, float]:
        """Scores of others on `test` by method, where they compare with ours: on the official data, and in the metric of this task."""
        return self.reported.scores if self.reported is not None and self.reported.metric == self.metric.name else {}

    def tensors(self, names: Iterable[str], device: str = "cpu") -> tuple[Tensor, Tensor]:
        """Samples, normalised, and targets of some splits, one after the other, on the device.

        On the CPU those of one split may be the split's own arrays, which are not to be written to.
        """
        splits = [self.splits[name] for name in names]
        own = self.normaliser is not None
        x = torch.from_numpy(_joined([split.x for split in splits], own)).to(device)
        y = torch.from_numpy(_joined([split.y for split in splits])).to(device)
        return (x if self.normaliser is None else self.normaliser.apply(x)), y

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """What training minimises: the head's loss, in the units that the head wants (see `Head.loss_in_units`)."""
        return self.head.loss(*(self._in_units(outputs, targets) if self.head.loss_in_units else (outputs, targets)))

    def score(self, outputs: Tensor, targets: Tensor) -> float:
        """The metric, in the units that the targets had before they were normalised."""
        return self.metric(*self._in_units(outputs, targets))

    def _in_units(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Predictions and targets in the units that the targets had before they were normalised."""
        if self.target_normaliser is None:
            return outputs, targets
        return self.target_normaliser.restore(outputs), self.target_normaliser.restore(targets)

    def with_metric(self, metric: Metric | str) -> Self:
        """Copy that is scored with another metric, or with one of `METRICS` by its name; raises UnknownNameError for another name."""
        if isinstance(metric, str):
            if metric not in METRICS:
                raise UnknownNameError("metric", metric, METRICS)
            metric = METRICS[metric]
        return replace(self, metric=metric)

    def with_head(self, head: Head) -> Self:
        """Copy whose targets another head predicts, such as `Classification(10, pool="paper")`.

        Raises TaskError for a head that predicts targets of another shape or of another kind of number.
        """
        if head.output(self.input) != self.output:
            raise TaskError(f"{self.name}: its targets are {self.output}, but the head {head} predicts {head.output(self.input)}")
        return replace(self, target=head)

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

    def summary(self) -> str:
        """What was understood of the data: kind, shapes, classes with their counts, splits, normalisation, metric and recipe."""
        from einspace.tasks.summary import summary

        return summary(self)


def _joined(arrays: list[NDArray[Any]], own: bool = False) -> NDArray[Any]:
    """Arrays one after the other; a single one as it is, unless a copy of one's own is needed, or PyTorch would not take it."""
    return arrays[0] if len(arrays) == 1 and arrays[0].flags.writeable and not own else np.concatenate(arrays)


__all__ = ["BASELINES", "KINDS", "RECIPE", "Split", "Task", "stratified"]
