"""Language (B.2): four words of six letters as an image of ones and zeros; which language are they of?"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.builders.building import Plan, Samples, Sizes, classification
from einspace.builders.stacked import shares
from einspace.builders.words import LANGUAGES, LETTERS, read_words
from einspace.errors import DataError
from einspace.tasks import TASKS

TEST_SHARE = 0.2
"""The share of all words that only test uses."""

_WORDS = 4
_LENGTH = 6


def language(source: Path, seed: int, sizes: Sizes) -> Plan:
    """Samples (1, 24, 24): x[0, 6 i + j, letter] = 1 for letter j of word i; as many samples of each language as of the next.

    All words are divided first, 80% and 20%, whatever their languages, so that none is both in test and in train or valid. The four
    words of a sample are drawn independently, as the generator does; no sample is there twice in the pool or in test. Raises DataError for
    a language with too few words for the samples that are asked for.
    """
    words = read_words(source)
    every = np.array(sorted(set().union(*words.values())))
    order = np.random.default_rng((seed, 0)).permutation(len(every))
    held = set(every[order[: round(TEST_SHARE * len(every))]].tolist())
    pool = _draw([[word for word in words[name] if word not in held] for name in LANGUAGES], sizes.pool, np.random.default_rng((seed, 1)))
    test = _draw([[word for word in words[name] if word in held] for name in LANGUAGES], sizes.test, np.random.default_rng((seed, 2)))
    train, valid = pool.split(sizes.train, np.random.default_rng((seed, 3)))
    counts = {name: len(words[name]) for name in LANGUAGES}
    facts = {"source": {"usable_words": counts, "words_of_test": len(held), "words_of_train_and_valid": len(every) - len(held)}}
    return classification(TASKS["language"], (train, valid, test), facts)


def encode(words: NDArray[np.int64]) -> NDArray[np.float32]:
    """One-hot of letters: (N, 24) numbers 0 to 23 to (N, 1, 24, 24), rows are places of the text and columns letters."""
    return np.eye(len(LETTERS), dtype=np.float32)[words][:, None]


def _draw(lists: list[list[str]], size: int, rng: np.random.Generator) -> Samples:
    rows, labels = [], []
    for label, (name, words, quota) in enumerate(zip(LANGUAGES, lists, shares(size, len(lists)), strict=True)):
        letters = np.array([[LETTERS.index(letter) for letter in word] for word in words], dtype=np.int64)
        rows.append(letters[_fours(len(words), quota, name, rng)].reshape(quota, _WORDS * _LENGTH))
        labels.append(np.full(quota, label, dtype=np.int64))
    order = rng.permutation(size)
    texts, y = np.concatenate(rows)[order], np.concatenate(labels)[order]

    def make(chosen: NDArray[Any]) -> NDArray[np.float32]:
        return encode(texts[chosen])

    return Samples((1, _WORDS * _LENGTH, len(LETTERS)), y, make)


def _fours(count: int, quota: int, name: str, rng: np.random.Generator) -> NDArray[np.int64]:
    """Numbers (quota, 4) below `count`, no two rows alike, in random order."""
    if 2 * quota > count**_WORDS:
        raise DataError(f"{quota:,} samples of {name} are needed, but {count:,} words make too few different ones: fewer --samples")
    rows = np.empty((0, _WORDS), np.int64)
    while len(rows) < quota:
        rows = np.unique(np.concatenate([rows, rng.integers(0, count, size=(quota, _WORDS))]), axis=0)
    return rng.permutation(rows)[:quota]
