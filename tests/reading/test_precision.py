"""Precision: numbers keep their differences on the way to float32, or are refused."""

import numpy as np
import pytest
import torch

from einspace import Task
from einspace.errors import TaskError
from einspace.tasks.split import Normaliser

RNG = np.random.default_rng(0)
CLASSES = np.arange(60) % 2
X = RNG.normal(size=(60, 2, 4, 4))


def small_changes(size: tuple[int, ...], offset: float, deviation: float) -> np.ndarray:
    return offset + deviation * RNG.normal(size=size)


@pytest.mark.parametrize(
    ("offset", "deviation"),
    [(1.7e9, 40.0), (2_460_000.5, 0.01), (101_325.0, 0.002), (1e-12, 1e-15), (1e9, 0.5)],
    ids=["seconds since 1970", "Julian dates", "pressure", "tiny", "huge"],
)
def test_a_channel_far_from_zero_keeps_its_values(offset: float, deviation: float) -> None:
    """Mean and deviation are those of what was given: the channel is what it would be without its offset, not constant."""
    x = X.copy()
    x[:, 1] = small_changes((60, 4, 4), offset, deviation)
    task = Task.from_arrays(x, CLASSES, valid=(x, CLASSES), test=(x, CLASSES))
    expected = (x[:, 1] - x[:, 1].mean()) / x[:, 1].std()
    assert np.abs(task.train.x[:, 1] - expected).max() < 1e-5
    assert "the same number everywhere" not in task.summary()


@pytest.mark.parametrize(("offset", "deviation"), [(1.7e9, 40.0), (2_460_000.5, 0.01), (101_325.0, 0.002)])
def test_targets_far_from_zero_keep_their_values(offset: float, deviation: float) -> None:
    """They are learnt as what they are without their offset, and scored in their own units."""
    y = small_changes((60,), offset, deviation)
    task = Task.from_arrays(X, y, valid=(X, y), test=(X, y), metric="RMSE")
    _, normalised = task.tensors(["train"])
    assert np.abs(normalised[:, 0].numpy() - (y - y.mean()) / y.std()).max() < 1e-5
    assert task.target_normaliser is not None
    assert np.abs(task.target_normaliser.restore(normalised)[:, 0].numpy() - y).max() < 1e-4 * deviation
    assert task.score(normalised, normalised) == 0
    assert task.score(torch.zeros_like(normalised), normalised) == pytest.approx(y.std(), rel=1e-4)


def test_whole_numbers_beyond_float32_keep_their_values() -> None:
    """Seconds since 1970 as int64: float32 would make one number of each two minutes."""
    y = 1_700_000_000 + RNG.permutation(60)
    x = np.stack([X[:, 0], np.broadcast_to(y[:, None, None], (60, 4, 4))], axis=1)
    task = Task.from_arrays(np.round(x).astype(np.int64), y, kind="regression", valid=(x, y), test=(x, y))
    assert len(np.unique(task.train.x[:, 1])) == 60
    assert len(np.unique(task.train.y)) == 60


def test_what_would_be_merged_is_refused() -> None:
    """Most distinct values equal after the cast: without a normalisation, beside an outlier, or beyond float64."""
    x = X.copy()
    x[:, 1] = small_changes((60, 4, 4), 1.7e9, 1.0)
    with pytest.raises(TaskError, match=r"^[a-z]+: most of the different values of channel 1 are equal in float32.*let them be normalised"):
        Task.from_arrays(x, CLASSES, normalise=False)
    x[0, 1, 0, 0] = 1e20
    with pytest.raises(TaskError, match=r"channel 1 are equal in float32.*take an offset away"):
        Task.from_arrays(x, CLASSES, valid=(x, CLASSES), test=(x, CLASSES))
    whole = np.full((60, 2, 4, 4), 2**62) + RNG.integers(0, 100, (60, 2, 4, 4))
    with pytest.raises(TaskError, match="channel 0 are equal in float32"):
        Task.from_arrays(whole, CLASSES)
    with pytest.raises(TaskError, match="most of the different targets, number 0"):
        Task.from_arrays(X, np.where(np.arange(60) == 3, 1e20, RNG.normal(size=60)), valid=(X, X[:, 0, 0, 0]), test=(X, X[:, 0, 0, 0]))


def test_constant_targets_are_refused() -> None:
    """There is nothing to learn; one constant number of several is said."""
    for y in (np.full(60, 0.1), np.full((60, 4, 4), 2.5), np.full(60, 1e9 + 0.1)):
        with pytest.raises(TaskError, match=r"^[a-z]+: all targets to train on are .*: there is nothing to learn"):
            Task.from_arrays(X, y, kind="dense" if y.ndim > 1 else "regression")
    y = np.stack([np.full(60, 0.1), RNG.normal(size=60)], axis=1)
    assert "targets that are the same number in all of train: 0" in Task.from_arrays(X, y).summary()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.uint8, np.int16, np.int64, bool])
def test_every_type_is_measured_as_it_is(dtype: type) -> None:
    """Mean 0 and deviation 1 from any type, and a constant channel of it is only centred."""
    x = (RNG.random((50, 2, 3, 3)) * 200).astype(dtype) if dtype is not bool else RNG.random((50, 2, 3, 3)) > 0.3
    x[:, 1] = x[0, 1, 0, 0]
    normaliser = Normaliser.of(x, (0, 2, 3))
    out = normaliser.normalised(x)
    assert out.dtype == np.float32
    assert abs(float(out[:, 0].mean())) < 1e-5
    assert float(out[:, 0].std()) == pytest.approx(1, abs=1e-5)
    assert not out[:, 1].any()


def test_rounding_is_not_a_signal() -> None:
    """A channel that is constant but for the last bits of its type is only centred."""
    x = X.astype(np.float32)
    x[:, 1] = np.float32(0.1) + np.float32(1e-8) * RNG.integers(0, 2, (60, 4, 4))
    assert Normaliser.of(x, (0, 2, 3)).deviation[0, 1, 0, 0] == 1


@pytest.mark.parametrize(("kind", "first"), [(np.float64, 2**53), (np.float32, 2**24), (np.float64, 2**70)])
def test_labels_that_would_become_one_class(kind: type, first: int) -> None:
    """Numbers of classes so large that floating point makes one of two are refused; smaller ones are classes."""
    names: np.ndarray = np.where(CLASSES == 0, 4.0, float(first)).astype(kind)
    with pytest.raises(TaskError, match=f"sample 1 has the label {first}, which float.. cannot tell from its neighbours"):
        Task.from_arrays(X, names)
    task = Task.from_arrays(X, np.where(CLASSES == 0, 4.0, 2.0**23 - 1).astype(kind))
    assert task.labels == ("4", "8388607")
