"""Facts about train and valid that are drawn anew from their pool."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from einspace import EinSpace, Task, load_task
from einspace.evaluation import Context
from einspace.evaluation.objective import TaskObjective
from einspace.tasks.partition import drawn_anew, partition
from einspace.tasks.split import Split
from einspace.tasks.stored import OnDisk


@pytest.fixture(scope="module")
def digits() -> Task:
    return load_task("digits")


def rows_of(x: torch.Tensor) -> list[tuple[float, ...]]:
    return sorted(map(tuple, x.flatten(1).tolist()))


@pytest.mark.parametrize("by_class", [True, False])
def test_a_partition_divides_the_pool(by_class: bool) -> None:
    """Its parts are disjoint, make up the pool, have the sizes of the task's, follow from the seed, and differ between seeds."""
    rng = np.random.default_rng(0)
    train, valid = rng.integers(0, 5, 90), rng.integers(0, 5, 31)
    parts = [partition(train, valid, seed, by_class) for seed in range(4)]
    for first, second in parts:
        assert (len(first), len(second)) == (90, 31)
        assert sorted([*first, *second]) == list(range(121))
        if by_class:
            pool = np.concatenate([train, valid])
            assert np.array_equal(np.bincount(pool[first], minlength=5), np.bincount(train, minlength=5))
    assert np.array_equal(parts[2][1], partition(train, valid, 2, by_class)[1])
    assert len({tuple(second) for _, second in parts}) == 4


def test_the_order_is_the_same_on_every_machine() -> None:
    """Known rows for a known seed."""
    assert [part.tolist() for part in partition(np.zeros(5), np.zeros(3), 7, by_class=False)] == [[0, 2, 4, 6, 7], [1, 3, 5]]


def test_samples_keep_their_targets_and_their_normalisation(digits: Task) -> None:
    """Every sample of the new parts is one of the pool, as it was normalised, with its own target."""
    assert digits.one_pool
    samples, targets = digits.tensors(["train", "valid"])
    pool = {tuple(x): int(y) for x, y in zip(samples.flatten(1).tolist(), targets, strict=True)}
    (x, y), (x_valid, y_valid) = drawn_anew(digits, 3)
    assert (len(x), len(x_valid)) == (len(digits.train), len(digits.valid))
    for part, labels in ((x, y), (x_valid, y_valid)):
        assert all(pool[tuple(sample)] == int(label) for sample, label in zip(part.flatten(1).tolist(), labels, strict=True))
    whole = torch.cat([x, x_valid])
    assert rows_of(whole) == rows_of(digits.tensors(["train", "valid"])[0])


def test_splits_that_were_given_are_not_pooled(digits: Task) -> None:
    """Samples of a valid that was kept apart never get into train: of one patient there may be several."""
    x = np.arange(64, dtype=np.float32).reshape(16, 1, 2, 2)
    y = np.arange(16) % 2
    given = Task.from_arrays(x, y, valid=(x + 100, y), test=(x + 200, y))
    assert not given.one_pool
    assert Task.from_arrays(x, y, test=(x + 200, y)).one_pool
    assert not given.is_redrawn
    (x_train, _), (x_valid, _) = drawn_anew(given, 5)
    assert torch.equal(x_train, given.tensors(["train"])[0])
    assert torch.equal(x_valid, given.tensors(["valid"])[0])


@pytest.mark.parametrize("name", ["adddigits", "multdigits"])
def test_stacked_digits_are_made_anew_of_other_digits(name: str) -> None:
    """A sample of theirs is made of three images, and no image is in two splits: the images are divided anew, those of test apart."""
    task = load_task(name)
    assert (task.one_pool, task.is_redrawn) == (False, True)
    own, tested = (images_of(task.tensors([split])[0]) for split in ("train", "test"))
    (x, y), (x_valid, y_valid) = drawn_anew(task, 5)
    train, valid = images_of(x), images_of(x_valid)
    assert not train & valid
    assert not (train | valid) & tested
    assert train & own
    assert valid & own
    assert (x.shape, x_valid.shape) == (task.tensors(["train"])[0].shape, task.tensors(["valid"])[0].shape)
    assert x.dtype == task.tensors(["train"])[0].dtype
    assert torch.equal(y.bincount(), task.tensors(["train"])[1].bincount())
    assert abs(float(x.mean())) < 0.02
    (again, _), _ = drawn_anew(task, 5)
    (other, _), _ = drawn_anew(task, 6)
    assert torch.equal(again, x)
    assert not torch.equal(other, x)
    assert len(y_valid) == len(task.valid)
    part = replace(task, train=Split(task.train.x[:90], task.train.y[:90]))
    (few, _), (as_many, _) = drawn_anew(part, 5)
    assert torch.equal(few, x[:90])
    assert torch.equal(as_many, x_valid)


def images_of(x: torch.Tensor) -> set[bytes]:
    """The images of digits that samples (N, 3, 8, 8) are made of: equal ones of two channels differ by what they were normalised with."""
    return {np.round(image, 4).tobytes() for image in x[:, 0].numpy()}


@pytest.mark.parametrize("by_class", [True, False])
def test_a_partition_may_have_more_samples_to_train_on(by_class: bool) -> None:
    """With a share, so much of the pool is valid, and of each class; a class of two samples has one in each part."""
    targets = np.repeat([0, 1, 2], [60, 38, 2])
    first, second = partition(targets[:50], targets[50:], 3, by_class, share=0.2)
    assert (len(first), len(second)) == ((79, 21) if by_class else (80, 20))
    assert sorted([*first, *second]) == list(range(100))
    assert first.tolist() == sorted(first)
    if by_class:
        assert np.bincount(targets[second], minlength=3).tolist() == [12, 8, 1]


def test_stacked_digits_may_be_made_of_more_digits() -> None:
    """With a share, so much of the images and of the samples is valid; no image is in both, and none in test."""
    task = load_task("adddigits")
    (x, y), (x_valid, y_valid) = drawn_anew(task, 5, share=0.2)
    assert (len(x), len(y), len(x_valid), len(y_valid)) == (4_000, 4_000, 1_000, 1_000)
    train, valid, tested = images_of(x), images_of(x_valid), images_of(task.tensors(["test"])[0])
    assert not train & valid
    assert not (train | valid) & tested
    assert len(train) > len(images_of(drawn_anew(task, 5)[0][0]))
    part = replace(task, train=Split(task.train.x[:60], task.train.y[:60]), valid=Split(task.valid.x[:40], task.valid.y[:40]))
    assert [len(samples) for samples, _ in drawn_anew(part, 5, share=0.2)] == [80, 20]


def test_samples_in_a_file_stay_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A partition of samples that do not fit the memory reads batches of the same samples as one in memory."""
    rng = np.random.default_rng(1)
    np.save(tmp_path / "x.npy", rng.normal(size=(40, 1, 4, 4)).astype(np.float32))
    np.save(tmp_path / "y.npy", rng.integers(0, 2, 40))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    task = Task.from_arrays(mapped, np.load(tmp_path / "y.npy"))
    in_memory = drawn_anew(task, 9)
    monkeypatch.setattr("einspace.tasks.task.fits", lambda parts: False)
    from_file = drawn_anew(task, 9)
    for (x, y), (stored, targets) in zip(in_memory, from_file, strict=True):
        assert type(stored).__name__ == OnDisk.__name__
        assert torch.equal(y, targets)
        assert torch.allclose(x, torch.cat([stored[start : start + 7] for start in range(0, len(stored), 7)]))


def test_a_device_gets_the_samples_once(digits: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part is chosen before it is sent: a device that holds the whole pool beside its parts would need twice the memory."""
    sent: list[int] = []
    plain = torch.Tensor.to

    def to(tensor: torch.Tensor, device: str) -> torch.Tensor:
        if device == "meta":
            sent.append(len(tensor))
        return plain(tensor, device)

    monkeypatch.setattr(torch.Tensor, "to", to)
    parts = drawn_anew(digits, 3, "meta")
    assert {tensor.device.type for part in parts for tensor in part} == {"meta"}
    assert sorted(sent) == sorted(2 * [len(digits.train), len(digits.valid)])


def test_a_re_evaluation_trains_as_long_as_it_is_asked_to(digits: Task) -> None:
    """It is scored on validation after the epochs of a search or, if it is long, of a final training, and follows from its seeds alone."""
    task = replace(digits, recipe=replace(digits.recipe, epochs_search=1, epochs_final=2))
    objective, architecture = TaskObjective(task, task.recipe), EinSpace(task.input).parse("[linear(d=16) relu]")
    short, long, again = (objective.evaluate(architecture, Context(seed=4, partition=4, long=long)) for long in (False, True, True))
    assert (len(short.losses), len(long.losses)) == (1, 2)
    assert (long.losses, long.value) == (again.losses, again.value)
    larger = objective.evaluate(architecture, Context(seed=4, partition=4, long=True, valid_share=0.1))
    assert larger.losses != long.losses
    own = objective.evaluate(architecture, Context(seed=4, long=True))
    assert own.losses != long.losses
    fixed = TaskObjective(replace(task, one_pool=False), task.recipe)
    assert fixed.evaluate(architecture, Context(seed=4, partition=4, long=True)).losses == own.losses
