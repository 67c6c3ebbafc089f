"""Cosmic (B.2) from the official folders: which pixels of an image of the Hubble telescope did a cosmic ray hit?

Below `npy_train` and `npy_test` lies a folder for each filter, in it one for each proposal, in it one for each visit, and in that an array
(3, H, W) for each image: the image, the mask of rays, and the pixels to ignore. `sky.npy` beside them is the brightness of the sky.
"""

from collections import Counter
from pathlib import Path

import numpy as np

from einspace.errors import TaskError
from einspace.files import read_npy
from einspace.networks.heads import IGNORED, IGNORED_YES
from einspace.tasks.entry import Entry
from einspace.tasks.split import Split
from einspace.tasks.task import Task

CROP = 128
"""Pixels of a side that are kept, from the middle."""

FILTER = "f435w"
"""The filter of the task."""

FOLDERS = (f"npy_train/{FILTER}", f"npy_test/{FILTER}")
"""The official folders of train and valid, and of test."""

SKY = "sky.npy"

GALAXIES = frozenset((
    "9490_a2", "9490_a3", "10182_pb", "10182_pd", "10190_13", "10190_28", "10260_5", "10260_7", "10342_3",
    "10407_3", "10584_13", "10760_2", "10760_4", "12058_1", "12058_6", "12058_12", "12058_16", "12513_2",
    "12513_3", "13057_1", "13364_95", "13691_11", "13737_2", "13737_3", "13804_6", "14343_1", "14704_1",
))  # fmt: skip
"""Proposal and visit of the fields of the type GAL, galaxies, which alone are in the task."""


def read_cosmic(entry: Entry, folder: Path) -> Task:
    """Cosmic: images (1, 128, 128) and the mask of rays, where ignored pixels are `IGNORED` or `IGNORED_YES`.

    The last 483 of train, by path, are for validation. Images are normalised as measured on train. Raises TaskError that says how many
    images there are, and how many were left out as another field, where they are not as many as the task has.
    """
    train, valid, test = entry.sizes
    pool, held = _sky(folder / FOLDERS[0], train + valid, entry), _sky(folder / FOLDERS[1], test, entry)
    splits = [Split(pool.x[:train], pool.y[:train]), Split(pool.x[train:], pool.y[train:]), held]
    return entry.task(splits, folder).normalised()


def _sky(folder: Path, count: int, entry: Entry) -> Split:
    """All images of the fields of galaxies below the folder of a filter."""
    every = sorted(path for path in folder.glob("*/*/*.npy") if path.name != SKY)
    paths = [path for path in every if _visit(path) in GALAXIES]
    if len(paths) != count:
        others = Counter(_visit(path) for path in every if _visit(path) not in GALAXIES)
        left_out = f"; {sum(others.values()):,} of {len(others)} visits to other fields are left out" if others else ""
        raise TaskError(
            f"{folder}: {count:,} images of {entry.title} are needed, in PROPOSAL/VISIT/*.npy of the field type GAL, "
            f"but there are {len(paths):,}{left_out}"
        )
    x, y = (np.empty((count, 1, CROP, CROP), np.float32) for _ in range(2))
    for number, path in enumerate(paths):
        array = read_npy(path)
        if array.dtype.kind not in "buif" or array.ndim != 3 or len(array) not in (2, 3) or min(array.shape[1:]) < CROP:
            raise TaskError(
                f"{path}: must be numbers (3, H, W), image, mask and ignored, or (2, H, W), of at least {CROP} x {CROP} pixels, "
                f"not {array.dtype} {array.shape}"
            )
        top, left = ((size - CROP) // 2 for size in array.shape[1:])
        image, mask, *ignored = crop = array[:, top : top + CROP, left : left + CROP]
        if not np.isfinite(crop).all():
            raise TaskError(f"{path}: holds values that are not finite numbers")
        x[number, 0], y[number, 0] = image, mask > 0
        if ignored:
            y[number, 0][ignored[0] > 0] = np.where(mask[ignored[0] > 0] > 0, IGNORED_YES, IGNORED)
    return Split(x, y)


def _visit(path: Path) -> str:
    """Proposal and visit of an image."""
    return f"{path.parts[-3]}_{path.parts[-2]}"
