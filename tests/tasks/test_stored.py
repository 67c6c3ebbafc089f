"""Samples in files: divided, normalised, sent to workers and trained on without being copied as a whole, to the same score."""

import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch

from einspace import Task, load_task
from einspace.errors import DataError, TaskError
from einspace.evaluation import Outcome
from einspace.evaluation.evaluate import evaluate
from einspace.files import arrays
from einspace.reading import scanning
from einspace.reading.scanning import not_finite
from einspace.tasks import Augmentation, Recipe, stored
from einspace.tasks.stored import OnDisk, Rows

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (90, 8, 6, 3), dtype=np.uint8)
Y = np.arange(90) % 3
ONE = Recipe(epochs_search=2, epochs_final=2, batch_size=16, learning_rate=0.01, weight_decay=0.0)
TEXT = "[linear(d=16) relu]"


def saved(folder: Path, x: np.ndarray = X, y: np.ndarray = Y, mode: Any = "r", **parts: np.ndarray) -> np.memmap:
    """An array in a file, mapped."""
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", y)
    mapped = np.load(folder / "x.npy", mmap_mode=mode)
    assert isinstance(mapped, np.memmap)
    return mapped


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """No memory is left for samples."""
    monkeypatch.setattr(stored, "SHARE", 10**9)


def same(one: Any, other: Any) -> bool:
    """Whether samples are equal, wherever they lie."""
    return torch.equal(one[:] if isinstance(one, OnDisk) else one, other[:] if isinstance(other, OnDisk) else other)


VIEWS: dict[str, Callable[[Any], Any]] = {
    "whole": lambda x: x,
    "a part": lambda x: x[10:80],
    "every second": lambda x: x[::2],
    "transposed": lambda x: x.transpose(0, 3, 1, 2),
    "some columns": lambda x: x[:, 2:7, :, :],
}


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("name", VIEWS)
def test_a_mapped_array_is_trained_on_from_its_file(tmp_path: Path, name: str) -> None:
    """Pool or view of one, channels last, bytes: a division are rows of the file, and training gives what arrays in memory give."""
    x = VIEWS[name](saved(tmp_path))
    y = Y[: len(x)]
    axes = "NCHW" if name == "transposed" else "NHWC"
    task, plain = (Task.from_arrays(samples, y, recipe=ONE, axes=axes) for samples in (x, np.array(x)))
    assert all(isinstance(split.x, Rows) for split in task.splits.values())
    assert sum(split.x.nbytes for split in task.splits.values()) == 0
    assert isinstance(task.tensors(["train"])[0], OnDisk)
    for names in (["train"], ["valid", "train"], ["test"]):
        assert same(task.tensors(names)[0], plain.tensors(names)[0])
        assert torch.equal(task.tensors(names)[1], plain.tensors(names)[1])
    sent = pickle.dumps(task)
    assert len(sent) < 10_000
    received = pickle.loads(sent)
    for final in (False, True):
        scores = [evaluate(TEXT, one, recipe=ONE, final=final).evaluations[0] for one in (received, plain)]
        assert scores[0].outcome is Outcome.OK
        assert (scores[0].value, scores[0].losses) == (scores[1].value, scores[1].losses)


@pytest.mark.usefixtures("full")
def test_splits_in_files_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of large .npy files: mapped, and read batch by batch, pieces of it where it is looked at as a whole."""
    monkeypatch.setattr(arrays, "LARGE", 100)
    monkeypatch.setattr(scanning, "CHUNK", 7 * X[:1].nbytes)
    for name, rows in (("train", slice(0, 50)), ("valid", slice(50, 70)), ("test", slice(70, 90))):
        np.save(tmp_path / f"{name}_x.npy", X[rows] / 7.0)
        np.save(tmp_path / f"{name}_y.npy", Y[rows])
    task = load_task(str(tmp_path))
    assert all(isinstance(split.x, np.memmap) for split in task.splits.values())
    assert task.train.x.dtype == np.float64
    given = {name: (X[rows] / 7.0, Y[rows]) for name, rows in (("valid", slice(50, 70)), ("test", slice(70, 90)))}
    plain = Task.from_arrays(X[:50] / 7.0, Y[:50], **given)  # type: ignore[arg-type]
    assert same(task.tensors(["train", "valid"])[0], plain.tensors(["train", "valid"])[0])
    assert evaluate(TEXT, pickle.loads(pickle.dumps(task)), recipe=ONE).mean == evaluate(TEXT, plain, recipe=ONE).mean


@pytest.mark.usefixtures("full")
def test_crops_and_mirrors_of_what_is_in_files(tmp_path: Path) -> None:
    """The same draws for the same seed, so the same losses, and others than those of the images as they are."""
    plain = [Task.from_arrays(x, Y, axes="NHWC") for x in (saved(tmp_path), X)]
    augmented = [replace(task, augmentation=how) for how in (Augmentation(crop=1), Augmentation(flip=True)) for task in plain]
    losses = [evaluate(TEXT, task, recipe=ONE).evaluations[0].losses for task in (*plain, *augmented)]
    assert losses[::2] == losses[1::2]
    assert len(set(losses)) == 3


def test_what_fits_is_read_into_memory(tmp_path: Path) -> None:
    """Small samples are faster there; the values are the same."""
    task = Task.from_arrays(saved(tmp_path), Y, axes="NHWC")
    assert isinstance(task.tensors(["train"])[0], torch.Tensor)
    assert same(task.tensors(["train"])[0], Task.from_arrays(X, Y, axes="NHWC").tensors(["train"])[0])


def test_changes_that_are_in_no_file_are_not_lost(tmp_path: Path) -> None:
    """A mapping that was written to in this process alone is copied: the file does not hold what it says."""
    x = saved(tmp_path, mode="c")
    x[:, 0, 0] = 7
    task = Task.from_arrays(x, Y, axes="NHWC", normalise=False)
    assert (pickle.loads(pickle.dumps(task)).train.x[:, :, 0, 0] == 7).all()


def test_values_in_files_are_checked(tmp_path: Path) -> None:
    """By sample, as those in memory; and constant ones are refused."""
    x = X / 255
    x[17, 0, 0, 0] = np.nan
    with pytest.raises(TaskError, match=r"1 of 90 samples .*the first is sample 17"):
        Task.from_arrays(saved(tmp_path, x), Y, axes="NHWC")
    with pytest.raises(TaskError, match="there is nothing to learn from"):
        Task.from_arrays(saved(tmp_path, np.zeros_like(X)), Y, axes="NHWC")


def test_samples_are_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As often as there are arrays of them: replacing a field of a task looks at no sample again."""
    counted: list[int] = []

    def counting(x: scanning.Samples) -> tuple[int, int] | None:
        counted.append(len(x))
        return not_finite(x)

    monkeypatch.setattr("einspace.tasks.split.not_finite", counting)
    task = Task.from_arrays(X, Y, axes="NHWC")
    first = len(counted)
    assert first == 6
    for change in ({"name": "other"}, {"notes": ()}, {"path": "there"}, {"recipe": ONE}):
        task = replace(task, **change)
    assert len(counted) == first


@pytest.mark.usefixtures("full")
def test_memory_while_training_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """96 MiB as float32 are divided, normalised and read for a training within 48 MiB more than there were."""
    shape = (2_048, 32, 32, 12)
    with (tmp_path / "big.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
        for _ in range(8):
            file.write(RNG.integers(0, 256, (256, *shape[1:]), dtype=np.uint8).tobytes())
    x = np.load(tmp_path / "big.npy", mmap_mode="r")
    monkeypatch.setattr(scanning, "CHUNK", 2**22)
    before = psutil.Process().memory_info()
    task = Task.from_arrays(x, np.arange(2_048) % 2, axes="NHWC")
    inputs, _ = task.tensors(["train"])
    total = sum(float(batch.sum()) for batch in torch.split(inputs, 64))
    after = psutil.Process().memory_info()
    assert abs(total) < 1e4
    private = (after.rss - getattr(after, "shared", 0)) - (before.rss - getattr(before, "shared", 0))
    assert private < 48 * 2**20


@pytest.mark.parametrize("divided", [True, False])
def test_a_file_that_changed_is_not_sent(tmp_path: Path, divided: bool) -> None:
    """A worker would map other samples than those that were read: a line names the file, and so it does where the file is gone."""
    x, valid, test = saved(tmp_path), (X[:9], Y[:9]), (X[9:18], Y[9:18])
    task = Task.from_arrays(x, Y, axes="NHWC") if divided else Task.from_arrays(x, Y, valid=valid, test=test, axes="NHWC")
    assert type(task.train.x) is (Rows if divided else np.memmap)
    received = pickle.loads(pickle.dumps(task))
    np.save(tmp_path / "other.npy", X[::-1])
    (tmp_path / "other.npy").replace(tmp_path / "x.npy")
    assert np.array_equal(task.train.x[0], received.train.x[0])
    for one in (task, received):
        with pytest.raises(DataError, match=r"x\.npy: has changed since its samples were read"):
            pickle.dumps(one)
    (tmp_path / "x.npy").unlink()
    with pytest.raises(DataError, match=r"x\.npy: can no longer be read: No such file"):
        pickle.dumps(task)
