"""Five tasks of NAS-Bench-360 (B.2, C.1), from the official files."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.features import Feature
from einspace.files import by_name, numbers, read_npy, read_pickle
from einspace.networks.heads import Mask, RelativeDense
from einspace.tasks.augmentation import Augmentation
from einspace.tasks.darcyflow import SIDE, read_darcy
from einspace.tasks.entry import Entry, as_labels, as_samples
from einspace.tasks.metrics import AUROC_ERROR, ERROR, RELATIVE_L2
from einspace.tasks.published import PUBLISHED
from einspace.tasks.recipe import Recipe
from einspace.tasks.split import Split
from einspace.tasks.task import Task
from einspace.tasks.unseen import ARRAYS, built, read_splits

RECIPE = Recipe(epochs_search=25, epochs_final=200, batch_size=128, learning_rate=0.1, weight_decay=5e-4)
DARCY_RECIPE = RECIPE.override(batch_size=4, learning_rate=0.001)
COSMIC_RECIPE = RECIPE.override(batch_size=8, learning_rate=0.001)
"""Table 4."""

CROP = 128
"""Pixels of a side of Cosmic's images that are kept, from the middle."""


def _held_out(x: NDArray[Any], y: NDArray[Any], valid: int) -> list[Split]:
    """Train and valid: the first and the last samples of one pool."""
    return [Split(x[:-valid], y[:-valid]), Split(x[-valid:], y[-valid:])]


def _labels_of(batch: Any, images: str, labels: str, shape: tuple[int, ...], classes: int, where: str) -> Split:
    """Images and labels out of a pickled mapping, its keys words or bytes; pixels from 0 to 1."""
    named = by_name(batch)
    if images not in named or labels not in named:
        raise TaskError(f"{where}: must hold {images} and {labels}, not {', '.join(map(str, named)) or type(batch).__name__}")
    x = numbers(named[images], f"{where}, {images}")
    if x.ndim == 2 and x.shape[1] == np.prod(shape):
        x = x.reshape(-1, *shape)
    x = as_samples(x, shape, f"{where}, {images}")
    return Split(x / np.float32(255), as_labels(numbers(named[labels], f"{where}, {labels}"), len(x), classes, f"{where}, {labels}"))


def read_cifar100(entry: Entry, folder: Path) -> Task:
    """CIFAR100: the first 40,000 of train for training, the last 10,000 for validation; normalised per channel."""
    train, test = (
        _labels_of(read_pickle(folder / name), "data", "fine_labels", (3, 32, 32), 100, str(folder / name)) for name in entry.files
    )
    return entry.task([*_held_out(train.x, train.y, entry.sizes[1]), test], folder).normalised()


def read_spherical(entry: Entry, folder: Path) -> Task:
    """Spherical: one pickle of train and test, divided as CIFAR100; pixels from 0 to 1 and no other processing."""
    path = folder / entry.files[0]
    if not path.exists():
        return _spherical_arrays(entry, folder)
    whole = read_pickle(path)
    if not isinstance(whole, dict) or not {"train", "test"} <= set(whole):
        raise TaskError(f"{path}: must hold train and test")
    train, test = (_labels_of(whole[name], "images", "labels", (3, 60, 60), 100, f"{path}, {name}") for name in ("train", "test"))
    return entry.task([*_held_out(train.x, train.y, entry.sizes[1]), test], folder)


def _spherical_arrays(entry: Entry, folder: Path) -> Task:
    """Spherical that was built anew, in the six arrays of Unseen NAS."""
    splits = [Split(split.x / np.float32(255), split.y) for split in read_splits(entry, folder)]
    return entry.task(splits, folder, built=built(entry, folder))


def read_ninapro(entry: Entry, folder: Path) -> Task:
    """NinaPro: files (N, 52, 16), 52 steps of 16 channels, transposed to (1, 16, 52)."""
    splits = []
    for split in ("train", "val", "test"):
        x = as_samples(read_npy(folder / f"ninapro_{split}.npy"), entry.stored, str(folder / f"ninapro_{split}.npy"))
        y = as_labels(read_npy(folder / f"label_{split}.npy"), len(x), 18, str(folder / f"label_{split}.npy"))
        splits.append(Split(np.ascontiguousarray(x.transpose(0, 2, 1)[:, None]), y))
    return entry.task(splits, folder)


def read_cosmic(entry: Entry, folder: Path) -> Task:
    """Cosmic: arrays (3, H, W) of image, mask and ignored pixels, in folders `train` and `test`; the middle 128 x 128 of each.

    The last 483 of train, by name, are for validation. Images are normalised as measured on train.
    """
    train, test = (_sky(folder / name) for name in ("train", "test"))
    return entry.task([*_held_out(train.x, train.y, entry.sizes[1]), test], folder).normalised()


def _sky(folder: Path) -> Split:
    paths = sorted(folder.rglob("*.npy"))
    if not paths:
        raise TaskError(f"{folder}: there are no .npy files")
    x, y = np.empty((len(paths), 1, CROP, CROP), np.float32), np.empty((len(paths), 1, CROP, CROP), np.float32)
    for number, path in enumerate(paths):
        array = read_npy(path)
        if array.dtype.kind not in "buif" or array.ndim != 3 or len(array) != 3 or min(array.shape[1:]) < CROP:
            raise TaskError(f"{path}: must be numbers (3, H, W) of at least {CROP} x {CROP}, not {array.dtype} {array.shape}")
        top, left = ((size - CROP) // 2 for size in array.shape[1:])
        image, mask, ignored = array[:, top : top + CROP, left : left + CROP]
        if not np.isfinite(image).all():
            raise TaskError(f"{path}: the image holds values that are not finite numbers")
        x[number, 0], y[number, 0] = image, np.where(ignored > 0, -1, mask > 0)
    return Split(x, y)


_SOURCE = "published with NAS-Bench-360, and expected in the folder"
_CIFAR = "its version for Python is published by its authors at the University of Toronto: unpack it into the folder cifar100"
_NINAPRO = tuple(f"{kind}_{split}.npy" for split in ("train", "val", "test") for kind in ("ninapro", "label"))
_WRN = ("wrn16-4",)

NASBENCH360 = (
    Entry(
        "cifar100",
        "CIFAR100",
        Feature((3, 32, 32)),
        100,
        (40_000, 10_000, 10_000),
        ERROR,
        RECIPE,
        _WRN,
        "Photographs of 100 kinds of things.",
        read_cifar100,
        ("cifar-100-python/train", "cifar-100-python/test"),
        source=_CIFAR,
        published=PUBLISHED["cifar100"],
        augmentation=Augmentation(crop=4, flip=True),
    ),
    Entry(
        "spherical",
        "Spherical",
        Feature((3, 60, 60)),
        100,
        (40_000, 10_000, 10_000),
        ERROR,
        RECIPE,
        _WRN,
        "CIFAR100 projected onto a sphere that was turned at random.",
        read_spherical,
        ("s2_cifar100.gz",),
        ARRAYS,
        source=f"s2_cifar100.gz is {_SOURCE} spherical",
        published=PUBLISHED["spherical"],
    ),
    Entry(
        "ninapro",
        "NinaPro",
        Feature((1, 16, 52)),
        18,
        (2_638, 659, 659),
        ERROR,
        RECIPE,
        _WRN,
        "Signals of the muscles of an arm; the gesture of its hand.",
        read_ninapro,
        _NINAPRO,
        stored=(52, 16),
        source=f"the six arrays are {_SOURCE} ninapro",
        published=PUBLISHED["ninapro"],
    ),
    Entry(
        "darcyflow",
        "Darcy Flow",
        Feature((1, SIDE, SIDE)),
        RelativeDense(1, (SIDE, SIDE)),
        (900, 100, 100),
        RELATIVE_L2,
        DARCY_RECIPE,
        _WRN,
        "The pressure of a flow through a medium of two materials.",
        read_darcy,
        ("piececonst_r*_N1024_smooth1.mat", "piececonst_r*_N1024_smooth2.mat"),
        source=f"piececonst_r421_N1024_smooth1.mat and piececonst_r421_N1024_smooth2.mat are {_SOURCE} darcyflow",
        published=PUBLISHED["darcyflow"],
    ),
    Entry(
        "cosmic",
        "Cosmic",
        Feature((1, CROP, CROP)),
        Mask(1, (CROP, CROP)),
        (4_347, 483, 420),
        AUROC_ERROR,
        COSMIC_RECIPE,
        _WRN,
        "Images of the Hubble telescope; which pixels were hit by cosmic rays?",
        read_cosmic,
        ("train", "test"),
        source=f"arrays (3, H, W) of image, mask and ignored pixels are {_SOURCE} cosmic, in train and test",
        published=PUBLISHED["cosmic"],
    ),
)
"""One entry each."""
