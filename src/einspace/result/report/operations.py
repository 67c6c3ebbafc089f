"""Operations: the frequency of each function in good architectures, and in all architectures of a run (figure 7)."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from einspace.operations import OPERATIONS
from einspace.result.result import Result

FEWEST = 8
"""Architectures with a score, below which a best quarter says nothing."""


@dataclass(frozen=True)
class Shares:
    """A function's mean share of an architecture's operations, 0 to 1, a repeated branch counted once."""

    name: str
    good: float
    """The share in the best quarter of the architectures."""
    all: float


def shares(result: Result) -> list[Shares]:
    """Every function that occurs, the most frequent first; nothing where too few have a score, or in another grammar than the paper's."""
    ranked = result.top(len(result.history) or 1)
    counted = [functions(trial.text) for trial in ranked]
    names = {name for found in counted for name in found}
    if len(counted) < FEWEST or not names <= set(OPERATIONS):
        return []
    good = counted[: ceil(len(counted) / 4)]
    every = [Shares(name, _mean(good, name), _mean(counted, name)) for name in names]
    return sorted(every, key=lambda share: (-share.all, share.name))


def functions(text: str) -> Mapping[str, float]:
    """The share of each function in an architecture's text, whose words are the terminals of its derivation.

    >>> functions("[clone(b=2) {[linear(d=64) relu] identity} add]")["relu"]
    0.2
    """
    counts = Counter(re.findall(r"(?:^|[\s{}\[\]])([^\s{}\[\]()]+)", text))
    return {name: count / counts.total() for name, count in counts.items()}


def _mean(found: Sequence[Mapping[str, float]], name: str) -> float:
    return sum(shares.get(name, 0.0) for shares in found) / len(found)
