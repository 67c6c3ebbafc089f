"""Suspicions: what samples and targets hold that may not be meant, although they can be used."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.reading.scanning import Samples

STANDINS = (-99.0, -999.0, -9999.0, -99999.0, 999.0, 9999.0, 99999.0)
"""Numbers that stand for a missing value in many files."""


def stand_ins(x: NDArray[Any]) -> list[str]:
    """A doubt where the largest or the smallest number is one of `STANDINS`, far from all others."""
    if x.dtype.kind not in "iuf" or not x.size:
        return []
    doubts = []
    for extreme in {float(x.min()), float(x.max())}:
        if extreme in STANDINS:
            others = x[x != extreme]
            if others.size and np.abs(others).max() * 5 < abs(extreme):
                count = int(x.size - others.size)
                doubts.append(f"{count} values are {extreme:g}, far from all others: if it stands for a missing value, take it out")
    return doubts


def repeated(x: Mapping[str, Samples]) -> list[str]:
    """A doubt for each split that holds samples of those before it, byte for byte: what is scored there was learnt."""
    seen = {hash(sample.tobytes()) for sample in x["train"][:]}
    doubts = []
    for split, learnt in (("valid", "train"), ("test", "train or valid")):
        mine = [hash(sample.tobytes()) for sample in x[split][:]]
        count = sum(sample in seen for sample in mine)
        if count:
            doubts.append(f"{count} of {len(mine)} samples of {split} are in {learnt} too: their scores are too good")
        seen |= set(mine)
    return doubts
