"""Recall: what its labels say, and what learns them."""

import numpy as np
import pytest

from einspace import evaluate
from einspace.tasks import load_task
from einspace.tasks.recall import KEYS, PAIRS, VALUES, recalled


def test_the_label_is_the_value_of_the_key_that_is_asked_for() -> None:
    """Looked up step by step for each series; the keys of a series differ, and the last step shows one of them and no value."""
    split = recalled(200, 3)
    assert split.x.shape == (200, PAIRS + 1, KEYS + VALUES)
    for series, label in zip(split.x, split.y, strict=True):
        pairs = {int(step[:KEYS].argmax()): int(step[KEYS:].argmax()) for step in series[:-1]}
        assert len(pairs) == PAIRS
        assert series.sum() == 2 * PAIRS + 1
        assert series[-1, KEYS:].sum() == 0
        assert pairs[int(series[-1].argmax())] == label


def test_only_the_key_that_is_asked_for_tells_the_label() -> None:
    """The value that is shown most often is right in a third of the series, and that of the last pair in less."""
    split = recalled(4_000, 1)
    shown = split.x[:, :, KEYS:].sum(1).argmax(1)
    assert np.mean(shown == split.y) < 0.35
    assert np.mean(split.x[:, PAIRS - 1, KEYS:].argmax(1) == split.y) < 0.3


@pytest.mark.slow
def test_attention_looks_it_up() -> None:
    """vit-tiny is right in nearly all series after three epochs, where chance is one of eight."""
    found = evaluate("vit-tiny", load_task("recall"), recipe={"epochs_search": 3})
    assert found.mean is not None
    assert found.mean > 0.9
