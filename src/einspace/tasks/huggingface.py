"""Data sets that were loaded with the library `datasets`: only what they answer is used, so that the library is not needed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.tasks.images import SPLITS, is_colour, pixels

SAMPLES = ("image", "img", "pixel_values", "audio", "signal", "x")
TARGETS = ("label", "labels", "fine_label", "target", "class", "y")
"""Columns that are looked for, in this order, unless told otherwise."""


def read_dataset(dataset: Any, x: str | None = None, y: str | None = None) -> tuple[dict[str, tuple[Any, Any]], tuple[str, ...]]:
    """Samples and targets by split, and the names of the classes where the data set has them.

    `dataset` is a `Dataset`, or a `DatasetDict` whose keys are train, validation and test; `x` and `y` are columns. Images become
    (C, H, W). Raises TaskError for columns that are not there and for images of different sizes.
    """
    parts = {"train": dataset} if hasattr(dataset, "features") else dict(dataset)
    unknown = [name for name in parts if name not in SPLITS]
    if unknown or "train" not in parts:
        raise TaskError(f"a data set has the splits train, validation and test, or is one of them, unlike {', '.join(map(str, parts))}")
    first = parts["train"]
    columns = list(first.column_names)
    inputs, targets = _column(x, SAMPLES, columns, "samples"), _column(y, TARGETS, columns, "targets")
    names = getattr(first.features[targets], "names", None) or ()
    read = {SPLITS[name]: (_samples(part[inputs], name, inputs), np.asarray(list(part[targets]))) for name, part in parts.items()}
    return read, tuple(names)


def _column(wanted: str | None, usual: Sequence[str], columns: Sequence[str], what: str) -> str:
    found = wanted if wanted is not None else next((name for name in usual if name in columns), None)
    if found not in columns or found is None:
        raise TaskError(f"there is no column {found or what!r} in the data set: it has {', '.join(columns)}; say which holds the {what}")
    return found


def _samples(values: Any, split: str, column: str) -> NDArray[Any]:
    arrays = [_array(value) for value in values]
    for number, array in enumerate(arrays):
        if array.shape != arrays[0].shape:
            raise TaskError(
                f"split {split}, column {column}: row {number} is {array.shape}, but row 0 is {arrays[0].shape}: scale them to one size"
            )
    if not arrays:
        raise TaskError(f"split {split}: there are no rows")
    return np.stack(arrays)


def _array(value: Any) -> NDArray[Any]:
    """One sample: an image (H, W) or (H, W, C) of Pillow's as (C, H, W), a signal (S,) as (S, 1), another array as it is."""
    if hasattr(value, "convert") and hasattr(value, "mode"):
        return pixels(value, is_colour(value))
    if isinstance(value, dict) and "array" in value:  # what an audio feature decodes to
        value = value["array"]
    array = np.asarray(value)
    return array[:, None] if array.ndim == 1 else array
