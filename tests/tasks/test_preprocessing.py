"""Preprocessing: what a task remembers of raw data, and the network that takes them."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from einspace import Task
from einspace.errors import TaskError
from einspace.tasks.preprocessing import LISTED, Preprocessing
from einspace.tasks.split import Normaliser

RNG = np.random.default_rng(0)


def _raw_equals_stored(task: Task, x: np.ndarray, within: float) -> None:
    """The raw samples of train, found by their place in a pool that is given as train, go in and the task's own samples come out."""
    found = task.preprocessing.around(nn.Identity())(torch.from_numpy(np.ascontiguousarray(x)))
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.numpy(), task.tensors(["train"])[0].numpy(), rtol=0, atol=within)


def _task(x: np.ndarray, y: np.ndarray, **options: object) -> Task:
    """A task whose train is all of `x`, in its order."""
    return Task.from_arrays(x, y, valid=(x[:20], y[:20]), test=(x[:20], y[:20]), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "uint16", "uint32", "uint64", "float16", "float32", "float64", "int64"])
def test_raw_samples_of_any_type_become_the_tasks_samples(dtype: str) -> None:
    """Whatever the type, the network sees what the task's split holds."""
    x = RNG.integers(0, 255, (40, 3, 6, 6)).astype(dtype)
    task = _task(x, np.arange(40) % 2)
    assert (task.preprocessing.given, task.preprocessing.dtype) == (dtype, "float32")
    _raw_equals_stored(task, x, 1e-6)


def test_a_small_spread_on_a_large_offset_needs_double_precision() -> None:
    """Pressures of 101325 +- 0.002 are one number in float32: the raw network takes float64 and subtracts in it."""
    x = 101325 + 0.002 * RNG.standard_normal((60, 12, 2))
    task = _task(x, np.arange(60) % 2)
    assert task.preprocessing.dtype == "float64"
    _raw_equals_stored(task, x, 1e-6)
    one = task.preprocessing.around(nn.Identity())(torch.from_numpy(x.astype(np.float32)))
    assert len(one.unique()) < 8


def test_float32_samples_on_an_offset_keep_their_differences_in_float32() -> None:
    """A mean of two float32 numbers keeps what the double one keeps: no double precision is needed on the device."""
    x = (101325 + RNG.standard_normal((60, 12, 2))).astype(np.float32)
    task = _task(x, np.arange(60) % 2)
    network = task.preprocessing.around(nn.Identity())
    assert all(buffer.dtype == torch.float32 for buffer in network.buffers())
    _raw_equals_stored(task, x, 1e-6)


def test_predictions_are_in_the_targets_units() -> None:
    """A network that gives the normalised targets gives the targets themselves, in float64 where float32 would merge them."""
    x = RNG.standard_normal((60, 12, 2)).astype(np.float32)
    for y, dtype in ((3e4 + 300 * RNG.standard_normal((60, 2)), torch.float32), (1e6 + 0.01 * RNG.standard_normal((60, 2)), torch.float64)):
        task = _task(x, y, kind="regression")
        assert task.target_normaliser is not None
        restored = task.preprocessing.around(_Constant(torch.from_numpy(task.train.y)))(torch.from_numpy(x))
        assert restored.dtype == dtype
        np.testing.assert_allclose(restored.double().numpy(), y, rtol=0, atol=1e-3 * y.std())


class _Constant(nn.Module):
    def __init__(self, value: torch.Tensor) -> None:
        super().__init__()
        self.value = value

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.value


@pytest.mark.parametrize("mapped", [False, True])
def test_axes_and_ranges_are_remembered(mapped: bool, tmp_path: Path) -> None:
    """Order of the axes, type and range of each channel, of samples in memory and of those that stay in a file."""
    x = RNG.integers(0, 200, (40, 6, 6, 3)).astype(np.uint8)
    x[..., 1] += 50
    np.save(tmp_path / "x.npy", x)
    task = _task(np.load(tmp_path / "x.npy", mmap_mode="r") if mapped else x, np.arange(40) % 2, axes="NHWC")
    said = task.preprocessing
    assert (said.axes, said.given) == ("NHWC", "uint8")
    assert said.low is not None
    assert said.high is not None
    assert said.low.ravel().tolist() == x.min(axis=(0, 1, 2)).tolist()
    assert said.high.ravel().tolist() == x.max(axis=(0, 1, 2)).tolist()
    assert (task.normaliser is not None) == mapped
    _raw_equals_stored(task, x.transpose(0, 3, 1, 2), 1e-6)


def test_samples_that_are_not_normalised_go_in_as_they_are() -> None:
    """The range is known all the same."""
    x = RNG.random((40, 3, 6, 6))
    task = _task(x, np.arange(40) % 2, normalise=False)
    assert task.preprocessing.normaliser is None
    assert task.preprocessing.high is not None
    _raw_equals_stored(task, x, 0)
    _raw_equals_stored(task.normalised(), x, 1e-6)
    _raw_equals_stored(task.normalised().normalised(), x, 1e-5)


def test_json_and_tensors_bring_everything_back() -> None:
    """Numbers come back exactly; an array of a field is a tensor, and another one in its place is refused."""
    field = Normaliser(RNG.random((1, 1, 20, 20)), 1 + RNG.random((1, 1, 20, 20)))
    few = Normaliser(RNG.random((1, 3)), RNG.random((1, 3)))
    said = Preprocessing("NHWC", "NCHW", "uint8", "float64", field, few, np.zeros((1, 1, 1, 1)), np.ones((1, 1, 1, 1)))
    data, tensors = json.loads(json.dumps(said.to_json())), said.tensors()
    assert field.mean.size > LISTED
    assert sorted(tensors) == ["deviation", "mean"]
    back = Preprocessing.from_json(data, tensors)
    assert back.to_json() == said.to_json()
    assert back.normaliser is not None
    assert np.array_equal(back.normaliser.mean, field.mean)
    with pytest.raises(TaskError, match=r"the mean of the preprocessing, \[1, 1, 20, 20\], is missing"):
        Preprocessing.from_json(data)
    with pytest.raises(TaskError, match="the deviation of the preprocessing is another one"):
        Preprocessing.from_json(data, {**tensors, "deviation": tensors["mean"]})
