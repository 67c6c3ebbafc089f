"""Parity: whether a series has an even number of ones; made from a seed, so there is nothing to download.

Every step counts as much as every other, and one changed step changes the label, so no part of a series says anything of it. A gated linear
recurrence can count it only if a gate may be negative (Grazzi et al., 2025); those of this grammar are positive, and none of our small
baselines learns it (decision 037). It is here for operations that people add.
"""

import numpy as np

from einspace.features import Feature
from einspace.tasks.entry import Entry, generated
from einspace.tasks.metrics import ACCURACY
from einspace.tasks.options import BASELINES
from einspace.tasks.split import Split
from einspace.tasks.task import STEPWISE

STEPS = 64
"""Steps of a series."""

SIZES = (4_800, 800, 800)
"""Samples of train, valid and test."""


def parities(count: int, seed: int | tuple[int, ...]) -> Split:
    """Series (count, 64, 2), each step as a zero or a one of equal probability, and whether the number of ones is odd."""
    bits = np.random.default_rng(seed).integers(0, 2, (count, STEPS))
    return Split(np.eye(2, dtype=np.float32)[bits], bits.sum(axis=1) % 2)


PARITY = Entry(
    name="parity",
    title="Parity",
    input=Feature((STEPS, 2)),
    target=2,
    sizes=SIZES,
    metric=ACCURACY,
    recipe=STEPWISE,
    baselines=BASELINES,
    description=(
        "Series of 64 steps, each a zero or a one: is the number of ones even or odd? By chance 50%, and our small baselines have no more. "
        "It is made from a seed"
    ),
    read=generated(parities),
    source="made from a seed",
    labels=("even", "odd"),
)
"""The entry of the task."""
