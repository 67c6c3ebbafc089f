"""AddNIST and MultNIST (B.2): three digits as the channels of an image, and a label that follows from the three."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.builders.building import Plan, Samples, Sizes, classification
from einspace.builders.mnist import read_digits
from einspace.tasks import TASKS, Entry

Rule = Callable[[NDArray[np.int64]], NDArray[np.int64]]
"""A function from three digits (N, 3) to labels (N,); a sample whose label is not a class is dropped."""

_DRAW = 200_000


def addnist(source: Path, seed: int, sizes: Sizes) -> Plan:
    """AddNIST: r + g + b - 1, kept from 0 to 19."""
    return _stacked(TASKS["addnist"], source, seed, sizes, lambda digits: digits.sum(axis=1) - 1)


def multnist(source: Path, seed: int, sizes: Sizes) -> Plan:
    """MultNIST: r g b mod 10."""
    return _stacked(TASKS["multnist"], source, seed, sizes, lambda digits: digits.prod(axis=1) % 10)


def _stacked(entry: Entry, source: Path, seed: int, sizes: Sizes, rule: Rule) -> Plan:
    """Train and valid are a random split of one pool of MNIST's 60,000 digits, test is of its 10,000; classes are balanced."""
    digits = read_digits(source)
    pool = _draw(digits.train, digits.train_y, sizes.pool, entry.classes, rule, np.random.default_rng((seed, 0)))
    train, valid = pool.split(sizes.train, np.random.default_rng((seed, 1)))
    test = _draw(digits.test, digits.test_y, sizes.test, entry.classes, rule, np.random.default_rng((seed, 2)))
    return classification(entry, (train, valid, test), {"source": digits.facts})


def _draw(images: NDArray[np.uint8], y: NDArray[np.int64], size: int, classes: int, rule: Rule, rng: np.random.Generator) -> Samples:
    """Samples of three images each, as many of every class as of the next, in random order; pixels from 0 to 1."""
    quotas = shares(size, classes)
    chosen: list[list[NDArray[np.int64]]] = [[] for _ in range(classes)]
    while any(sum(map(len, rows)) < quota for rows, quota in zip(chosen, quotas, strict=True)):
        triples = rng.integers(0, len(y), size=(_DRAW, 3))
        labels = rule(y[triples])
        for label, rows in enumerate(chosen):
            rows.append(triples[labels == label][: quotas[label] - sum(map(len, rows))])
    triples = rng.permutation(np.concatenate([row for rows in chosen for row in rows]))

    def make(rows: NDArray[Any]) -> NDArray[np.float32]:
        return np.asarray(images[triples[rows]], dtype=np.float32) / np.float32(255)

    return Samples((3, 28, 28), rule(y[triples]), make)


def shares(size: int, classes: int) -> list[int]:
    """As many samples for each class as for the next, the first ones taking one more where they do not divide.

    >>> shares(8, 3)
    [3, 3, 2]
    """
    return [size // classes + (label < size % classes) for label in range(classes)]
