"""Copying: what its labels say, and that no single step tells them."""

import numpy as np
import torch

from einspace.tasks import load_task
from einspace.tasks.copying import SHOWN, STEPS, SYMBOLS, copied
from einspace.tasks.metrics import MEAN_AVERAGE_PRECISION


def test_the_labels_are_the_symbols_that_are_shown_in_their_order() -> None:
    """Read step by step for each series; all other steps are blank."""
    split = copied(200, 3)
    assert split.x.shape == (200, STEPS, SYMBOLS + 1)
    for series, labels in zip(split.x, split.y, strict=True):
        steps = series.argmax(axis=1)
        assert (series.sum(axis=1) == 1).all()
        assert [int(step) for step in steps if step < SYMBOLS] == labels.reshape(SHOWN, SYMBOLS).argmax(axis=1).tolist()
        assert labels.sum() == SHOWN


def test_a_symbol_is_shown_at_no_fixed_step() -> None:
    """The first symbol lies at any of the first steps, so that a network that reads fixed steps is right in few series."""
    split = copied(4_000, 1)
    first = (split.x.argmax(axis=2) < SYMBOLS).argmax(axis=1)
    assert np.bincount(first).max() < 0.2 * len(first)


def test_the_symbols_alone_do_not_tell_their_order() -> None:
    """Whoever counts the symbols knows which are shown, and has a mean average precision of 0.38; the order is left to be learnt."""
    split = copied(4_000, 1)
    counted = np.tile(split.x[:, :, :SYMBOLS].sum(axis=1), SHOWN)
    assert 0.36 < MEAN_AVERAGE_PRECISION(torch.from_numpy(counted), torch.from_numpy(split.y)) < 0.41
    assert load_task("copying").kind == "multi-label"
