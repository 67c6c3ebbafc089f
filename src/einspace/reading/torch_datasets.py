"""Data sets and data loaders of PyTorch: map style ones are read item by item, others are refused at once."""

from collections.abc import Mapping, Sequence, Sized
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import DataLoader, IterableDataset, RandomSampler, SequentialSampler, SubsetRandomSampler
from torch.utils.data.dataloader import default_collate, default_convert

from einspace.errors import TaskError
from einspace.reading.again import same, spread
from einspace.reading.arrays import as_array
from einspace.reading.pictures import Looks, decoding, is_picture, looks_of, pixels, upright
from einspace.reading.source import Source

KEYS = (("x", "image", "images", "pixel_values", "signal", "data", "input"), ("y", "label", "labels", "target", "mask"))
"""Keys of the sample and of the target in an item that is a mapping."""


_Read = tuple[str, Sequence[int], list[tuple[Any, Any]]]
"""A data set's name in errors, the numbers of the items that are read, and the items."""

ANY = Looks(colours=False, shallow=None)
"""The form in which a single image is compared with its second reading."""


def read_torch(parts: Mapping[str, Any]) -> Source:
    """Samples and targets of data sets by split, whose items are (sample, target) or mappings with one of `KEYS`.

    A loader's data set is read once and in order, those items that its sampler can draw. The names of classes are the data set's `classes`.
    Raises TaskError for data without a length, for items that change from one reading to the next, as those of a random transform do, and
    for a loader that puts batches together in its own way.
    """
    read: dict[str, _Read] = {}
    for split, given in parts.items():
        where = f"split {split}" if len(parts) > 1 else "the data set"
        dataset, rows = _rows(given, where)
        read[split] = (where, rows, _items(dataset, rows, where))
        if split == "train":
            names = getattr(dataset, "classes", None)
    looks = looks_of(x for _, _, items in read.values() for x, _ in items if is_picture(x))
    pools = {split: _arrays(*items, looks) for split, items in read.items()}
    labels = tuple(map(str, names)) if isinstance(names, Sequence) and not isinstance(names, str) else ()
    words = pools["train"][1].dtype.kind == "U"
    return Source(pools, labels=() if words else labels, shallow=looks.recorded)


def _rows(given: Any, where: str) -> tuple[Any, Sequence[int]]:
    """A data set, and the numbers of the items that are read."""
    if isinstance(given, DataLoader):
        if isinstance(given.dataset, IterableDataset):
            raise TaskError(f"{where}: an IterableDataset may have no end: take a part of it into arrays")
        if given.collate_fn not in (default_collate, default_convert):
            raise TaskError(
                f"{where}: the loader has a collate_fn of its own: give the data set, whose items hold what the collate_fn makes"
            )
        length = len(cast("Sized", given.dataset))
        if given.batch_size is None and given.batch_sampler is not None:
            raise TaskError(f"{where}: a loader with a batch_sampler of its own does not say which samples there are: give the data set")
        sampler = given.sampler
        if isinstance(sampler, SubsetRandomSampler):
            return given.dataset, [int(index) for index in sampler.indices]
        plain = isinstance(sampler, SequentialSampler) or (isinstance(sampler, RandomSampler) and not sampler.replacement)
        if not plain or (isinstance(sampler, RandomSampler) and sampler.num_samples != length):
            raise TaskError(
                f"{where}: a loader with the sampler {type(sampler).__name__} does not say which samples there are: give arrays"
            )
        return given.dataset, range(length)
    if isinstance(given, IterableDataset):
        raise TaskError(f"{where}: an IterableDataset may have no end: take a part of it into arrays")
    if not hasattr(given, "__getitem__") or not hasattr(given, "__len__"):
        raise TaskError(f"{where}: a map-style Dataset or a DataLoader of PyTorch is needed, not {type(given).__qualname__}")
    return given, range(len(given))


def _items(dataset: Any, rows: Sequence[int], where: str) -> list[tuple[Any, Any]]:
    """Samples with their targets; raises TaskError for items that change."""
    if not rows:
        raise TaskError(f"{where}: there are no items")
    twice, items = {rows[place] for place in spread(len(rows))}, []
    for row in rows:
        items.append(_pair(dataset[row], f"{where}, item {row}"))
        if row in twice:
            _check_again(items[-1], dataset, row, where)
    return items


def _arrays(where: str, rows: Sequence[int], items: list[tuple[Any, Any]], looks: Looks) -> tuple[NDArray[Any], NDArray[Any]]:
    x = _stacked([_array(item[0], looks, f"{where}, item {row}") for row, item in zip(rows, items, strict=True)], rows, where)
    targets = [_target(item[1], f"{where}, item {row}") for row, item in zip(rows, items, strict=True)]
    return x, as_array(targets, f"{where}, targets")


def _check_again(item: tuple[Any, Any], dataset: Any, row: int, where: str) -> None:
    """Raise TaskError where an item is another one when it is read again."""
    place = f"{where}, item {row}"
    again = _pair(dataset[row], place)
    if not all(same(_array(one, ANY, place), _array(other, ANY, place)) for one, other in zip(item, again, strict=True)):
        raise TaskError(
            f"{where}: item {row} differs when it is read again: take random transforms out; training augments images "
            "with the options crop and flip"
        )


def _pair(item: Any, where: str) -> tuple[Any, Any]:
    """A sample and its target; pictures are taken out of their files, so that none stays open, and masks are arrays."""
    x, y = _parted(item, where)
    with decoding(where):
        return upright(x) if is_picture(x) else x, np.asarray(y) if is_picture(y) else y


def _parted(item: Any, where: str) -> tuple[Any, Any]:
    if isinstance(item, Mapping):
        found = [next((item[key] for key in keys if key in item), None) for keys in KEYS]
        if any(value is None for value in found):
            raise TaskError(f"{where}: a mapping with a sample ({KEYS[0][0]}, ...) and a target is needed, not {', '.join(map(str, item))}")
        return found[0], found[1]
    if not isinstance(item, tuple | list) or len(item) != 2:
        size = f" of {len(item)}" if isinstance(item, tuple | list) else ""
        raise TaskError(f"{where}: a sample and its target are needed, (x, y), not a {type(item).__name__}{size}")
    return item[0], item[1]


def _array(value: Any, looks: Looks, where: str) -> NDArray[Any]:
    """One sample: an image as (C, H, W), a signal (S,) as (S, 1), another array as it is."""
    if is_picture(value):
        with decoding(where):
            return pixels(value, looks.colours, shallow=looks.shallow)
    if isinstance(value, str | int | float | bool):
        return np.asarray(value)
    array = as_array(value, where)
    return array[:, None] if array.ndim == 1 else array


def _target(value: Any, where: str) -> Any:
    """One target: an array, a number or a word; raises TaskError for a mapping, as detection has."""
    if isinstance(value, str | int | float | bool):
        return value
    array = as_array(value, where)
    return array.item() if array.ndim == 0 else array


def _stacked(arrays: list[NDArray[Any]], rows: Sequence[int], where: str) -> NDArray[Any]:
    for row, array in zip(rows, arrays, strict=True):
        if array.shape != arrays[0].shape:
            raise TaskError(f"{where}, item {row}: is {array.shape}, but item {rows[0]} is {arrays[0].shape}: bring them to one size")
    return np.stack(arrays)
