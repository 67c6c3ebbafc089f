"""What is wrong with the data of a task, in words that name the sample."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.networks.heads import IGNORED, IGNORED_YES, Classification, Head, Mask, MultiLabel
from einspace.tasks.split import Split, chunks


def problem_of(split: Split, shape: tuple[int, ...], head: Head, output: tuple[int, ...]) -> str | None:
    """What is wrong with a split, if anything; `shape` is that of a sample, `output` that of a prediction."""
    x, y = split.x, split.y
    labelled = isinstance(head, Classification)
    wanted, words = (np.int64, "labels int64") if labelled else (np.float32, "targets float32")
    if x.dtype != np.float32 or y.dtype != wanted:
        return f"samples must be float32 and {words}, not {x.dtype} and {y.dtype}"
    if labelled and (y.ndim != 1 or len(x) != len(y)):
        return f"one label a sample is needed, but there are samples {x.shape} and labels {y.shape}"
    if not labelled and y.shape != (len(x), *output):
        return f"a target {output} a sample is needed, but there are samples {x.shape} and targets {y.shape}"
    if len(y) == 0:
        return "there are no samples"
    if x.shape[1:] != shape:
        return f"samples are {x.shape[1:]}, but the task's input is {shape}"
    found = not_finite(x)
    if found is not None:
        return f"{found[0]} of {len(x)} samples hold values that are not finite numbers, the first is sample {found[1]}"
    if isinstance(head, Classification):
        outside = np.flatnonzero((y < 0) | (y >= head.classes))
        if len(outside):
            range_of = f"labels run from {y.min()} to {y.max()}, but with {head.classes} classes they must be 0 to {head.classes - 1}"
            return f"{range_of}: sample {outside[0]} has {y[outside[0]]}"
        return None
    found = not_finite(y)
    if found is not None:
        return f"{found[0]} of {len(y)} targets hold values that are not finite numbers, the first is that of sample {found[1]}"
    allowed = (0, 1) if isinstance(head, MultiLabel) else (0, 1, IGNORED, IGNORED_YES) if isinstance(head, Mask) else None
    if allowed is not None and not np.isin(y, allowed).all():
        sample = int(np.flatnonzero(~np.isin(y, allowed).reshape(len(y), -1).all(axis=1))[0])
        bad = y[sample][~np.isin(y[sample], allowed)][0]
        return f"targets must be {', '.join(map(str, allowed))}, but sample {sample} has {bad}"
    return None


def not_finite(x: NDArray[Any]) -> tuple[int, int] | None:
    """How many samples hold a value that is no finite number, and the first of them; None if there is none."""
    count, first, start = 0, 0, 0
    for chunk in chunks(x):
        bad = np.flatnonzero(~np.isfinite(chunk).reshape(len(chunk), -1).all(axis=1))
        if len(bad) and not count:
            first = start + int(bad[0])
        count += len(bad)
        start += len(chunk)
    return (count, first) if count else None


def missing_classes(y: NDArray[Any], labels: Sequence[str], limit: int = 5) -> str | None:
    """Which classes have no sample, by name; None if each has one."""
    missing = np.flatnonzero(np.bincount(y, minlength=len(labels))[: len(labels)] == 0)
    if not len(missing):
        return None
    more = f" and {len(missing) - limit} more" if len(missing) > limit else ""
    return f"no sample of class {', '.join(labels[index] for index in missing[:limit])}{more}"
