"""The tasks of the benchmark: six kinds of small data, as a user brings them, and two that are made for recurrence and for attention."""

import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.search.sources import cached, debian, wheel
from numpy.typing import NDArray

from einspace import Task, load_task
from einspace.builders.darcyflow import coefficients, pressure
from einspace.builders.mnist import read_digits
from einspace.errors import UnknownNameError
from einspace.tasks.mnist1d import dataset

Arrays = dict[str, NDArray[Any]]

FASHION_SIZES = (3_000, 2_000, 2_000)
"""Train, valid and test of Fashion-MNIST's subset."""

DARCY_SIZES = (300, 100, 100)
DARCY_POINTS, DARCY_STRIDE = 85, 3
"""Points of a side on which the equation is solved, and which of them are kept: 29 a side."""

_AEON = ("aeon", "1.6.0", "d05227086706f80111ac5fee8de4d5d3115bb3bcfd1c786c8629393055816409")


def mnist1d() -> Task:
    """MNIST-1D: 4,000 and 1,000 series of 40 steps; 20% of the 4,000 are valid, and the recipe is that of own data."""
    x, y = dataset()
    pool, test = slice(4_000), slice(4_000, None)
    return Task.from_arrays(x[pool, :, None], y[pool], test=(x[test, :, None], y[test]), axes="NSD", name="mnist1d")


def fashion() -> Task:
    """Fashion-MNIST: 3,000 and 2,000 of the 60,000 for train and valid, 2,000 of the 10,000 for test; images 1 x 14 x 14.

    A pixel is the mean of four. At 28 x 28 a training of one thread takes minutes, and five of them are not a search.
    """
    inside = Path("usr", "share", "datasets", "fashion-mnist")
    installed = Path("/") / inside
    images = read_digits(installed if installed.is_dir() else debian("dataset-fashion-mnist") / inside)
    rng = np.random.default_rng(0)
    pool, test = rng.permutation(len(images.train)), rng.permutation(len(images.test))[: FASHION_SIZES[2]]
    train, valid = pool[: FASHION_SIZES[0]], pool[FASHION_SIZES[0] : sum(FASHION_SIZES[:2])]
    x, y = halved(images.train), images.train_y
    tested = halved(images.test)[test], images.test_y[test]
    task = Task.from_arrays(x[train], y[train], valid=(x[valid], y[valid]), test=tested, axes="NCHW", name="fashion")
    return replace(task, one_pool=True)


def halved(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Images (N, H, W) at half of their sides, (N, 1, H / 2, W / 2), each pixel the mean of four.

    >>> halved(np.array([[[0, 4], [8, 12]]], np.uint8)).tolist()
    [[[[6]]]]
    """
    number, height, width = images.shape
    cells = images.reshape(number, height // 2, 2, width // 2, 2)
    means: NDArray[np.float32] = cells.mean((2, 4), dtype=np.float32)
    return means.round().astype(np.uint8)[:, None]


def japanese_vowels() -> Task:
    """Japanese vowels of nine speakers: 270 and 370 series of 25 steps and 12 channels, as the package aeon carries them."""

    def fill(folder: Path) -> None:
        with zipfile.ZipFile(wheel(*_AEON)) as archive:
            parts = [archive.read(f"aeon/datasets/data/JapaneseVowels/JapaneseVowels_eq_{part}.ts").decode() for part in ("TRAIN", "TEST")]
        (x, y), (x_test, y_test) = map(read_ts, parts)
        np.savez(folder / "arrays.npz", x=x, y=y, x_test=x_test, y_test=y_test)

    data = _arrays(cached("japanese-vowels", fill) / "arrays.npz")
    return Task.from_arrays(
        data["x"], data["y"], test=(data["x_test"], data["y_test"]), axes="NSD", kind="classification", name="japanese-vowels"
    )


def read_ts(text: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    r"""Series (N, steps, channels) of equal lengths and their classes (N,), of a text in the format .ts.

    >>> x, y = read_ts("@problemName two channels\n@data\n1,2,3:4,5,6:2\n")
    >>> x[0].tolist(), y.tolist()
    ([[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]], [2])
    """
    rows = [line.strip().split(":") for line in text.splitlines() if line.strip() and line[0] not in "#@"]
    channels = [[[float(word) for word in channel.split(",")] for channel in row[:-1]] for row in rows]
    return np.array(channels).transpose(0, 2, 1), np.array([int(row[-1]) for row in rows])


def darcy(sizes: tuple[int, int, int] = DARCY_SIZES) -> Task:
    """Darcy Flow of 29 x 29 points: the medium, of two materials, to the pressure in it; scored by the relative l2 distance."""

    def fill(folder: Path) -> None:
        media = [coefficients(DARCY_POINTS, np.random.default_rng((0, number))) for number in range(sum(sizes))]
        x, y = np.stack(media), np.stack([pressure(medium) for medium in media])
        x, y = (fields[:, None, ::DARCY_STRIDE, ::DARCY_STRIDE] for fields in (x, y))
        np.savez(folder / "arrays.npz", x=x, y=y)

    data = _arrays(cached("darcy-" + "-".join(map(str, sizes)), fill) / "arrays.npz")
    ends = np.cumsum(sizes)[:-1]
    train, valid, test = zip(np.split(data["x"], ends), np.split(data["y"], ends), strict=True)
    task = Task.from_arrays(*train, valid=valid, test=test, kind="dense", metric="relative l2", axes="NCHW", name="darcy")
    return replace(task, one_pool=True)


SIX = ("adddigits", "multdigits", "mnist1d", "fashion", "japanese-vowels", "darcy")
"""The tasks of the comparison, which are those that a benchmark has unless it is told others."""

TASKS: dict[str, Callable[[], Task]] = {
    "adddigits": partial(load_task, "adddigits"),
    "multdigits": partial(load_task, "multdigits"),
    "mnist1d": mnist1d,
    "fashion": fashion,
    "japanese-vowels": japanese_vowels,
    "darcy": darcy,
    "flipflop": partial(load_task, "flipflop"),
    "recall": partial(load_task, "recall"),
}
"""What makes each task; the data are fetched or generated by the first call."""


def load(name: str) -> Task:
    """A task by its name; raises UnknownNameError, and DataError where its data cannot be had."""
    if name not in TASKS:
        raise UnknownNameError("task of the benchmark", name, TASKS)
    return TASKS[name]()


def _arrays(path: Path) -> Arrays:
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)
