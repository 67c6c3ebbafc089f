"""Recall: a task that needs attention, or something in its place; made from a seed, so there is nothing to download.

Every step of a series but the last shows a key with its value, and the last step shows one of these keys alone: the label is its value
(associative recall; Arora et al., 2023). Attention looks the key up. A recurrence has to hold all the pairs, for it cannot know which is
asked for, and its state is no wider than its features. A convolution does not reach most of them.
"""

import numpy as np

from einspace.features import Feature
from einspace.tasks.entry import Entry, generated
from einspace.tasks.metrics import ACCURACY
from einspace.tasks.options import BASELINES
from einspace.tasks.split import Split
from einspace.tasks.task import STEPWISE

PAIRS, KEYS, VALUES = 8, 16, 8
"""Pairs of a series, no two of which have the same key, and the keys and values that there are."""

SIZES = (12_000, 800, 800)
"""Samples of train, valid and test."""


def recalled(count: int, seed: int | tuple[int, ...]) -> Split:
    """Series (count, 9, 24), key and value of each step as one of 16 and one of 8, and the value of the key that is asked for."""
    rng = np.random.default_rng(seed)
    keys = rng.permuted(np.tile(np.arange(KEYS), (count, 1)), axis=1)[:, :PAIRS]
    values = rng.integers(0, VALUES, (count, PAIRS))
    asked = rng.integers(0, PAIRS, count)
    rows = np.arange(count)
    x = np.zeros((count, PAIRS + 1, KEYS + VALUES), np.float32)
    x[:, :PAIRS, :KEYS] = np.eye(KEYS)[keys]
    x[:, :PAIRS, KEYS:] = np.eye(VALUES)[values]
    x[rows, PAIRS, keys[rows, asked]] = 1
    return Split(x, values[rows, asked])


RECALL = Entry(
    name="recall",
    title="Recall",
    input=Feature((PAIRS + 1, KEYS + VALUES)),
    target=VALUES,
    sizes=SIZES,
    metric=ACCURACY,
    recipe=STEPWISE,
    baselines=BASELINES,
    description=(
        "Series of 8 keys, each with one of 8 values, and then one of these keys: which value has it? By chance 12.5%, and 33% for the "
        "value that is shown most often. It is made from a seed, and attention does it best"
    ),
    read=generated(recalled),
    source="made from a seed",
)
"""The entry of the task."""
