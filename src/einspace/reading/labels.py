"""Labels: targets that are one of some classes, and the names of those."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.quantities import counted
from einspace.reading.arrays import as_array, check_words
from einspace.reading.columns import is_number

Names = Sequence[str] | NDArray[Any] | Mapping[Any, str]
"""Names of classes: those of 0, 1, ... in order, or by class."""

MISSING = ("", "nan", "null", "<na>", "#n/a")
"""Words, in small letters, that stand for a missing label."""

UNSURE = ("NA", "N/A", "n/a")
"""Words that stand for a missing label, as R writes it, or for a class, as the code of Namibia does."""


def named(labels: Names | None, where: str) -> dict[Any, str] | None:
    """The names by class, in the order of the classes; None where none were given. Raises TaskError for anything but names."""
    if labels is None or not len(labels):
        return None
    if isinstance(labels, str):
        raise TaskError(f"{where}: labels are names of classes, as ('cat', 'dog'), not {labels!r}")
    if isinstance(labels, Mapping):
        names = {key.item() if isinstance(key, np.generic) else key: str(name) for key, name in labels.items()}
        if all(isinstance(key, str) for key in names) and all(isinstance(value, int | np.integer) for value in labels.values()):
            names = {int(number): str(word) for word, number in labels.items()}  # of names to numbers, as `class_to_idx`
        bad = next((key for key in names if isinstance(key, bool) or not isinstance(key, int)), None)
        if bad is not None:
            raise TaskError(f"{where}: names of classes are by number, as {{0: 'cat', 1: 'dog'}}, not by {bad!r}")
        names = dict(sorted(names.items()))
    else:
        names = dict(enumerate(str(name) for name in as_array(list(labels), where).tolist()))
    check_words(names.values(), where)
    twice = [name for name in names.values() if list(names.values()).count(name) > 1]
    if twice:
        raise TaskError(f"{where}: two classes have the name {twice[0]!r}")
    return names


def numbered(y: NDArray[Any], names: dict[Any, str], where: str) -> NDArray[np.int64]:
    """Classes (N, ...) as their places among the names; raises TaskError for one that has no name."""
    keys = np.array(list(names))
    places = np.searchsorted(keys, y)
    wrong = np.flatnonzero(keys[np.minimum(places, len(keys) - 1)] != y)
    if len(wrong):
        counted = list(names) == list(range(len(names)))
        known = f"0 to {len(names) - 1}" if counted else f"one of {', '.join(map(str, list(names)[:8]))}"
        raise TaskError(f"{where}: labels must be {known}, but sample {wrong[0]} has {y.ravel()[wrong[0]]}")
    return places.astype(np.int64)


def missing(labels: Sequence[Any]) -> list[int]:
    """The places of missing labels: None, nan, words of `MISSING`, and those of `UNSURE` where no other label is a word.

    >>> missing(["0", "1", "NA"]), missing(["BW", "NA", None])
    ([2], [2])
    """
    gone, unsure, words = [], [], False
    for place, label in enumerate(labels):
        word = label.strip() if isinstance(label, str) else None
        if label is None or (isinstance(label, float | np.floating) and np.isnan(label)) or (word is not None and word.lower() in MISSING):
            gone.append(place)
        elif word in UNSURE:
            unsure.append(place)
        else:
            words = words or (word is not None and not is_number(word))
    alone = len(gone) + len(unsure) == len(labels)
    return gone if words or alone else sorted([*gone, *unsure])


def spelt(words: NDArray[Any], where: str) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Words without spaces around them, and doubts: two classes that differ in nothing but capitals, or look alike, and one of `UNSURE`.

    Raises TaskError for a missing label.
    """
    stripped = np.char.strip(words)
    found = np.unique(stripped)
    gone = np.flatnonzero(np.isin(stripped, found[missing(found.tolist())]))
    if len(gone):
        raise TaskError(f"{where}: sample {gone[0]} has no label (its word is {str(words[gone[0]])!r}): leave such samples out")
    alike: dict[str, list[str]] = {}
    for word in found.tolist():
        alike.setdefault(unicodedata.normalize("NFKC", word).lower(), []).append(word)
    pair = next((pair for pair in alike.values() if len(pair) > 1), None)
    doubts = [f"{' and '.join(pair)} are read as different classes; spell them alike if they are one"] if pair else []
    for word in np.intersect1d(found, UNSURE).tolist():
        samples = counted(int((stripped == word).sum()), "sample")
        doubts.append(f"{word}, the label of {samples}, is read as a class; if it stands for a missing label, leave such samples out")
    return stripped, tuple(doubts)
