"""Presence: whether the splits of a task hold what is to be learnt and scored."""

import numpy as np

from einspace.errors import TaskError
from einspace.tasks.checks import missing_classes
from einspace.tasks.task import Task


def check_presence(task: Task) -> None:
    """Raise TaskError for a class that a split lacks, a label or a class of pixels that train lacks, and a mask of one kind of pixel.

    What is missing cannot be learnt or scored.
    """
    for name, split in task.splits.items():
        missing = None
        if task.kind == "classification":
            missing = missing_classes(split.y, task.labels)
        elif task.kind == "mask":
            missing = next((f"no pixel of {kind}" for kind in (0, 1) if not (split.y == kind).any()), None)
        elif task.kind == "segmentation" and name == "train":
            missing = missing_classes(split.y[split.y >= 0], task.labels)
        elif task.kind == "multi-label" and name == "train":
            missing = next((f"no sample has label {label}" for label in range(split.y.shape[1]) if not split.y[:, label].any()), None)
        if missing:
            where = "it has to be in train" if name == "train" and task.kind in ("segmentation", "multi-label") else ""
            hint = where or "each split needs some, so at least three in all"
            if task.kind == "classification" and all(label.lstrip("-").isdigit() for label in task.labels):
                hint += "; kind='regression' predicts numbers"
            raise TaskError(f"{task.name}, split {name}: {missing}; {hint}")
        if task.kind == "segmentation" and not np.any(split.y >= 0):
            raise TaskError(f"{task.name}, split {name}: all pixels are ignored")
