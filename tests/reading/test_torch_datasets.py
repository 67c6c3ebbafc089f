"""Data sets of PyTorch, read item by item: random transforms are found, and the files of images are closed as they are read."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset

from einspace import Task
from einspace.errors import TaskError

RNG = np.random.default_rng(0)
X = RNG.random((90, 2, 6, 5)).astype(np.float32)


class Read(Dataset[Any]):
    """Items of a function of their number, whose readings are counted."""

    def __init__(self, item: Any, length: int = 90) -> None:
        self.item, self.length, self.readings = item, length, Counter[int]()

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, number: int) -> Any:
        self.readings[number] += 1
        return self.item(number)


def test_a_transform_that_is_random_now_and_then_is_refused() -> None:
    """An image that is mirrored half of the time is often the same when it is read again: many are looked at, some of them targets."""
    torch.manual_seed(0)
    first = Read(lambda number: (X[number] if number < 3 or torch.rand(()) < 0.5 else X[number, :, :, ::-1].copy(), number % 2))
    with pytest.raises(TaskError, match=r"^the data set: item \d+ differs when it is read again: take random transforms out"):
        Task.from_dataset(first)
    targets = Read(lambda number: (X[number], number % 2 if torch.rand(()) < 0.5 else 1 - number % 2))
    with pytest.raises(TaskError, match="differs when it is read again"):
        Task.from_dataset(targets)


def test_no_item_is_read_more_than_twice() -> None:
    """Of many items about 32 are read again, of few all; a value that is no number differs from nothing."""
    many, few = (Read(lambda number: (X[number], number % 2), length) for length in (90, 20))
    Task.from_dataset(many)
    assert (set(many.readings.values()), sum(many.readings.values())) == ({1, 2}, 90 + 32)
    Task.from_dataset(few)
    assert set(few.readings.values()) == {2}
    with pytest.raises(TaskError, match="90 of 90 samples hold NaN"):
        Task.from_dataset(Read(lambda number: (X[number] * np.nan, number % 2)))


left_open = pytest.mark.filterwarnings("ignore:unclosed file", "ignore::pytest.PytestUnraisableExceptionWarning")
"""Python's warnings of the files that a data set opens and leaves to their last reference."""


def files(folder: Path, count: int, suffix: str) -> list[Path]:
    """Pictures, of two pages where the format has pages."""
    pillow = pytest.importorskip("PIL.Image")
    pages = [pillow.fromarray(RNG.integers(0, 256, (6, 5), dtype=np.uint8)) for _ in range(2)]
    paths = [folder / f"{number}{suffix}" for number in range(count)]
    for path in paths:
        pages[0].save(path, **({"save_all": True, "append_images": pages[1:]} if suffix == ".tiff" else {}))
    return paths


@left_open
@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_files_of_images_are_closed_as_they_are_read(suffix: str, tmp_path: Path) -> None:
    """A data set of more pictures and masks than a process may open files is read."""
    pillow = pytest.importorskip("PIL.Image")
    resource = pytest.importorskip("resource")
    paths = files(tmp_path, 80, suffix)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/dev/fd")) + 60, hard))
    try:
        task = Task.from_dataset(Read(lambda number: (pillow.open(paths[number]), pillow.open(paths[number])), 80), kind="dense")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert (task.input.shape, sum(map(len, task.splits.values()))) == ((1, 6, 5), 80)


@left_open
@pytest.mark.parametrize("target", [False, True])
def test_a_broken_image_is_named(target: bool, tmp_path: Path) -> None:
    """One line says which item it is, be it a sample or a mask."""
    pillow = pytest.importorskip("PIL.Image")
    paths = files(tmp_path, 8, ".png")
    paths[5].write_bytes(paths[5].read_bytes()[:50])

    def item(number: int) -> Any:
        picture = pillow.open(paths[number])
        return (X[number], picture) if target else (picture, number % 2)

    with pytest.raises(TaskError, match=r"^the data set, item 5: cannot be read as an image"):
        Task.from_dataset(Read(item, 8))


def test_images_of_all_splits_look_alike() -> None:
    """White of 16 bits is 255 in each split where one of them has images of 8 bits too."""
    pillow = pytest.importorskip("PIL.Image")
    deep, shallow = (pillow.fromarray(np.full((6, 5), white, kind)) for white, kind in ((65_535, np.uint16), (255, np.uint8)))
    black = pillow.fromarray(np.zeros((6, 5), np.uint8))
    train = [(image, number % 2) for number, image in enumerate([deep, shallow, black, black] * 6)]
    test = [(image, number % 2) for number, image in enumerate([deep, pillow.fromarray(np.zeros((6, 5), np.uint16))] * 6)]
    task = Task.from_dataset(train, test=test, normalise=False)
    assert task.train.x.max() == task.test.x.max() == 255
