"""Suspicions: properties of usable samples and targets that may be mistakes."""

from collections.abc import Collection, Mapping, Sequence
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.quantities import counted
from einspace.reading.scanning import Samples

STANDINS = (-99.0, -999.0, -9999.0, -99999.0, 999.0, 9999.0, 99999.0)
"""Numbers that stand for a missing value in many files."""

FEWEST = 25
"""Samples of a split with which the standard error of a mean is a fifth of their standard deviation: 0.1 of an accuracy of one half."""

FLAT, RARE = 1 / 50, 1 / 10
"""The part of the joint deviation that is little for a column to vary over, and the rows of a column that are seldom another number."""


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
                are = "value is" if count == 1 else "values are"
                doubts.append(f"{count} {are} {extreme:g}, far from all others: if it stands for a missing value, take it out")
    return doubts


def unlike(x: NDArray[Any], names: Sequence[str]) -> list[str]:
    """A doubt where columns (N, S, 1) of a table vary over less than `FLAT` of the deviation of all, by which they are normalised.

    Columns that are hardly ever another number than their median, as pixels of a border, are left out.
    """
    columns = x[:, :, 0].astype(np.float64)
    ranges = np.ptp(columns, axis=0)
    often = (columns != np.median(columns, axis=0)).mean(axis=0) >= RARE
    flat = [name for name, small in zip(names, often & (ranges > 0) & (ranges < FLAT * columns.std()), strict=True) if small]
    if not flat:
        return []
    shown = f"{', '.join(flat[:5])}{f' and {len(flat) - 5} more' if len(flat) > 5 else ''}"
    what = f"columns {shown} vary" if len(flat) > 1 else f"column {shown} varies"
    count = len(names)
    together = f"{what} over less than 1/{1 / FLAT:.0f} of the deviation of all columns, which are normalised together as steps"
    return [f"{together}; if they are different quantities, --channels {count}, or channels={count}, normalises each by itself"]


def repeated(x: Mapping[str, Samples]) -> list[str]:
    """A doubt for each split that holds samples of those before it, byte for byte: such samples are scored after they were learnt."""
    seen = {hash(sample.tobytes()) for sample in x["train"][:]}
    doubts = []
    for split, learnt in (("valid", "train"), ("test", "train or valid")):
        mine = [hash(sample.tobytes()) for sample in x[split][:]]
        count = sum(sample in seen for sample in mine)
        if count:
            doubts.append(f"{count} of {len(mine)} samples of {split} are in {learnt} too: their scores are too good")
        seen |= set(mine)
    return doubts


def few(
    sizes: Mapping[str, int], given: Collection[str] = (), remedy: str = "give more samples, or valid and test samples of your own"
) -> list[str]:
    """A doubt where a split that is scored has fewer than `FEWEST` samples; `given` are the splits that were not drawn from train.

    `remedy` says what to do about a split that was drawn.

    >>> few({"train": 90, "valid": 4, "test": 30}, {"test"})[0].split(": ")[0]
    'only 4 samples in valid'
    """
    small = [split for split in ("valid", "test") if 0 < sizes[split] < FEWEST]
    if not small:
        return []
    counts = " and ".join(f"{counted(sizes[split], 'sample')} in {split}" for split in small)
    least = min(sizes[split] for split in small)
    hint = "give more of them" if set(small) <= set(given) else remedy
    error = f"the standard error of a mean over {counted(least, 'sample')} is {1 / sqrt(least):.0%} of their standard deviation"
    return [f"only {counts}: scores there are very uncertain, since {error}; {hint}"]


def of_pixels(y: NDArray[Any], kind: str, sample: tuple[int, ...]) -> list[str]:
    """A doubt where targets have as many numbers as a sample has pixels or steps, or are a table for a series.

    `sample` is the shape of one, (C, H, W) or (S, D).
    """
    if len(sample) == 2 and y.ndim >= 3:
        shape = " x ".join(map(str, y.shape[1:]))
        return [f"targets of {shape} numbers for each series are predicted as fields; there is no kind for a target of each step"]
    if kind not in ("multi-label", "regression") or y.ndim != 2 or y.shape[1] == 1:
        return []
    if len(sample) == 3 and y.shape[1] == sample[1] * sample[2]:
        _, height, width = sample
        return [f"{y.shape[1]} numbers are read as those of a whole image; if they are pixels, y.reshape(-1, {height}, {width})"]
    if len(sample) == 2 and y.shape[1] == sample[0]:
        return [f"{y.shape[1]} numbers are read as those of a whole series, although it has as many steps"]
    return []
