"""Axes: each order is read as it is, and what can be read in two ways is said with the option that says the other."""

from typing import Any

import numpy as np
import pytest

from einspace import Task
from einspace.errors import TaskError, UnknownNameError

RNG = np.random.default_rng(0)
CLASSES = np.arange(30) % 2


@pytest.mark.parametrize(
    ("shape", "input", "doubt"),
    [
        ((32, 32, 4), (4, 32, 32), ""),
        ((32, 32, 13), (13, 32, 32), "axes NCHW"),
        ((32, 32, 2), (2, 32, 32), ""),
        ((24, 32, 3), (3, 24, 32), ""),
        ((24, 32, 4), (4, 24, 32), ""),
        ((3, 32, 24), (3, 32, 24), ""),
        ((3, 32, 32), (3, 32, 32), ""),
        ((1, 16, 52), (1, 16, 52), ""),
        ((12, 18, 18), (12, 18, 18), ""),
        ((64, 7, 7), (64, 7, 7), ""),
        ((8, 8, 64), (64, 8, 8), "axes NCHW"),
        ((3, 3, 64), (3, 3, 64), "axes NHWC"),
        ((3, 32, 4), (3, 32, 4), "axes NHWC"),
        ((4, 32, 3), (3, 4, 32), "axes NCHW"),
        ((8, 8, 8), (8, 8, 8), "axes NHWC"),
        ((100, 120, 13), (13, 100, 120), "axes NCHW"),
        ((5, 20, 30), (5, 20, 30), ""),
        ((20, 5, 30), (20, 5, 30), "axes NHWC"),
    ],
)
def test_channels_first_or_last(shape: tuple[int, ...], input: tuple[int, ...], doubt: str) -> None:
    """By the axis that is unlike two equal ones, by the usual numbers of channels, else by what is shortest: said where it is a guess."""
    x = RNG.normal(size=(12, *shape))
    task = Task.from_arrays(x, np.arange(12) % 2, normalise=False)
    assert task.input.shape == input
    assert [doubt in told for told in task.doubts if "axes" in told] == ([True] if doubt else [])
    other = Task.from_arrays(x, np.arange(12) % 2, axes=doubt.removeprefix("axes ") or ("NCHW" if input == shape else "NHWC"))
    assert (other.input.shape == task.input.shape) is (not doubt or len(set(shape)) == 1)


@pytest.mark.parametrize(
    ("images", "targets", "output", "doubt"),
    [
        ((9, 8, 3), (9, 8, 1), (1, 9, 8), ""),
        ((9, 8, 3), (1, 9, 8), (1, 9, 8), ""),
        ((9, 8, 3), (9, 8), (1, 9, 8), ""),
        ((3, 9, 8), (9, 8, 2), (2, 9, 8), ""),
        ((3, 32, 32), (32, 32, 13), (13, 32, 32), ""),
        ((32, 32, 3), (5, 32, 32), (5, 32, 32), ""),
        ((3, 8, 8), (8, 8, 8), (8, 8, 8), "target_axes"),
        ((3, 16, 16), (5, 5, 9), (9, 5, 5), "target_axes"),
        ((3, 16, 16), (2, 8, 8), (2, 8, 8), ""),
    ],
)
def test_targets_lie_as_high_and_wide_as_the_images(images: Any, targets: Any, output: tuple[int, ...], doubt: str) -> None:
    """Their channels are where the images' height and width are not, whatever the images' own order is."""
    task = Task.from_arrays(RNG.normal(size=(30, *images)), RNG.normal(size=(30, *targets)))
    assert task.output == output
    assert any(doubt in told for told in task.doubts) if doubt else not any("target_axes" in told for told in task.doubts)


def test_pixels_of_targets_keep_their_places() -> None:
    """Targets with channels last, images with channels first: each pixel of the target stays beside its pixel."""
    x = RNG.normal(size=(30, 2, 6, 5))
    y = x.transpose(0, 2, 3, 1)
    whole = (x, y)
    task = Task.from_arrays(x, y, valid=whole, test=whole)
    assert task.target_normaliser is not None
    restored = task.target_normaliser.restore(task.tensors(["train"])[1]).numpy()
    assert np.allclose(restored, x, atol=1e-5)
    said = Task.from_arrays(RNG.normal(size=(30, 3, 8, 8)), RNG.normal(size=(30, 8, 8, 8)), target_axes="NHWC")
    assert not any("axes" in told for told in said.doubts)
    with pytest.raises(UnknownNameError, match="unknown order of axes 'NWHC'"):
        Task.from_arrays(x, y, target_axes="NWHC")


def test_swapped_and_moved_axes_are_refused() -> None:
    """Targets as wide as the images are high; samples along the last axis."""
    with pytest.raises(TaskError, match="the targets are 8 x 9, but the images 9 x 8: swap"):
        Task.from_arrays(RNG.normal(size=(30, 3, 9, 8)), RNG.normal(size=(30, 8, 9)))
    with pytest.raises(TaskError, match=r"along the last axis: numpy.moveaxis\(x, -1, 0\)"):
        Task.from_arrays(RNG.normal(size=(32, 32, 3, 30)), CLASSES)


def test_series_and_grey_images() -> None:
    """Bytes (N, H, W) are images and numbers series: both are said where they can be the other."""
    grey = Task.from_arrays(RNG.integers(0, 255, (30, 9, 8), dtype=np.uint8), CLASSES)
    assert (grey.input.shape, "axes NSD" in grey.doubts[0]) == ((1, 9, 8), True)
    square = Task.from_arrays(RNG.random((30, 8, 8)), CLASSES)
    assert (square.input.shape, "axes NHW" in square.doubts[0]) == ((8, 8), True)
    plain = Task.from_arrays(RNG.random((30, 52, 16)), CLASSES)
    assert not any("axes" in told for told in plain.doubts)
