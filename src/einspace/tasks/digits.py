"""Tasks of the 1,797 handwritten digits of 8 x 8 that scikit-learn carries: nothing to download, trained in seconds."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from einspace.features import Feature
from einspace.tasks.entry import Entry
from einspace.tasks.metrics import ACCURACY
from einspace.tasks.options import BASELINES
from einspace.tasks.split import Split, stratified
from einspace.tasks.task import RECIPE, STEPWISE, Task

SIZES = (3_000, 2_000, 2_000)
"""Samples of train, valid and test in the tasks of stacked digits."""

SHARES = (0.6, 0.2, 0.2)
"""Shares of the base digits that go into train, valid and test."""

_BASE = (1_078, 360, 359)
_SEED = 0
_DRAW = 50_000


def _load() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Images (1797, 8, 8) with values 0 to 16, and the digits (1797,)."""
    from sklearn.datasets import load_digits

    data = load_digits()
    return np.asarray(data.images, dtype=np.float32), np.asarray(data.target, dtype=np.int64)


def _read_digits(entry: Entry, folder: Path) -> Task:
    """60%, 20% and 20% of each class in train, valid and test; as images, or row by row as series."""
    x, y = _load()
    parts = stratified(y, SHARES, _SEED)
    return entry.drawn([Split(x[part].reshape(len(part), *entry.input.shape), y[part]) for part in parts])


def _label(name: str, triples: NDArray[np.int64]) -> NDArray[np.int64]:
    """Labels (N,) of digits (N, 3); out of range where AddNIST drops the sample."""
    labels = triples.sum(axis=1) - 1 if name == "adddigits" else triples.prod(axis=1) % 10
    return np.asarray(labels, dtype=np.int64)


def base_triples(
    name: str, classes: int, seed: int | None = None, share: float | None = None
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """The base digits (N, 3) that make each sample of train, valid and test, and its label (N,).

    The base digits are divided first, so no image of a digit is seen in two splits. Every class is equally frequent. A `seed` divides those
    of train and valid anew, and makes these two alone; `share` is then the part of both, of digits and of samples, that is valid.
    """
    _, y = _load()
    made, parts, sizes = [], stratified(y, SHARES, _SEED), list(SIZES)
    if seed is not None:
        pool, of_valid = np.concatenate(parts[:2]), SHARES[1] / sum(SHARES[:2]) if share is None else share
        parts = [pool[rows] for rows in stratified(y[pool], (1 - of_valid, of_valid), seed)]
        valid = SIZES[1] if share is None else round(share * sum(SIZES[:2]))
        sizes = [sum(SIZES[:2]) - valid, valid]
    for number, (part, size) in enumerate(zip(parts, sizes, strict=True)):
        rng = np.random.default_rng((_SEED, number) if seed is None else (_SEED, number, seed))
        chosen: list[list[NDArray[np.int64]]] = [[] for _ in range(classes)]
        quota = size // classes
        while any(sum(map(len, rows)) < quota for rows in chosen):
            triples = part[rng.integers(0, len(part), size=(_DRAW, 3))]
            labels = _label(name, y[triples])
            for label, rows in enumerate(chosen):
                rows.append(triples[labels == label][: quota - sum(map(len, rows))])
        order = rng.permutation(quota * classes)
        triples = np.concatenate([row for rows in chosen for row in rows])[order]
        made.append((triples, _label(name, y[triples])))
    return made


def _read_stacked(entry: Entry, folder: Path) -> Task:
    """Three digits stacked as channels."""
    images, _ = _load()
    splits = [Split(np.ascontiguousarray(images[triples]), labels) for triples, labels in base_triples(entry.name, entry.classes)]
    return replace(entry.task(splits), remade=partial(_remade, entry.name, entry.classes)).normalised()


def _remade(name: str, classes: int, seed: int, share: float | None) -> tuple[Split, Split]:
    """Train and valid of base digits that were divided anew."""
    images, _ = _load()
    train, valid = (Split(np.ascontiguousarray(images[triples]), labels) for triples, labels in base_triples(name, classes, seed, share))
    return train, valid


_SOURCE = "made of what scikit-learn carries"
_IMAGES = "Handwritten digits of scikit-learn (1,797 images of 8 x 8), 10 classes"
_ADD = (
    "Three of scikit-learn's digits stacked as channels, label r + g + b - 1 from 0 to 19. "
    "AddNIST's rule on other and smaller images: it is not AddNIST, and its scores do not compare with the paper's"
)
_MULT = (
    "Three of scikit-learn's digits stacked as channels, label r g b mod 10, classes balanced. "
    "MultNIST's rule on other and smaller images: it is not MultNIST, and its scores do not compare with the paper's"
)


_SEQUENCE = "Handwritten digits of scikit-learn, one pixel after the other: series of 64 steps, 10 classes"

_FEW = STEPWISE.override(epochs_search=20, epochs_final=60)
"""The recipe of digits as series, of which there are fewer than of other series."""


def _entry(
    title: str, shape: tuple[int, ...], classes: int, sizes: tuple[int, int, int], description: str, read: Callable[..., Task]
) -> Entry:
    return Entry(
        name=title.lower(),
        title=title,
        input=Feature(shape),
        target=classes,
        sizes=sizes,
        metric=ACCURACY,
        recipe=RECIPE if len(shape) == 3 else _FEW,
        baselines=BASELINES,
        description=description,
        read=read,
        source=_SOURCE,
    )


DIGITS = (
    _entry("digits", (1, 8, 8), 10, _BASE, _IMAGES, _read_digits),
    _entry("AddDigits", (3, 8, 8), 20, SIZES, _ADD, _read_stacked),
    _entry("MultDigits", (3, 8, 8), 10, SIZES, _MULT, _read_stacked),
    _entry("SeqDigits", (64, 1), 10, _BASE, _SEQUENCE, _read_digits),
)
"""The entries of the tasks of digits."""
