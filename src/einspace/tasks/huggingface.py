"""Data sets that were loaded with the library `datasets`: only what they answer is used, so that the library is not needed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.tasks.images import SPLITS, decoding, is_colour, pixels

SAMPLES = ("image", "img", "pixel_values", "audio", "signal", "x")
TARGETS = ("label", "labels", "fine_label", "target", "class", "y")
"""Columns that are looked for, in this order, unless told otherwise."""


def read_dataset(dataset: Any, x: str | None = None, y: str | None = None) -> tuple[dict[str, tuple[Any, Any]], tuple[str, ...]]:
    """Samples and targets by split, and the names of the classes where the data set has them.

    `dataset` is a `Dataset`, or a `DatasetDict` whose keys are train, validation and test, in whatever format; `x` and `y` are columns.
    Images become (C, H, W), all in colours if one is, and signals (S,) become (S, 1). Raises TaskError that names split, column and row
    for what is not there, empty, broken or of another size, and for a stream, which may have no end.
    """
    parts = _parts(dataset)
    inputs = _column(parts, x, SAMPLES, "samples")
    targets = _column(parts, y, TARGETS, "targets")
    colours = any(_colours(part, inputs, name) for name, part in parts.items())
    pools = {SPLITS[name]: (_samples(part, inputs, name, colours), _targets(part, targets, name)) for name, part in parts.items()}
    return pools, tuple(getattr(parts["train"].features[targets], "names", None) or ())


def _parts(dataset: Any) -> dict[str, Any]:
    """The data sets by their names, each with a beginning and an end."""
    if not hasattr(dataset, "features") and not isinstance(dataset, Mapping):
        raise TaskError(f"a Dataset or a DatasetDict of the library datasets is needed, not {type(dataset).__name__}")
    parts = dict(dataset) if isinstance(dataset, Mapping) else {"train": dataset}
    if any(name not in SPLITS for name in parts) or "train" not in parts:
        named = ", ".join(map(str, parts)) or "none at all"
        raise TaskError(f"a data set has the splits train, validation and test, or is one of them, unlike {named}")
    for name, part in parts.items():
        if not hasattr(part, "__len__"):
            raise TaskError(
                f"split {name}: is a stream, which may have no end: load it without streaming=True, or take a part of it, "
                "Dataset.from_list(list(stream.take(10_000)), features=stream.features)"
            )
        if not len(part):
            raise TaskError(f"split {name}: there are no rows")
    return parts


def _column(parts: Mapping[str, Any], wanted: str | None, usual: Sequence[str], what: str) -> str:
    """The column to take, which every split has."""
    found = wanted if wanted is not None else next((name for name in usual if name in parts["train"].column_names), None)
    for split, part in parts.items():
        if found is None or found not in part.column_names:
            there = ", ".join(part.column_names)
            raise TaskError(f"split {split}: there is no column {found or what!r}, but {there}; say which holds the {what}")
    return str(found)


def _rows(part: Any, column: str, split: str) -> Iterator[tuple[str, Any]]:
    """Each value with its place. Images are decoded one by one; of other columns the arrays are taken, whatever the format."""
    decoded = hasattr(part.features[column], "decode_example")
    formatted = part.with_format(None if decoded else "numpy") if hasattr(part, "with_format") else part
    values = formatted[column] if decoded else formatted[column][:]
    for number in range(len(part)):
        where = f"split {split}, column {column}, row {number}"
        with decoding(where) if decoded else nullcontext():
            value = values[number]
        if value is None:
            raise TaskError(f"{where}: is empty")
        yield where, value


def _colours(part: Any, column: str, split: str) -> bool:
    """Whether any of the samples is an image in colours."""
    return any(is_colour(value) for _, value in _rows(part, column, split) if _is_image(value))


def _samples(part: Any, column: str, split: str, colours: bool) -> NDArray[Any]:
    arrays: list[NDArray[Any]] = []
    for where, value in _rows(part, column, split):
        arrays.append(_array(value, colours))
        if arrays[-1].shape != arrays[0].shape:
            raise TaskError(f"{where}: is {arrays[-1].shape}, but row 0 is {arrays[0].shape}: scale them to one size")
    return np.stack(arrays)


def _is_image(value: Any) -> bool:
    """Whether it is one of Pillow's."""
    return hasattr(value, "convert") and hasattr(value, "mode")


def _array(value: Any, colours: bool) -> NDArray[Any]:
    """One sample: an image as (C, H, W), a signal (S,) as (S, 1), another array as it is."""
    if _is_image(value):
        return pixels(value, colours)
    if isinstance(value, dict) and "array" in value:  # what an audio feature decodes to
        value = value["array"]
    array = np.asarray(value)
    return array[:, None] if array.ndim == 1 else array


def _targets(part: Any, column: str, split: str) -> NDArray[Any]:
    """Targets (N, ...): classes, words, or rows and fields of numbers."""
    formatted = part.with_format(None) if hasattr(part, "with_format") else part
    values = list(formatted[column][:])
    for number, value in enumerate(values):
        if value is None:
            raise TaskError(f"split {split}, column {column}, row {number}: is empty")
    try:
        return np.asarray(values)
    except ValueError:
        raise TaskError(f"split {split}, column {column}: the targets are of different lengths; rows of 0 and 1 are labels") from None
