"""Darcy Flow (B.2) from the official files: coefficients of a medium to the pressure in it, normalised as NAS-Bench-360 does."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.files import read_mat
from einspace.tasks.checks import not_finite
from einspace.tasks.entry import Entry
from einspace.tasks.preprocessing import Preprocessing
from einspace.tasks.split import Normaliser, Split
from einspace.tasks.task import Task

SIDE = 85
"""Points of a side of the fields that are kept: every fifth of 421."""

EPSILON = 1e-5
"""The number that the benchmark's normaliser adds to each deviation, in the units of the field.

A pixel of the border, where every pressure is 0 up to rounding, is restored as 1e-5 times the prediction, which weighs nothing beside the
interior, whose pressures reach 0.014.
"""

FIELDS = ("coeff", "sol")
"""Arrays of a file: the coefficients of the medium and the pressure."""


def read_darcy(entry: Entry, folder: Path) -> Task:
    """Darcy Flow: coefficients to pressures, each normalised per pixel as measured on train; scores and the loss are in pressure's units.

    The first file is train and valid, the second test. Files that were built anew say their numbers of samples in the metadata.
    """
    built = entry.is_built(folder)
    samples = entry.metadata(folder).get("samples", {}) if built else {}
    sizes = [int(samples.get(split, size)) for split, size in zip(("train", "valid", "test"), entry.sizes, strict=True)]
    pool = _fields(_mat(folder, 1, built), sizes[0] + sizes[1])
    test = _fields(_mat(folder, 2, built), sizes[2])
    train = [array[: sizes[0]] for array in pool]
    medium, pressure = unit_gaussian(train[0], constant=1.0), unit_gaussian(train[1])
    parts = [train, [array[sizes[0] :] for array in pool], test]
    splits = [Split(medium.normalised(x), pressure.normalised(y)) for x, y in parts]
    notes = ("fields normalised per pixel as measured on train; the loss and the scores are in the pressure's own units",)
    preprocessing = Preprocessing(target_normaliser=pressure).measured(train[0], (0, 2, 3), medium)
    return entry.task(splits, folder, preprocessing, built, notes)


def unit_gaussian(fields: NDArray[np.float32], constant: float = 0.0) -> Normaliser:
    """Mean and deviation of each pixel of fields (N, 1, h, w), the deviation of a sample of N, with `EPSILON` added to it.

    `constant` replaces the deviation of a pixel that is the same in every field: the medium of a pixel that train knows only as dense must
    not become 900,000 where it is thin in test. No pixel of the 900 official fields is.
    """
    deviation = fields.std(axis=0, dtype=np.float64, ddof=min(1, len(fields) - 1), keepdims=True)
    deviation = np.where(deviation == 0, constant, deviation) + EPSILON
    return Normaliser(fields.mean(axis=0, dtype=np.float64, keepdims=True).astype(np.float32), deviation.astype(np.float32))


def _mat(folder: Path, number: int, built: bool) -> Path:
    """The official file of 421 points; of fields that were built anew, those of any number of points."""
    official = folder / f"piececonst_r421_N1024_smooth{number}.mat"
    if official.exists() or not built:
        return official
    return next(iter(sorted(folder.glob(f"piececonst_r*_N1024_smooth{number}.mat"))), official)


def _fields(path: Path, count: int) -> list[NDArray[np.float32]]:
    """Coefficients and pressures, float32 (count, 1, 85, 85)."""
    whole = read_mat(path, FIELDS)
    fields = []
    for name in FIELDS:
        array = whole[name]
        if array.dtype.kind not in "buif" or array.ndim != 3 or array.shape[1] != array.shape[2]:
            raise TaskError(f"{path}: must hold {name}, numbers (N, points, points), not {array.dtype} {array.shape}")
        points = array.shape[1]
        if len(array) < count or points < SIDE or (points - 1) % (SIDE - 1):
            raise TaskError(f"{path}: {name} must be {count} fields or more of 84 k + 1 points a side, as 421, not {array.shape}")
        stride = (points - 1) // (SIDE - 1)
        field = np.ascontiguousarray(array[:count, None, ::stride, ::stride], dtype=np.float32)
        found = not_finite(field)
        if found is not None:
            raise TaskError(f"{path}: {name} holds values that are not finite numbers, the first in field {found[1]}")
        fields.append(field)
    return fields
