"""Summary: the data of a task as they were understood, in lines for people; doubts come first."""

from typing import TYPE_CHECKING

import numpy as np

from einspace.echo import escaped
from einspace.features import Feature
from einspace.networks.heads import IGNORED, Classification, Segmentation
from einspace.quantities import counted
from einspace.tasks.stored import on_disk

if TYPE_CHECKING:
    from einspace.tasks.task import Task

SHOWN = 12
"""Classes that are named with their counts."""


def summary(task: "Task") -> str:
    """The lines of `Task.summary`."""
    metric = task.metric
    lines = [
        *(f"check: {doubt}" for doubt in task.doubts),
        f"{task.name}: {task.kind}, {task.input} -> {Feature(task.output)}" + (f". {task.description}" if task.description else ""),
        f"input: {_input(task)}",
        f"samples: {', '.join(f'{count:,} {name}' for name, count in task.sizes.items())}",
        *_classes(task),
        f"normalisation: {_normalisation(task)}",
        *([f"augmentation: {task.augmentation}"] if task.augmentation else []),
        f"metric: {metric.name}, {'higher' if metric.higher_is_better else 'lower'} is better",
        f"recipe: {task.recipe}",
        *([f"understood: {'; '.join(task.notes)}"] if task.notes else []),
        *([f"published: {', '.join(f'{method} {score:g}' for method, score in task.published.items())}"] if task.published else []),
    ]
    return "\n".join(escaped(line, keep="") for line in lines)


def _input(task: "Task") -> str:
    shape = task.input.shape
    if task.input.mode == "Im":
        return f"images of {shape[1]} x {shape[2]} with {counted(shape[0], 'channel')}"
    return f"series of {counted(shape[0], 'step')} with {counted(shape[1], 'channel')}"


def _classes(task: "Task") -> list[str]:
    if task.kind == "multi-label":
        shares = ", ".join(f"{share:.1%}" for share in task.train.y.mean(axis=0)[:SHOWN])
        return [f"labels: {task.output[0]}; of the training samples have them: {shares}"]
    if isinstance(task.head, Segmentation):
        pixels = np.bincount(task.train.y[task.train.y != IGNORED], minlength=task.head.classes)
        named = zip(task.labels or map(str, range(task.head.classes)), pixels[:SHOWN], strict=False)
        shown = ", ".join(f"{name} {count / pixels.sum():.1%}" for name, count in named)
        return [f"classes: {task.head.classes}, of the pixels in train: {shown}{', ...' if task.head.classes > SHOWN else ''}"]
    if not isinstance(task.head, Classification):
        return []
    counts = np.bincount(task.train.y, minlength=task.classes)
    names = task.labels or tuple(map(str, range(task.classes)))
    shown = ", ".join(f"{name} {count:,}" for name, count in zip(names[:SHOWN], counts[:SHOWN], strict=True))
    more = f", ... from {counts.min():,} to {counts.max():,} each" if task.classes > SHOWN else ""
    weights = "" if task.head.weights is None else "; each class counts the same in the loss"
    return [f"classes: {task.classes}, in train: {shown}{more}{weights}"]


def _normalisation(task: "Task") -> str:
    axes = (0, *range(2, task.train.x.ndim)) if task.input.mode == "Im" else (0, 1)
    if task.normaliser is not None:
        return "mean 0 and deviation 1 per channel, as measured on train, on the way to the device"
    if on_disk(task.train.x):
        return "none"
    mean = task.train.x.mean(axis=axes, dtype=np.float64)
    if np.abs(mean).max() < 1e-2:
        return "mean 0 and deviation 1 per channel, as measured on train"
    return f"none; train runs from {task.train.x.min():g} to {task.train.x.max():g}"
