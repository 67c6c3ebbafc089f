"""Gutenberg (B.2): three consecutive words of 3 to 6 letters as an image of ones and zeros; which author wrote them?"""

import re
import string
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.builders.building import Plan, Samples, Sizes, classification
from einspace.builders.stacked import shares
from einspace.errors import DataError
from einspace.files import read
from einspace.tasks import TASKS

AUTHORS = tuple(label.lower() for label in TASKS["gutenberg"].labels)
"""The authors in the order of the labels, 0 to 5."""

ALPHABET = "abcdefghijklmnopqrstuvwxyz_"
NUMERALS = "ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii xix xx"
STRUCTURE = frozenset(("prologue", "epilogue", "chapter", "scene", "act", *NUMERALS.split()))
"""Words of headings, such as "chapter" and Roman numerals, that are not the author's, as the generator lists them."""

HEAD = 95
"""Lines at the beginning of each text that are left out: the licence of Project Gutenberg and the contents."""

_BLANKS = str.maketrans(string.punctuation, " " * len(string.punctuation))
_PLACES = 6
_WORDS = 3
_SHORTEST = 3


def gutenberg(source: Path, seed: int, sizes: Sizes) -> Plan:
    """Samples (1, 27, 18): a one in the row of the letter (a to z, then _ for a blank) and the column of its place in the phrase.

    `source` is a folder of texts; the author's name is a part of each text's path. Every phrase is used once, none that two authors
    share; as many of each author as of the next.
    """
    texts = _texts(source)
    phrases = unshared([[phrase for text in texts[author] for phrase in phrases_of(text)] for author in AUTHORS])
    parts: list[list[tuple[str, int]]] = [[], [], []]
    quotas = [shares(size, len(AUTHORS)) for size in sizes]
    for label, (author, known) in enumerate(zip(AUTHORS, phrases, strict=True)):
        needed = [quota[label] for quota in quotas]
        if len(known) < sum(needed):
            raise DataError(
                f"{source}: {sum(needed):,} phrases of {author} are needed, but its texts have {len(known):,} "
                f"after their first {HEAD} lines: fewer --samples"
            )
        order = np.random.default_rng((seed, label)).permutation(len(known))
        ends = np.cumsum(needed)
        for part, chunk in zip(parts, np.split(order[: ends[-1]], ends[:-1]), strict=True):
            part += [(known[index], label) for index in chunk]
    train, valid, test = (_samples(part, np.random.default_rng((seed, len(AUTHORS), n))) for n, part in enumerate(parts))
    counts = {author: len(known) for author, known in zip(AUTHORS, phrases, strict=True)}
    return classification(TASKS["gutenberg"], (train, valid, test), {"source": {"phrases": counts}})


def phrases_of(text: str, head: int = HEAD) -> list[str]:
    r"""The phrases of a text, 18 characters each: a window of three words that moves word by word, so most words are in three of them.

    Lines in capitals are headings and go, as do the first `head` lines. Punctuation becomes blanks, any other character than the letters a
    to z is dropped (a letter with a diacritic too), and structure words go. Three words that then follow each other, each of 3 to 6
    letters, are a phrase. This is what the code of the generator does; its description maps diacritics to their base letters instead.

    >>> phrases_of("CHAPTER ONE\nWell, Prince, so Genoa and Lucca are now", head=0)
    ['genoa_and___lucca_', 'and___lucca_are___', 'lucca_are___now___']
    """
    lines = (line.translate(_BLANKS).strip() for line in text.replace("\r\n", "\n").split("\n")[head:])
    kept = " ".join(line for line in lines if not all(letter.isupper() or letter == " " for letter in line))
    words = [word for word in re.sub(r"[^a-z ]", "", kept.lower()).split() if word not in STRUCTURE]
    return [
        "".join(word.ljust(_PLACES, "_") for word in three)
        for three in zip(words, words[1:], words[2:], strict=False)
        if all(_SHORTEST <= len(word) <= _PLACES for word in three)
    ]


def unshared(phrases: list[list[str]]) -> list[list[str]]:
    """Each author's phrases once, sorted, less those of any other author."""
    sets = [set(own) for own in phrases]
    authors = Counter(phrase for own in sets for phrase in own)
    return [sorted(phrase for phrase in own if authors[phrase] == 1) for own in sets]


def encode(phrases: list[str]) -> NDArray[np.float32]:
    """One-hot of letters: N phrases to (N, 1, 27, 18)."""
    numbers = np.array([[ALPHABET.index(letter) for letter in phrase] for phrase in phrases])
    rows = np.eye(len(ALPHABET), dtype=np.float32)[numbers]  # N, place, letter
    return np.asarray(rows.transpose(0, 2, 1)[:, None])


def _texts(source: Path) -> dict[str, list[str]]:
    if not source.is_dir():
        raise DataError(f"{source} is not a folder: Gutenberg is built from a folder of texts, the author's name in each text's path")
    texts: dict[str, list[str]] = {author: [] for author in AUTHORS}
    for path in sorted(source.rglob("*.txt")):
        place = path.relative_to(source).as_posix().lower()
        named = [author for author in AUTHORS if author in place]
        if len(named) == 1:
            texts[named[0]].append(read(path).decode("utf-8-sig", "replace"))
    for author, own in texts.items():
        if not own:
            raise DataError(f"{source} holds no text of {author}: a .txt file with {author} in its path is needed")
    return texts


def _samples(part: list[tuple[str, int]], rng: np.random.Generator) -> Samples:
    order = rng.permutation(len(part))
    y = np.array([part[index][1] for index in order], dtype=np.int64)

    def make(rows: NDArray[Any]) -> NDArray[np.float32]:
        return encode([part[index][0] for index in order[rows]])

    return Samples((1, len(ALPHABET), _WORDS * _PLACES), y, make)
