"""Defaults: the metric and the recipe that follow from the kind of a task and its number of samples."""

from math import ceil

from einspace.tasks.metrics import ACCURACY, AUROC_ERROR, MEAN_AVERAGE_PRECISION, MEAN_IOU, SQUARED_ERROR, Metric
from einspace.tasks.recipe import Recipe

METRIC_OF: dict[str, Metric] = {
    "classification": ACCURACY,
    "multi-label": MEAN_AVERAGE_PRECISION,
    "regression": SQUARED_ERROR,
    "mask": AUROC_ERROR,
    "segmentation": MEAN_IOU,
    "dense": SQUARED_ERROR,
}
"""The metric of each kind of task, where none is given."""


def recipe_for(samples: int, kind: str) -> Recipe:
    """A recipe for a number of training samples: small batches and more epochs for few, some 400 steps of search at least.

    >>> recipe_for(1_078, "classification").batch_size, recipe_for(90, "regression").epochs_search
    (32, 50)
    """
    batch = 16 if samples < 500 else 32 if samples < 2_000 else 64 if samples < 20_000 else 256
    epochs = min(50, max(8, ceil(400 * batch / samples)))
    rate = 0.05 if kind in ("classification", "multi-label") else 0.01
    return Recipe(epochs, 3 * epochs, batch, rate, 5e-4)
