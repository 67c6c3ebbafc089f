"""Outputs: a network's outputs as labels, chances and numbers in the user's own terms, and the user's targets as metrics take them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from einspace.errors import TaskError
from einspace.networks.heads import IGNORED
from einspace.predictor.about import About
from einspace.reading.arrays import as_array, as_words
from einspace.reading.axes import arranged
from einspace.reading.pixels import OFTEN_IGNORED
from einspace.reading.targets import OF_PIXELS

CHANCES = ("classification", "multi-label", "mask", "segmentation")
"""Kinds whose outputs are chances."""


def decided(outputs: Tensor, about: About) -> NDArray[Any]:
    """Predictions for a batch of outputs.

    Classes (n,) by their names; rows (n, L) of 0 and 1 for labels; numbers (n,), or (n, K) for several; for each pixel, in the axes of the
    targets, a class, no or yes as the masks have it, or a number.
    """
    if about.kind in ("classification", "segmentation"):
        return np.take(np.asarray(about.classes), outputs.argmax(dim=1).cpu().numpy())
    if about.kind == "multi-label":
        return (outputs > 0).cpu().numpy().astype(np.int64)
    if about.kind == "mask":
        no, yes = about.preprocessing.classes or (0, 1)
        return _in_axes(np.where((outputs > 0).cpu().numpy(), np.uint8(yes), np.uint8(no)), about)
    numbers = outputs.cpu().numpy()
    return numbers[:, 0] if about.kind == "regression" and numbers.shape[1] == 1 else _in_axes(numbers, about)


def chances(outputs: Tensor, about: About) -> NDArray[np.float32]:
    """Chances (n, K) of classes, which add up to 1, (n, L) of labels, or (n, K, h, w) of classes for each pixel, and masks in their axes.

    Raises TaskError for numbers, which have none.
    """
    if about.kind not in CHANCES:
        raise TaskError(f"probabilities are of classes and labels, but the predictor gives {about.kind}: predict gives the numbers")
    if about.kind in ("classification", "segmentation"):
        return np.asarray(torch.softmax(outputs, dim=1).cpu().numpy())
    return _in_axes(torch.sigmoid(outputs).cpu().numpy(), about)


def _in_axes(numbers: NDArray[Any], about: About) -> NDArray[Any]:
    """Pixels (n, C, h, w) in the axes that the targets had; anything else as it is."""
    if about.kind not in OF_PIXELS:
        return numbers
    order = about.preprocessing.target_axes
    if order == "NHWC":
        return numbers.transpose(0, 2, 3, 1)
    return numbers[:, 0] if not order and numbers.shape[1] == 1 else numbers


def targets_of(given: Any, count: int, about: About) -> Tensor:
    """Targets of `count` samples as metrics take them (see `tasks.split.Split`).

    Raises TaskError for another number or shape of them, for classes that the predictor does not know, and for values that are not finite.
    """
    y = as_words(as_array(given, "targets"))
    if y.ndim == 0 or len(y) != count:
        raise TaskError(f"one target a sample is needed, but there are {count} samples and targets {y.shape}")
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        bad = int(np.flatnonzero(~np.isfinite(y).reshape(len(y), -1).all(axis=1))[0])
        raise TaskError(f"the target of sample {bad} is not finite")
    if about.kind == "classification":
        return torch.from_numpy(_classes(y, about))
    if y.dtype.kind not in "biuf":
        raise TaskError(f"the predictor was trained on the kind {about.kind}, whose targets are numbers, and got {y.dtype}")
    wanted: tuple[int, ...] = (count, about.outputs)
    if about.kind in OF_PIXELS:
        y = arranged(y, about.preprocessing.target_axes) if y.ndim == 4 else y[:, None] if y.ndim == 3 else y
        if about.kind == "segmentation" and _is_one_hot(y, about):
            y = np.take(np.array(_numbers(about)), y.argmax(axis=1))[:, None]
        _, height, width = about.head.output(about.feature)
        wanted = (count, 1 if about.kind == "segmentation" else about.outputs, height, width)
    elif y.ndim == 1:
        y = y[:, None]
    if y.shape != wanted:
        raise TaskError(f"the predictor gives {about.kind} {wanted}, and got targets {y.shape}")
    if about.kind == "segmentation":
        return torch.from_numpy(_codes(y[:, 0], about))
    if about.kind == "mask":
        return torch.from_numpy(_yes_or_no(y, about))
    return torch.from_numpy(y.astype(np.float32 if about.kind == "multi-label" else np.float64))


def _classes(y: NDArray[Any], about: About) -> NDArray[np.int64]:
    """Classes (N,), by name or as they are spelt, or rows with a single 1, as the places of their outputs."""
    known = about.classes
    if y.ndim == 2 and _is_one_hot(y, about):
        return np.asarray(y.argmax(axis=1), np.int64)
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim != 1:
        raise TaskError(f"the predictor knows {len(known)} classes, one a sample, and got targets {y.shape}")
    places: dict[Any, int] = {value: place for place, value in enumerate(_numbers(about))}
    places |= {value: place for place, value in enumerate(about.labels)} | {value: place for place, value in enumerate(known)}
    values = [value.strip() if isinstance(value, str) else value for value in y.tolist()]
    strange = next((number for number, value in enumerate(values) if value not in places), None)
    if strange is not None:
        shown = f"{', '.join(map(repr, known[:8]))}{', ...' if len(known) > 8 else ''}"
        raise TaskError(f"the predictor was trained on the classes {shown}, and got {values[strange]!r} for sample {strange}")
    return np.array([places[value] for value in values], np.int64)


def _codes(y: NDArray[Any], about: About) -> NDArray[np.int64]:
    """Classes of pixels as the places of their outputs, with `IGNORED` for ignored pixels."""
    classes = _numbers(about)
    known = np.array(classes)
    order = np.argsort(known)
    places = order[np.minimum(np.searchsorted(known[order], y), len(known) - 1)]
    ignored = (y == IGNORED) | ((y == OFTEN_IGNORED) & (OFTEN_IGNORED not in classes))
    strange = np.flatnonzero(((known[places] != y) & ~ignored).reshape(len(y), -1).any(axis=1))
    if len(strange):
        value = np.setdiff1d(y[strange[0]], [*known, IGNORED])[0]
        named = f"{', '.join(map(str, classes[:8]))}{', ...' if len(classes) > 8 else ''}"
        raise TaskError(f"the predictor was trained on pixels of the classes {named}, and got {value} in sample {strange[0]}")
    return np.where(ignored, IGNORED, places).astype(np.int64)


def _yes_or_no(y: NDArray[Any], about: About) -> NDArray[np.float32]:
    """Masks of 1 for yes, 0 for no and -1 for ignored."""
    no, yes = about.preprocessing.classes or (0, 1)
    ignored = (y == IGNORED) | ((y == OFTEN_IGNORED) & (yes != OFTEN_IGNORED))
    strange = np.flatnonzero((~np.isin(y, (no, yes)) & ~ignored).reshape(len(y), -1).any(axis=1))
    if len(strange):
        raise TaskError(f"the predictor was trained on masks of {no} and {yes}, and got another number in sample {strange[0]}")
    return np.where(ignored, np.float32(IGNORED), (y == yes).astype(np.float32))


def _numbers(about: About) -> Sequence[int | str]:
    """The classes as the targets spell them; numbers from 0 on where the targets were one-hot."""
    return about.preprocessing.classes or range(about.outputs)


def _is_one_hot(y: NDArray[Any], about: About) -> bool:
    """True if the targets are one-hot: the second axis has an element for each class, a single one is 1 and the others are 0."""
    fitting = y.ndim > 1 and y.shape[1] == about.outputs > 1 and y.dtype.kind in "biuf"
    return fitting and bool(np.isin(y, (0, 1)).all()) and bool((y.sum(axis=1) == 1).all())
