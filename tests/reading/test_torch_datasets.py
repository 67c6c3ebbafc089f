"""Data sets of PyTorch, read item by item: random transforms are found, and the files of images are closed as they are read."""

from collections import Counter
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
