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
from einspace.tasks.cosmic import CROP, FOLDERS, read_cosmic
from einspace.tasks.darcyflow import SIDE, read_darcy
from einspace.tasks.entry import Entry, as_labels, as_samples
from einspace.tasks.metrics import ERROR, MASK_AUROC_ERROR, RELATIVE_L2
from einspace.tasks.published import PUBLISHED
from einspace.tasks.recipe import Recipe
from einspace.tasks.split import Split
from einspace.tasks.task import Task
from einspace.tasks.unseen import ARRAYS, read_splits

RECIPE = Recipe(epochs_search=25, epochs_final=200, batch_size=128, learning_rate=0.1, weight_decay=5e-4)
DARCY_RECIPE = RECIPE.override(batch_size=4, learning_rate=0.001)
COSMIC_RECIPE = RECIPE.override(batch_size=8, learning_rate=0.001)
"""The recipe of Cosmic in table 4."""


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
    if entry.is_built(folder):
        return _spherical_arrays(entry, folder)
    path = folder / entry.files[0]
    whole = read_pickle(path)
    if not isinstance(whole, dict) or not {"train", "test"} <= set(whole):
        raise TaskError(f"{path}: must hold train and test")
    train, test = (_labels_of(whole[name], "images", "labels", (3, 60, 60), 100, f"{path}, {name}") for name in ("train", "test"))
    return entry.task([*_held_out(train.x, train.y, entry.sizes[1]), test], folder)


def _spherical_arrays(entry: Entry, folder: Path) -> Task:
    """Spherical that was built anew, in the six arrays of Unseen NAS."""
    splits = [Split(split.x / np.float32(255), split.y) for split in read_splits(entry, folder)]
    return entry.task(splits, folder, built=True)


def read_ninapro(entry: Entry, folder: Path) -> Task:
    """NinaPro: files (N, 52, 16), 52 steps of 16 channels, transposed to (1, 16, 52)."""
    splits = []
    for split in ("train", "val", "test"):
        x = as_samples(read_npy(folder / f"ninapro_{split}.npy"), entry.stored, str(folder / f"ninapro_{split}.npy"))
        y = as_labels(read_npy(folder / f"label_{split}.npy"), len(x), 18, str(folder / f"label_{split}.npy"))
        splits.append(Split(np.ascontiguousarray(x.transpose(0, 2, 1)[:, None]), y))
    return entry.task(splits, folder)


_SOURCE = "published with NAS-Bench-360, and expected in the folder"
_CIFAR = "its version for Python is published by its authors at the University of Toronto: unpack it into the folder cifar100"
_WRN = ("wrn16-4",)

NASBENCH360 = (
    Entry(
        name="cifar100",
        title="CIFAR100",
        input=Feature((3, 32, 32)),
        target=100,
        sizes=(40_000, 10_000, 10_000),
        metric=ERROR,
        recipe=RECIPE,
        baselines=_WRN,
        description="Photographs of 100 kinds of things.",
        read=read_cifar100,
        files=("cifar-100-python/train", "cifar-100-python/test"),
        source=_CIFAR,
        published=PUBLISHED["cifar100"],
        augmentation=Augmentation(crop=4, flip=True),
    ),
    Entry(
        name="spherical",
        title="Spherical",
        input=Feature((3, 60, 60)),
        target=100,
        sizes=(40_000, 10_000, 10_000),
        metric=ERROR,
        recipe=RECIPE,
        baselines=_WRN,
        description="CIFAR100 projected onto a sphere that was turned at random.",
        read=read_spherical,
        files=("s2_cifar100.gz",),
        built_files=ARRAYS,
        built_from="cifar-100-python or cifar-100-python.tar.gz",
        source=f"s2_cifar100.gz is {_SOURCE} spherical",
        published=PUBLISHED["spherical"],
    ),
    Entry(
        name="ninapro",
        title="NinaPro",
        input=Feature((1, 16, 52)),
        target=18,
        sizes=(2_638, 659, 659),
        metric=ERROR,
        recipe=RECIPE,
        baselines=_WRN,
        description="Signals of the muscles of an arm; the gesture of its hand.",
        read=read_ninapro,
        files=tuple(f"{kind}_{split}.npy" for split in ("train", "val", "test") for kind in ("ninapro", "label")),
        stored=(52, 16),
        source=f"the six arrays are {_SOURCE} ninapro",
        published=PUBLISHED["ninapro"],
    ),
    Entry(
        name="darcyflow",
        title="Darcy Flow",
        input=Feature((1, SIDE, SIDE)),
        target=RelativeDense(1, (SIDE, SIDE)),
        sizes=(900, 100, 100),
        metric=RELATIVE_L2,
        recipe=DARCY_RECIPE,
        baselines=_WRN,
        description="The pressure of a flow through a medium of two materials.",
        read=read_darcy,
        files=("piececonst_r421_N1024_smooth1.mat", "piececonst_r421_N1024_smooth2.mat"),
        built_files=("piececonst_r*_N1024_smooth1.mat", "piececonst_r*_N1024_smooth2.mat"),
        built_from="",
        source=f"piececonst_r421_N1024_smooth1.mat and piececonst_r421_N1024_smooth2.mat are {_SOURCE} darcyflow",
        published=PUBLISHED["darcyflow"],
    ),
    Entry(
        name="cosmic",
        title="Cosmic",
        input=Feature((1, CROP, CROP)),
        target=Mask(1, (CROP, CROP)),
        sizes=(4_347, 483, 420),
        metric=MASK_AUROC_ERROR,
        recipe=COSMIC_RECIPE,
        baselines=_WRN,
        description="Images of the Hubble telescope; which pixels were hit by cosmic rays?",
        read=read_cosmic,
        files=FOLDERS,
        source=f"the folders npy_train and npy_test of deepCR.ACS-WFC.train.tar and deepCR.ACS-WFC.test.tar are {_SOURCE} cosmic",
        published=PUBLISHED["cosmic"],
    ),
)
"""The entries of the five tasks."""
