"""Checks of the data of a task. Their messages name the sample, and the class or split that cannot be learnt or scored."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.networks.heads import IGNORED, IGNORED_YES, Classification, Head, Mask, MultiLabel, Segmentation
from einspace.reading.scanning import not_finite
from einspace.tasks.split import Split
from einspace.tasks.stored import on_disk


def problem_of(split: Split, shape: tuple[int, ...], head: Head, output: tuple[int, ...], raw: bool = False) -> str | None:
    """The fault of a split, if it has one.

    `shape` is that of a sample, `output` that of a prediction. Samples that stay in a file, or that are normalised on their way to the
    device (`raw`), are of any real type.
    """
    x, y = split.x, split.y
    labelled = isinstance(head, Classification | Segmentation)
    wanted, words = (np.int64, "labels int64") if labelled else (np.float32, "targets float32")
    if (x.dtype.kind not in "biuf" if raw or on_disk(x) else x.dtype != np.float32) or y.dtype != wanted:
        return f"samples must be float32 and {words}, not {x.dtype} and {y.dtype}"
    expected = () if isinstance(head, Classification) else output[1:] if isinstance(head, Segmentation) else output
    if y.shape != (len(x), *expected):
        one = f"a target {expected}" if expected else "one label"
        return f"{one} a sample is needed, but there are samples {x.shape} and {'targets' if expected else 'labels'} {y.shape}"
    if len(y) == 0:
        return "there are no samples"
    if x.shape[1:] != shape:
        return f"samples are {x.shape[1:]}, but the task's input is {shape}"
    for found, what in zip(split.not_finite, ("samples", "targets"), strict=True):
        if found is not None:
            return f"{found[0]} of {len(y)} {what} hold values that are not finite numbers, the first is that of sample {found[1]}"
    return _outside(y, head)


def _outside(y: NDArray[Any], head: Head) -> str | None:
    """The first target that the head cannot predict, in words; None if all can be predicted."""
    if isinstance(head, Classification | Segmentation):
        ignored = isinstance(head, Segmentation)
        outside = np.flatnonzero((((y < 0) & ~(ignored & (y == IGNORED))) | (y >= head.classes)).reshape(len(y), -1).any(axis=1))
        if len(outside):
            range_of = f"labels run from {y.min()} to {y.max()}, but with {head.classes} classes they must be 0 to {head.classes - 1}"
            return f"{range_of}: sample {outside[0]} has {y[outside[0]]}" if y.ndim == 1 else f"{range_of}: those of sample {outside[0]}"
        return None
    allowed = (0, 1) if isinstance(head, MultiLabel) else (0, 1, IGNORED, IGNORED_YES) if isinstance(head, Mask) else None
    if allowed is not None and not np.isin(y, allowed).all():
        sample = int(np.flatnonzero(~np.isin(y, allowed).reshape(len(y), -1).all(axis=1))[0])
        bad = y[sample][~np.isin(y[sample], allowed)][0]
        return f"targets must be {', '.join(map(str, allowed))}, but sample {sample} has {bad}"
    return None


def check_presence(task: str, kind: str, splits: Mapping[str, Split], labels: Sequence[str]) -> None:
    """Raise TaskError for a class that a split lacks, a label or a class of pixels that train lacks, and a mask of one kind of pixel.

    What is missing cannot be learnt or scored.
    """
    for name, split in splits.items():
        missing = None
        if kind == "classification":
            missing = missing_classes(split.y, labels)
        elif kind == "mask":
            missing = next((f"no pixel of {value}" for value in (0, 1) if not (split.y == value).any()), None)
        elif kind == "segmentation" and name == "train":
            missing = missing_classes(split.y[split.y >= 0], labels)
        elif kind == "multi-label" and name == "train":
            missing = next((f"no sample has label {label}" for label in range(split.y.shape[1]) if not split.y[:, label].any()), None)
        if missing:
            where = "it has to be in train" if name == "train" and kind in ("segmentation", "multi-label") else ""
            hint = where or "each split needs some, so at least three in all"
            if kind == "classification" and all(label.lstrip("-").isdigit() for label in labels):
                hint += "; kind='regression' predicts numbers"
            raise TaskError(f"{task}, split {name}: {missing}; {hint}")
        if kind == "segmentation" and not np.any(split.y >= 0):
            raise TaskError(f"{task}, split {name}: all pixels are ignored")


def missing_classes(y: NDArray[Any], labels: Sequence[str], limit: int = 5) -> str | None:
    """The classes without a sample, by name, in words; None if each has one."""
    missing = np.flatnonzero(np.bincount(y, minlength=len(labels))[: len(labels)] == 0)
    if not len(missing):
        return None
    more = f" and {len(missing) - limit} more" if len(missing) > limit else ""
    return f"no sample of class {', '.join(_short(labels[index]) for index in missing[:limit])}{more}"


def _short(label: str) -> str:
    return label if len(label) <= 60 else f"{label[:60]}..."


__all__ = ["check_presence", "missing_classes", "not_finite", "problem_of"]
