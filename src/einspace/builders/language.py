"""Language (B.2): four words of six letters as an image of ones and zeros; which language are they of?"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.builders.building import Plan, Samples, Sizes, classification
from einspace.builders.stacked import shares
from einspace.builders.words import LANGUAGES, LETTERS, read_words
from einspace.tasks import TASKS

TEST_SHARE = 0.2
"""Of all words, those that only test uses."""

_WORDS = 4
_LENGTH = 6


def language(source: Path, seed: int, sizes: Sizes) -> Plan:
    """Samples (1, 24, 24): x[0, 6 i + j, letter] = 1 for letter j of word i; as many samples of each language as of the next.

    The words are divided first, whatever their languages, so that none is both in test and in train or valid. Words of one sample differ.
    """
    words = read_words(source)
    every = np.array(sorted(set().union(*words.values())))
    order = np.random.default_rng((seed, 0)).permutation(len(every))
    held = set(every[order[: round(TEST_SHARE * len(every))]].tolist())
    pool = _draw([[word for word in words[name] if word not in held] for name in LANGUAGES], sizes.pool, np.random.default_rng((seed, 1)))
    test = _draw([[word for word in words[name] if word in held] for name in LANGUAGES], sizes.test, np.random.default_rng((seed, 2)))
    train, valid = pool.split(sizes.train, np.random.default_rng((seed, 3)))
    counts = {name: len(words[name]) for name in LANGUAGES}
    return classification(TASKS["language"], (train, valid, test), {"source": {"usable_words": counts}})


def encode(words: NDArray[np.int64]) -> NDArray[np.float32]:
    """One-hot of letters: (N, 24) numbers 0 to 23 to (N, 1, 24, 24), rows are places of the text and columns letters."""
    return np.eye(len(LETTERS), dtype=np.float32)[words][:, None]


def _draw(lists: list[list[str]], size: int, rng: np.random.Generator) -> Samples:
    rows, labels = [], []
    for label, (words, quota) in enumerate(zip(lists, shares(size, len(lists)), strict=True)):
        letters = np.array([[LETTERS.index(letter) for letter in word] for word in words], dtype=np.int64)
        rows.append(letters[_distinct(len(words), quota, rng)].reshape(quota, _WORDS * _LENGTH))
        labels.append(np.full(quota, label, dtype=np.int64))
    order = rng.permutation(size)
    texts, y = np.concatenate(rows)[order], np.concatenate(labels)[order]

    def make(chosen: NDArray[Any]) -> NDArray[np.float32]:
        return encode(texts[chosen])

    return Samples((1, _WORDS * _LENGTH, len(LETTERS)), y, make)


def _distinct(count: int, quota: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Numbers (quota, 4) below `count`, those of one row all different."""
    rows = rng.integers(0, count, size=(quota, _WORDS))
    while True:
        ordered = np.sort(rows, axis=1)
        twice = np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))
        if not len(twice):
            return rows
        rows[twice] = rng.integers(0, count, size=(len(twice), _WORDS))
