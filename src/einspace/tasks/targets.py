"""Targets: what kind of thing the `y` of one's own data is, and the head and metric that follow."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.errors import TaskError, UnknownNameError
from einspace.networks.heads import IGNORED, Classification, Dense, Head, Mask, MultiLabel, Regression
from einspace.tasks.checks import not_finite
from einspace.tasks.metrics import ACCURACY, AUROC_ERROR, MEAN_AVERAGE_PRECISION, SQUARED_ERROR, Metric

METRIC_OF: dict[str, Metric] = {
    "classification": ACCURACY,
    "multi-label": MEAN_AVERAGE_PRECISION,
    "regression": SQUARED_ERROR,
    "mask": AUROC_ERROR,
    "dense": SQUARED_ERROR,
}
"""What a kind of task is scored with, unless told otherwise."""

OFTEN_IGNORED = 255
"""What image formats without a sign put in a mask for a pixel that does not count."""


@dataclass(frozen=True, eq=False)
class Targets:
    """Targets `y` as a `Split` holds them, their kind and head, the names of the classes, and what there is to say about them."""

    kind: str
    y: NDArray[Any]
    head: Head
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def recognise(y: NDArray[Any], kind: str | None = None, labels: Sequence[str] = (), where: str = "y") -> Targets:
    """Read targets (N, ...); `kind` says what they are, None leaves it to their shape and values. `where` names them in errors.

    Words, whole numbers and one-hot rows are classes; rows of 0 and 1 are labels; other numbers (N,) or (N, K) are to be predicted as
    they are; (N, H, W) and (N, C, H, W) are a target for each pixel, a mask if they hold nothing but 0, 1 and -1 or 255 (ignored).
    `labels` are the names of the classes 0, 1, ...; without them the classes are what occurs, in order. Raises TaskError for targets that
    are nothing of the kind, UnknownNameError for an unknown kind.
    """
    if kind is not None and kind not in METRIC_OF:
        raise UnknownNameError("kind of task", kind, METRIC_OF)
    if y.dtype.kind == "O":
        bad = next((number for number, value in enumerate(y.ravel().tolist()) if not isinstance(value, str)), None)
        if bad is not None:
            raise TaskError(
                f"{where}: targets must be numbers or words, but one of {y.dtype} {y.shape} is {y.ravel()[bad]!r}: number {bad}"
            )
        y = y.astype(str)
    if y.dtype.kind == "S":
        y = np.char.decode(y, "utf-8", "replace")
    if y.dtype.kind not in "biufU":
        raise TaskError(f"{where}: targets must be numbers or words, not {y.dtype}")
    with np.errstate(over="ignore"):
        found = not_finite(y.astype(np.float32)) if y.dtype.kind == "f" else None
    if found is not None:
        raise TaskError(
            f"{where}: {found[0]} of {len(y)} targets are not finite numbers in float32, the first is that of sample {found[1]}"
        )
    guessed = kind or _guess(y)
    if y.dtype.kind == "U" and guessed != "classification":
        raise TaskError(f"{where}: targets of the kind {guessed} must be numbers, not words")
    readers = {"classification": _classes, "multi-label": _labels, "regression": _numbers, "mask": _mask, "dense": _dense}
    read = _classes(y, where, labels, kind) if guessed == "classification" else readers[guessed](y, where)  # type: ignore[operator]
    shape = ", ".join(map(str, ("N", *y.shape[1:])))
    said = "as you said" if kind else f"recognised from {'words' if y.dtype.kind == 'U' else y.dtype} ({shape})"
    return replace(read, notes=(f"{read.kind}: {said}", *read.notes))


def _guess(y: NDArray[Any]) -> str:
    """The kind that shape and values speak for."""
    if y.ndim >= 3:
        return "mask" if np.isin(y, (0, 1, IGNORED, OFTEN_IGNORED)).all() else "dense"
    if y.ndim == 2 and y.shape[1] > 1:
        if not np.isin(y, (0, 1)).all():
            return "regression"
        return "classification" if (y.sum(axis=1) == 1).all() else "multi-label"
    if y.dtype.kind == "f" and (not _whole(y) or (len(np.unique(y)) > 20 and _many(y))):
        return "regression"
    return "classification"


def _whole(y: NDArray[Any]) -> bool:
    return y.dtype.kind in "biu" or bool((y == np.round(y)).all())


def _many(y: NDArray[Any]) -> bool:
    """More classes than there can be with two samples of each."""
    return len(np.unique(y)) > max(2, len(y) // 2)


def _classes(y: NDArray[Any], where: str, labels: Sequence[str], kind: str | None) -> Targets:
    notes: tuple[str, ...] = ()
    if y.ndim == 2 and y.shape[1] > 1:
        if y.dtype.kind == "U" or not np.isin(y, (0, 1)).all() or not (y.sum(axis=1) == 1).all():
            raise TaskError(f"{where}: classes are labels (N,) or rows with a single 1, not {y.shape}")
        labels = labels or [str(number) for number in range(y.shape[1])]
        y, notes = y.argmax(axis=1), ("each row of the targets has a single 1: read as one class of some",)
    elif y.ndim == 2:
        y = y[:, 0]
    if y.ndim != 1:
        raise TaskError(f"{where}: classes are labels (N,) or rows with a single 1, not {y.shape}")
    if y.dtype.kind == "f" and not _whole(y):
        bad = int(np.flatnonzero(y != np.round(y))[0])
        raise TaskError(
            f"{where}: labels must be whole numbers or words, but sample {bad} has {y[bad]}; kind='regression' predicts numbers"
        )
    if labels:
        if y.dtype.kind == "U":
            raise TaskError(f"{where}: with names for the classes, labels are the whole numbers 0 to {len(labels) - 1}, not words")
        outside = np.flatnonzero((y < 0) | (y >= len(labels)))
        if len(outside):
            raise TaskError(f"{where}: labels must be 0 to {len(labels) - 1}, but sample {outside[0]} has {y[outside[0]]}")
        return Targets("classification", y.astype(np.int64), Classification(len(labels)), tuple(labels), notes)
    if kind is None and _many(y):
        raise TaskError(
            f"{where}: {len(np.unique(y))} different labels among {len(y)} samples are no classes; say kind='regression' to predict numbers"
        )
    found, codes = np.unique(y if y.dtype.kind == "U" else y.astype(np.int64), return_inverse=True)
    if len(found) < 2:
        raise TaskError(f"{where}: two classes or more are needed, but every sample is of class {found[0] if len(found) else '(none)'}")
    if y.dtype.kind != "U" and found[-1] != len(found) - 1:
        notes += (f"labels {found[0]} to {found[-1]} are {len(found)} classes, numbered anew from 0",)
    return Targets("classification", codes.reshape(-1).astype(np.int64), Classification(len(found)), tuple(map(str, found)), notes)


def _labels(y: NDArray[Any], where: str) -> Targets:
    if y.ndim != 2 or not np.isin(y, (0, 1)).all():
        raise TaskError(f"{where}: several labels are rows (N, L) of 0 and 1, unlike {y.dtype} {y.shape}")
    return Targets("multi-label", y.astype(np.float32), MultiLabel(y.shape[1]))


def _numbers(y: NDArray[Any], where: str) -> Targets:
    y = y[:, None] if y.ndim == 1 else y
    if y.ndim != 2 or y.shape[1] == 0:
        raise TaskError(f"{where}: numbers to predict are (N,) or (N, K), not {y.shape}")
    return Targets("regression", y.astype(np.float32), Regression(y.shape[1]))


def _pixels(y: NDArray[Any], where: str) -> NDArray[Any]:
    y = y[:, None] if y.ndim == 3 else y
    if y.ndim != 4 or 0 in y.shape[1:]:
        raise TaskError(f"{where}: a target for each pixel is (N, H, W) or (N, C, H, W), not {y.shape}")
    return y


def _mask(y: NDArray[Any], where: str) -> Targets:
    y = _pixels(y, where).astype(np.float32)
    y = np.where(y == OFTEN_IGNORED, np.float32(IGNORED), y)
    bad = np.flatnonzero(~np.isin(y, (0, 1, IGNORED)).reshape(len(y), -1).all(axis=1))
    if len(bad):
        raise TaskError(f"{where}: a mask holds 0, 1 and {IGNORED} or {OFTEN_IGNORED} for ignored, unlike that of sample {bad[0]}")
    notes = ("some pixels are ignored",) if (y == IGNORED).any() else ()
    return Targets("mask", y, Mask(y.shape[1], (y.shape[2], y.shape[3])), notes=notes)


def _dense(y: NDArray[Any], where: str) -> Targets:
    y = _pixels(y, where)
    return Targets("dense", y.astype(np.float32), Dense(y.shape[1], (y.shape[2], y.shape[3])))
