"""Data sets that were loaded with the library `datasets`, used through their methods alone, so that the library is not imported."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.files.guarded import reading
from einspace.reading.again import same, spread
from einspace.reading.arrays import check_words
from einspace.reading.pictures import Looks, decoding, is_picture, looks_of, pixels
from einspace.reading.source import SPLITS, Source

SAMPLES = ("image", "img", "pixel_values", "audio", "signal", "x")
TARGETS = ("label", "labels", "fine_label", "target", "class", "y")
"""Columns that are looked for, in this order, unless a user says another."""


def read_dataset(dataset: Any, x: str | None = None, y: str | None = None) -> Source:
    """Samples and targets by split, and the names of the classes where the data set has them.

    `dataset` is a `Dataset`, or a `DatasetDict` whose keys are train, validation and test, in whatever format; `x` and `y` are columns.
    Images become (C, H, W), all in colours if one is, and signals (S,) become (S, 1). A transform (`with_transform`) is applied once.
    Raises TaskError that names split, column and row for what is not there, empty, broken or of another size, for a stream, which may
    have no end, and for a transform that gives another sample each time.
    """
    given = _parts(dataset)
    places = {name: _where(dataset, name) for name in given}
    parts = {name: _transformed(part) for name, part in given.items()}
    inputs = _column(parts, places, x, SAMPLES, "samples")
    targets = _column(parts, places, y, TARGETS, "targets")
    for name, part in parts.items():
        if isinstance(part, _Transformed):
            part.check((inputs, targets), places[name])
    looks = looks_of(value for name, part in parts.items() for _, value in _rows(part, inputs, places[name]) if is_picture(value))
    pools = {
        SPLITS[name]: (_samples(part, inputs, places[name], looks), _targets(part, targets, places[name])) for name, part in parts.items()
    }
    chosen = " and ".join(name for name, said in ((inputs, x), (targets, y)) if said is None)
    notes = (f"columns: {inputs} are the samples, {targets} the targets",)
    rest = [name for name in parts["train"].column_names if name not in (inputs, targets)]
    doubts = (f"{notes[0]}, by their names; {', '.join(rest[:6])} are left out; x= and y= say otherwise",) if chosen and rest else ()
    labels = tuple(getattr(parts["train"].features.get(targets), "names", None) or ())
    return Source(pools, labels, () if doubts else notes, doubts, shallow=looks.recorded)


class _Transformed:
    """A data set read through its transform: the columns of all rows, and some rows that were read a second time."""

    def __init__(self, part: Any) -> None:
        self.rows: list[Mapping[str, Any]] = [part[number] for number in range(len(part))]
        self.again: dict[int, Mapping[str, Any]] = {number: part[number] for number in spread(len(part))}
        self.column_names = list(self.rows[0])
        self.features = {name: part.features.get(name) for name in self.column_names}

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, column: str) -> list[Any]:
        return [row[column] for row in self.rows]

    def check(self, columns: Sequence[str], where: str) -> None:
        """Raise TaskError for a transform that is random in one of the columns."""
        for number, row in self.again.items():
            if not all(same(_plain(self.rows[number][column]), _plain(row[column])) for column in columns):
                raise TaskError(
                    f"{where}, row {number}: the transform gives another sample each time: take what is random out; training augments "
                    "images with the options crop and flip"
                )


def _transformed(part: Any) -> Any:
    """A data set, read through its transform if it has one."""
    return _Transformed(part) if hasattr(part, "format") and part.format.get("type") == "custom" else part


def _plain(value: Any) -> NDArray[Any]:
    value = value["array"] if _is_audio(value) else value
    return np.asarray(value.detach() if hasattr(value, "detach") else value)


def _where(dataset: Any, name: str) -> str:
    """A split as it was given, by its name, or the only data set."""
    return f"split {name}" if isinstance(dataset, Mapping) else "the data set"


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
                f"{_where(dataset, name)}: is a stream, which may have no end: load it without streaming=True, or take a part of it, "
                "Dataset.from_list(list(stream.take(10_000)), features=stream.features)"
            )
        if not len(part):
            raise TaskError(f"{_where(dataset, name)}: there are no rows")
    return parts


def _column(parts: Mapping[str, Any], places: Mapping[str, str], wanted: str | None, usual: Sequence[str], what: str) -> str:
    """The column to take, which every split has."""
    found = wanted if wanted is not None else next((name for name in usual if name in parts["train"].column_names), None)
    for split, part in parts.items():
        if found is None or found not in part.column_names:
            there = ", ".join(part.column_names)
            raise TaskError(f"{places[split]}: there is no column {found or what!r}, but {there}; say which holds the {what}")
    return str(found)


def _rows(part: Any, column: str, place: str) -> Iterator[tuple[str, Any]]:
    """Each value with its place. Images are decoded one by one; of other columns the arrays are taken, whatever the format.

    Numbers keep their type: without `dtype=None` the format numpy is one of float32 and int64.
    """
    decoded = hasattr(part.features[column], "decode_example") and not isinstance(part, _Transformed)
    plain = part.with_format(None) if decoded else part.with_format("numpy", dtype=None) if hasattr(part, "with_format") else part
    values = plain[column] if decoded else plain[column][:]
    for number in range(len(part)):
        where = f"{place}, column {column}, row {number}"
        with _decoding(where, part.features[column]) if decoded else nullcontext():
            value = values[number]
        if value is None:
            raise TaskError(f"{where}: is empty")
        yield where, value


@contextmanager
def _decoding(where: str, feature: Any) -> Iterator[None]:
    """Raise TaskError where the block cannot decode a value, or where the package is missing that does."""
    try:
        with decoding(where) if type(feature).__name__ == "Image" else reading(where, type(feature).__name__.lower()):
            yield
    except ImportError as error:
        raise TaskError(f"{where}: {str(error).splitlines()[0]}") from None


def _is_audio(value: Any) -> bool:
    """True if a value is audio: a decoder of torchcodec, or a mapping whose item `array` holds the samples."""
    return hasattr(value, "get_all_samples") or (isinstance(value, Mapping) and "array" in value)


def _samples(part: Any, column: str, place: str, looks: Looks) -> NDArray[Any]:
    arrays: list[NDArray[Any]] = []
    for where, value in _rows(part, column, place):
        with decoding(where) if is_picture(value) else reading(where, "audio") if _is_audio(value) else nullcontext():
            arrays.append(_array(value, looks))
        if arrays[-1].shape != arrays[0].shape:
            raise TaskError(f"{where}: is {arrays[-1].shape}, but row 0 is {arrays[0].shape}: scale them to one size")
    return np.stack(arrays)


def _array(value: Any, looks: Looks) -> NDArray[Any]:
    """One sample: an image as (C, H, W), a signal (S,) as (S, 1), another array as it is."""
    if is_picture(value):
        return pixels(value, looks.colours, shallow=looks.shallow)
    array = np.asarray(value["array"] if _is_audio(value) else value)
    return array[:, None] if array.ndim == 1 else array


def _targets(part: Any, column: str, where: str) -> NDArray[Any]:
    """Targets (N, ...): classes, words, or rows and fields of numbers."""
    formatted = part.with_format(None) if hasattr(part, "with_format") else part
    values = list(formatted[column][:])
    for number, value in enumerate(values):
        if value is None:
            raise TaskError(f"{where}, column {column}, row {number}: is empty")
    check_words(values, f"{where}, column {column}")
    try:
        return np.asarray(values)
    except ValueError:
        raise TaskError(f"{where}, column {column}: the targets are of different lengths; rows of 0 and 1 are labels") from None
