"""Suspicions: properties of usable samples and targets that may be mistakes."""

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


def of_pixels(y: NDArray[Any], kind: str, sample: tuple[int, ...]) -> list[str]:
    """A doubt where targets have as many numbers as a sample has pixels or steps, or are a table for a series.

    `sample` is the shape of one, (C, H, W) or (S, D).
    """
    if len(sample) == 2 and y.ndim >= 3:
        shape = ", ".join(map(str, ("N", *y.shape[1:])))
        return [f"targets ({shape}) of series are predicted as fields of numbers; there is no kind for a target of each step"]
    if kind not in ("multi-label", "regression") or y.ndim != 2 or y.shape[1] == 1:
        return []
    if len(sample) == 3 and y.shape[1] == sample[1] * sample[2]:
        _, height, width = sample
        return [f"{y.shape[1]} numbers are read as those of a whole image; if they are pixels, y.reshape(-1, {height}, {width})"]
    if len(sample) == 2 and y.shape[1] == sample[0]:
        return [f"{y.shape[1]} numbers are read as those of a whole series, although it has as many steps"]
    return []
