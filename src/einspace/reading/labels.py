"""Labels: targets that are one of some classes, and the names of those."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.reading.arrays import as_array, check_words

Names = Sequence[str] | NDArray[Any] | Mapping[Any, str]
"""Names of classes: those of 0, 1, ... in order, or by class."""


def named(labels: Names | None, where: str) -> dict[Any, str] | None:
    """The names by class, in the order of the classes; None where nobody gave any. Raises TaskError for what are not names."""
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


def spelt(words: NDArray[Any], where: str) -> tuple[NDArray[Any], str]:
    """Words without spaces around them, and a doubt where two classes differ in nothing but capitals, or look alike.

    Raises TaskError for an empty word, which is a missing label.
    """
    stripped = np.char.strip(words)
    missing = np.flatnonzero(np.isin(np.char.lower(stripped), ("", "nan", "null", "<na>", "#n/a")))
    if len(missing):
        raise TaskError(f"{where}: sample {missing[0]} has no label (its word is {str(words[missing[0]])!r}): leave such samples out")
    found = np.unique(stripped)
    alike: dict[str, list[str]] = {}
    for word in found.tolist():
        alike.setdefault(unicodedata.normalize("NFKC", word).lower(), []).append(word)
    pair = next((pair for pair in alike.values() if len(pair) > 1), None)
    return stripped, f"{' and '.join(pair)} are read as different classes; spell them alike if they are one" if pair else ""
