"""Targets: the kind of the targets `y` in people's data, and the head that follows from it."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.errors import TaskError, UnknownNameError
from einspace.networks.heads import Classification, Dense, Head, Mask, MultiLabel, Regression, Segmentation
from einspace.reading import pixels
from einspace.reading.arrays import as_words
from einspace.reading.labels import Names, named, numbered, spelt
from einspace.reading.scanning import not_finite
from einspace.reading.source import Targets

KINDS: dict[str, type[Head]] = {
    "classification": Classification,
    "multi-label": MultiLabel,
    "regression": Regression,
    "mask": Mask,
    "segmentation": Segmentation,
    "dense": Dense,
}
"""Every kind of task, with the head that predicts its targets."""

OF_PIXELS = ("mask", "segmentation", "dense")
"""The kinds of task with a target for each pixel."""

FEW = 20
"""Different whole numbers, in floating point, that are still taken for classes."""


def kind_of(head: Head) -> str:
    """The kind of task whose targets a head predicts; its class for a head of the user's own."""
    return next((name for name, known in KINDS.items() if isinstance(head, known)), type(head).__name__)


def recognise(y: NDArray[Any], kind: str | None = None, labels: Names | None = None, where: str = "y") -> Targets:
    """Read targets (N, ...); `kind` says what they are, None leaves it to their shape and values. `where` names them in errors.

    Words, whole numbers and one-hot rows are classes; rows of 0 and 1 are labels; other numbers (N,) or (N, K) are to be predicted as
    they are; for (N, H, W) and (N, C, H, W), a target for each pixel, see `pixels`. `labels` are the names of the classes, by number;
    without them the classes are what occurs, in order. Numbers to be predicted keep the type that they have. Raises TaskError for
    targets that are nothing of the kind, UnknownNameError for an unknown kind.
    """
    if kind is not None and kind not in KINDS:
        raise UnknownNameError("kind of task", kind, KINDS)
    y = _plain(y, where)
    guessed = kind or _guess(y)
    if y.dtype.kind == "U" and guessed != "classification":
        raise TaskError(f"{where}: targets of the kind {guessed} must be numbers, not words")
    names = named(labels, where)
    if guessed == "classification":
        read = _classes(y, where, names, kind)
    elif guessed == "multi-label":
        read = _labels(y, where, names)
    elif guessed == "regression":
        read = _numbers(y, where)
    else:
        read = pixels.recognise(y, kind, names, where)
    if names is not None and read.kind in ("regression", "dense"):
        raise TaskError(f"{where}: labels are names of classes, but targets of the kind {read.kind} have none")
    said = "as you said" if kind else f"recognised from the targets, {_a_sample(y)} for each sample"
    return replace(read, notes=(f"{read.kind}: {said}", *read.notes))


def _a_sample(y: NDArray[Any]) -> str:
    """The targets of one sample, in words.

    >>> _a_sample(np.array(["cat", "dog"])), _a_sample(np.zeros((2, 3), np.int64)), _a_sample(np.zeros((2, 8, 8), np.uint8))
    ('one word', '3 int64 numbers', '8 x 8 uint8 numbers')
    """
    what = "word" if y.dtype.kind == "U" else f"{y.dtype} value" if y.dtype.kind == "b" else f"{y.dtype} number"
    return f"one {what}" if y[:1].size == 1 else f"{' x '.join(map(str, y.shape[1:]))} {what}s"


def _plain(y: NDArray[Any], where: str) -> NDArray[Any]:
    """Targets as numbers or words, finite; raises TaskError for anything else."""
    if y.dtype.kind == "O":
        kinds = {type(value) for value in y.ravel().tolist()}
        common = (str,) if str in kinds else (int, float)
        bad = next((number for number, value in enumerate(y.ravel().tolist()) if not isinstance(value, common)), 0)
        raise TaskError(f"{where}: targets must be numbers or words, but one of {y.dtype} {y.shape} is {y.ravel()[bad]!r}: number {bad}")
    y = as_words(y)
    if y.dtype.kind not in "biufU":
        raise TaskError(f"{where}: targets must be numbers or words, not {y.dtype}")
    found = not_finite(y)
    if found is not None:
        raise TaskError(
            f"{where}: {found[0]} of {len(y)} targets are not finite numbers in float32, the first is that of sample {found[1]}"
        )
    return y


def _guess(y: NDArray[Any]) -> str:
    """The kind that shape and values speak for; `mask` stands for all kinds of pixels."""
    if y.ndim >= 3:
        return "mask"
    if y.ndim == 2 and y.shape[1] > 1:
        if not np.isin(y, (0, 1)).all():
            return "regression"
        return "classification" if (y.sum(axis=1) == 1).all() else "multi-label"
    if y.dtype.kind == "f" and (not _whole(y) or (len(np.unique(y)) > FEW and _many(y))):
        return "regression"
    return "classification"


def _whole(y: NDArray[Any]) -> bool:
    return y.dtype.kind in "biu" or bool((y == np.round(y)).all())


def _many(y: NDArray[Any]) -> bool:
    """True if numbers are more classes than there can be with two samples of each."""
    return len(np.unique(y)) > max(2, len(y) // 2)


def _classes(y: NDArray[Any], where: str, names: dict[Any, str] | None, kind: str | None) -> Targets:
    notes: tuple[str, ...] = ()
    if y.ndim == 2 and y.shape[1] > 1:
        if y.dtype.kind == "U" or not np.isin(y, (0, 1)).all() or not (y.sum(axis=1) == 1).all():
            raise TaskError(f"{where}: classes are labels (N,) or rows with a single 1, not {y.shape}")
        names = names or {number: str(number) for number in range(y.shape[1])}
        y, notes = y.argmax(axis=1), ("each row of the targets has a single 1: read as classes; for labels say kind multi-label",)
    elif y.ndim == 2:
        y = y[:, 0]
    if y.ndim != 1:
        raise TaskError(f"{where}: classes are labels (N,) or rows with a single 1, not {y.shape}")
    if y.dtype.kind == "f" and not _whole(y):
        bad = int(np.flatnonzero(y != np.round(y))[0])
        raise TaskError(
            f"{where}: labels must be whole numbers or words, but sample {bad} has {y[bad]}; kind='regression' predicts numbers"
        )
    if y.dtype.kind == "f" and (far := np.flatnonzero(np.abs(y) >= 2 / np.finfo(y.dtype).eps)).size:
        said = f"sample {far[0]} has the label {y[far[0]]:.0f}, which {y.dtype} cannot tell from its neighbours"
        raise TaskError(f"{where}: {said}: number the classes from 0, or write them as words")
    if names is not None:
        return _of_names(y, names, where, notes)
    if kind is None and _many(y):
        what = "words" if y.dtype.kind == "U" else "kind='regression' predicts numbers"
        hint = "is it the label's column?" if what == "words" else what
        raise TaskError(f"{where}: {len(np.unique(y))} different labels among {len(y)} samples are too many for classes; {hint}")
    words, doubts = spelt(y, where) if y.dtype.kind == "U" else (y.astype(np.int64) if y.dtype.kind in "bf" else y, ())
    found, codes = np.unique(words, return_inverse=True)
    if len(found) < 2:
        raise TaskError(f"{where}: two classes or more are needed, but every sample is of class {found[0] if len(found) else '(none)'}")
    if y.dtype.kind != "U" and found[-1] != len(found) - 1:
        notes += (f"labels {found[0]} to {found[-1]} are {len(found)} classes, numbered anew from 0",)
    counted = y.dtype.kind == "U" or bool(found[0] == 0 and found[-1] == len(found) - 1 and y.dtype.kind != "f")
    if kind is None and len(found) > 2 and not counted:
        doubts += (f"{len(found)} different whole numbers are read as classes without an order; if they are amounts, say kind regression",)
    names = dict(zip(range(len(found)), map(str, found), strict=True))
    codes = codes.reshape(-1).astype(np.int64)
    values = tuple((found.astype(bool) if y.dtype.kind == "b" else found).tolist())
    return Targets("classification", codes, Classification(len(names)), tuple(names.values()), notes, doubts, values)


def _of_names(y: NDArray[Any], names: dict[Any, str], where: str, notes: tuple[str, ...]) -> Targets:
    """Classes whose names are given: numbers of them, or the names themselves."""
    if y.dtype.kind == "U":
        known = list(names.values())
        words, _ = spelt(y, where)
        wrong = np.flatnonzero(~np.isin(words, known))
        if len(wrong):
            raise TaskError(f"{where}: sample {wrong[0]} has the label {str(words[wrong[0]])!r}, which is none of {', '.join(known[:8])}")
        codes = np.array([known.index(word) for word in words.tolist()], np.int64)
    else:
        codes = numbered(y, names, where)
    values = tuple(names if y.dtype.kind != "U" else names.values())
    return Targets("classification", codes, Classification(len(names)), tuple(names.values()), notes, values=values)


def _labels(y: NDArray[Any], where: str, names: dict[Any, str] | None) -> Targets:
    if y.ndim != 2 or not np.isin(y, (0, 1)).all():
        raise TaskError(f"{where}: several labels are rows (N, L) of 0 and 1, unlike {y.dtype} {y.shape}")
    if names is not None and len(names) != y.shape[1]:
        raise TaskError(f"{where}: there are {y.shape[1]} labels, but {len(names)} names for them")
    return Targets("multi-label", y.astype(np.float32), MultiLabel(y.shape[1]), tuple((names or {}).values()))


def _numbers(y: NDArray[Any], where: str) -> Targets:
    y = y[:, None] if y.ndim == 1 else y
    if y.ndim != 2 or y.shape[1] == 0:
        raise TaskError(f"{where}: numbers to predict are (N,) or (N, K), not {y.shape}")
    chances = y.shape[1] > 1 and bool((y >= 0).all()) and bool(np.allclose(y.sum(axis=1), 1, atol=1e-3))
    if y.shape[1] > 1 and not chances and y.dtype.kind in "iu" and len(np.unique(y)) <= FEW:
        read = f"few different whole numbers, {y.shape[1]} for each sample, are read as amounts"
        few = f"{read}; there is no kind for {y.shape[1]} classes a sample"
        return Targets("regression", y, Regression(y.shape[1]), doubts=(few,))
    doubts = ("rows that add up to 1 are read as numbers; if they are chances of classes, y.argmax(axis=1) makes classes of them",)
    return Targets("regression", y, Regression(y.shape[1]), doubts=doubts if chances else ())
