"""Pixels: targets for each pixel, which are masks, class numbers or fields of numbers."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.networks.heads import IGNORED, Dense, Mask, Segmentation
from einspace.reading.scanning import chunks
from einspace.reading.source import Targets

OFTEN_IGNORED = 255
"""The value of ignored pixels in masks of unsigned image formats."""

MOST_CLASSES = 64
"""Different whole numbers that are still taken for classes."""

USUAL = 21
"""Classes that pixels often have: numbers up to so many, from 0 on, are hardly amounts."""

SOME = 10_000
"""Pixels that are sorted together."""

_Values = frozenset[float]


def recognise(y: NDArray[Any], kind: str | None, names: dict[Any, str] | None, where: str) -> Targets:
    """Read targets (N, H, W) or (N, C, H, W), whose kind is said or recognised by the values.

    0 and 1, and 0 and 255 alone, are masks, in which -1, or 255 beside 1, is ignored. Other whole numbers, up to `MOST_CLASSES` of them,
    are classes for each pixel, and so are channels of which one is 1 at each pixel; everything else is a field of numbers.
    Raises TaskError for what cannot be of the kind, and for pictures of few colours, those of 0 and 255 alone too, which may be classes by
    colour.
    """
    y = y[:, None] if y.ndim == 3 else y
    if y.ndim != 4 or 0 in y.shape[1:]:
        raise TaskError(f"{where}: a target for each pixel is (N, H, W) or (N, C, H, W), not {y.shape}")
    if kind == "dense":
        return Targets("dense", y, Dense(y.shape[1], (y.shape[2], y.shape[3])))
    values = _values(y)
    if kind == "mask":
        return _mask(y, values, where)
    if kind == "segmentation":
        return _classes(y, values, names, where, ())
    pictures = y.shape[1] in (3, 4) and y.dtype == np.uint8
    pure = pictures and values == {0, OFTEN_IGNORED}
    if not pure and values <= {0, 1, IGNORED, OFTEN_IGNORED} and values & {0, 1, OFTEN_IGNORED}:
        if y.shape[1] > 1 and values <= {0, 1} and (y.sum(axis=1) == 1).all():
            return _classes(y, values, names, where, ("one channel is 1 at each pixel: read as classes; for masks say kind mask",))
        return _mask(y, values, where)
    if y.shape[1] == 1 and values and all(value.is_integer() for value in values):
        classes = len(values - _ignored(values, names))
        told = f"{classes} different whole numbers are read as classes for each pixel; if they are amounts, say kind dense"
        counted = values == set(range(len(values))) and y.dtype.kind in "iu" and len(values) <= USUAL
        read = _classes(y, values, names, where, () if counted else (told,))
        return replace(read, notes=(told, *read.notes)) if counted else read
    if pictures and _few_colours(y):
        masks = "kind='mask' for a mask in each channel, or " if pure else ""
        raise TaskError(
            f"{where}: targets {y.shape} of few colours may be classes by colour: make numbers (N, H, W) of them, "
            f"or say {masks}kind='dense' to predict colours"
        )
    return Targets("dense", y, Dense(y.shape[1], (y.shape[2], y.shape[3])))


def _values(y: NDArray[Any]) -> _Values:
    """The values that occur, none where they are more than can be classes."""
    found = np.empty(0, y.dtype)
    for chunk in chunks(y):
        rest = chunk.ravel()
        while True:
            rest = rest[~np.isin(rest, found)]
            if not rest.size:
                break
            found = np.union1d(found, rest[:SOME])
            if len(found) > MOST_CLASSES + 2:
                return frozenset()
    return frozenset(map(float, found.tolist()))


def _few_colours(y: NDArray[Any]) -> bool:
    found: set[bytes] = set()
    for sample in y:
        rows = np.ascontiguousarray(sample.reshape(len(sample), -1).T)
        found |= {row.tobytes() for row in np.unique(rows, axis=0)[: MOST_CLASSES + 1]}
        if len(found) > MOST_CLASSES:
            return False
    return True


def _mask(y: NDArray[Any], values: _Values, where: str) -> Targets:
    size = (y.shape[2], y.shape[3])
    if values == {0, OFTEN_IGNORED} or values == {0, OFTEN_IGNORED, IGNORED}:
        note = "masks of 0 and 255: 255 is yes; if it is ignored, make it -1"
        yes = np.where(y == OFTEN_IGNORED, np.float32(1), y.astype(np.float32))
        return Targets("mask", yes, Mask(y.shape[1], size), doubts=(note,), values=(0, OFTEN_IGNORED))
    y = y.astype(np.float32)
    y = np.where(y == OFTEN_IGNORED, np.float32(IGNORED), y)
    bad = np.flatnonzero(~np.isin(y, (0, 1, IGNORED)).reshape(len(y), -1).all(axis=1))
    if len(bad):
        raise TaskError(f"{where}: a mask holds 0, 1 and {IGNORED} or {OFTEN_IGNORED} for ignored, unlike that of sample {bad[0]}")
    ignored = ", ".join(str(value) for value in (IGNORED, OFTEN_IGNORED) if value in values)
    notes = (f"some pixels are ignored, those of {ignored}",) if ignored else ()
    return Targets("mask", y, Mask(y.shape[1], size), notes=notes)


def _classes(y: NDArray[Any], values: _Values, names: dict[Any, str] | None, where: str, doubts: tuple[str, ...]) -> Targets:
    """Class numbers (N, 1, H, W), or channels of which one is 1, as (N, H, W) from 0."""
    notes: tuple[str, ...] = ()
    if y.shape[1] > 1:
        if not values <= {0, 1} or not (y.sum(axis=1) == 1).all():
            raise TaskError(f"{where}: classes for each pixel are numbers (N, H, W), or channels of which one is 1 at each pixel")
        known: dict[Any, str] = names or {number: str(number) for number in range(y.shape[1])}
        if len(known) != y.shape[1]:
            raise TaskError(f"{where}: there are {y.shape[1]} channels of classes, but {len(known)} names for them")
        return Targets("segmentation", y.argmax(axis=1), Segmentation(len(known), _size(y)), tuple(known.values()), notes, doubts)
    if not values or not all(value.is_integer() for value in values):
        raise TaskError(f"{where}: classes for each pixel are at most {MOST_CLASSES} different whole numbers")
    ignored = _ignored(values, names)
    found = sorted(int(value) for value in values - ignored)
    known = names or {number: str(number) for number in found}
    strange = [number for number in found if number not in known]
    if strange:
        raise TaskError(f"{where}: pixels of class {strange[0]}, which is none of {', '.join(map(str, list(known)[:8]))}")
    if len(known) < 2:
        raise TaskError(f"{where}: two classes or more are needed, but every pixel is of class {found[0] if found else '(none)'}")
    codes = np.searchsorted(np.array(list(known)), y[:, 0]).astype(np.int64)
    for value in ignored:
        codes[y[:, 0] == value] = IGNORED
        notes += (f"pixels of {value:g} are ignored",)
    if OFTEN_IGNORED in ignored and names is None and found != list(range(len(found))):
        more = ", ..." if len(found) > 2 else ""
        every = f"labels={{{found[0]}: '...', {found[1]}: '...'{more}, {OFTEN_IGNORED}: '...'}}"
        doubts += (f"{OFTEN_IGNORED} is ignored; if it is a class, give the names of all, as {every}",)
    if list(known) != list(range(len(known))):
        notes += (f"classes {', '.join(map(str, list(known)[:8]))}{', ...' if len(known) > 8 else ''} are numbered anew from 0",)
    return Targets("segmentation", codes, Segmentation(len(known), _size(y)), tuple(known.values()), notes, doubts, tuple(known))


def _ignored(values: _Values, names: dict[Any, str] | None) -> _Values:
    """The values of ignored pixels among those of classes: -1, or else 255 where it has no name and two others or more are there."""
    found = values & {IGNORED} or (values & {OFTEN_IGNORED} if len(values) > 2 else frozenset())
    return found - {OFTEN_IGNORED} if names is not None and OFTEN_IGNORED in names else found


def _size(y: NDArray[Any]) -> tuple[int, int]:
    return y.shape[2], y.shape[3]
