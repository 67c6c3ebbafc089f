"""Parity: what its labels say, and that no step alone tells them."""

import numpy as np

from einspace.tasks import load_task
from einspace.tasks.parity import STEPS, parities


def test_the_label_says_whether_the_number_of_ones_is_odd() -> None:
    """Counted one by one for each series."""
    split = parities(200, 3)
    assert split.x.shape == (200, STEPS, 2)
    for series, label in zip(split.x, split.y, strict=True):
        assert (series.sum(axis=1) == 1).all()
        assert label == int(series[:, 1].sum()) % 2


def test_no_step_tells_the_label() -> None:
    """The best linear rule of all steps is right in about half of the samples that it has not seen."""
    split, unseen = parities(4_000, 1), parities(4_000, 2)
    weights, *_ = np.linalg.lstsq(split.x[:, :, 1] - 0.5, 2.0 * split.y - 1, rcond=None)
    right = ((unseen.x[:, :, 1] - 0.5) @ weights > 0) == unseen.y
    assert 0.46 < right.mean() < 0.54
    assert load_task("parity").labels == ("even", "odd")
