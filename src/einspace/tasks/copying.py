"""Copying: a task that needs to pick and to keep; made from a seed, so there is nothing to download.

Few of the steps of a series show a symbol, at places of chance, and all others are blank: the labels are these symbols in their order
(selective copying; Gu and Dao, 2023). How far a symbol is from where it has to go is another distance in each series. A recurrence can
count what was shown; of our small baselines, trained for ten epochs, attention and convolution do it better nevertheless (decision 037).
"""

import numpy as np

from einspace.features import Feature
from einspace.networks.heads import MultiLabel
from einspace.tasks.entry import Entry, generated
from einspace.tasks.metrics import MEAN_AVERAGE_PRECISION
from einspace.tasks.options import BASELINES
from einspace.tasks.split import Split
from einspace.tasks.task import STEPWISE

STEPS, SHOWN, SYMBOLS = 32, 4, 8
"""Steps of a series, how many of them show a symbol, and the symbols that there are."""

SIZES = (4_800, 800, 800)
"""Samples of train, valid and test."""


def copied(count: int, seed: int | tuple[int, ...]) -> Split:
    """Series (count, 32, 9), each step as one of eight symbols or as a blank, and (count, 32) labels: four times which of the eight."""
    rng = np.random.default_rng(seed)
    places = np.sort(rng.permuted(np.tile(np.arange(STEPS), (count, 1)), axis=1)[:, :SHOWN], axis=1)
    symbols = rng.integers(0, SYMBOLS, (count, SHOWN))
    steps = np.full((count, STEPS), SYMBOLS)
    np.put_along_axis(steps, places, symbols, axis=1)
    return Split(np.eye(SYMBOLS + 1, dtype=np.float32)[steps], np.eye(SYMBOLS, dtype=np.float32)[symbols].reshape(count, -1))


COPYING = Entry(
    name="copying",
    title="Copying",
    input=Feature((STEPS, SYMBOLS + 1)),
    target=MultiLabel(SHOWN * SYMBOLS),
    sizes=SIZES,
    metric=MEAN_AVERAGE_PRECISION,
    recipe=STEPWISE,
    baselines=BASELINES,
    description=(
        "Series of 32 steps, four of which show one of 8 symbols: which four, in their order. By chance 0.125, and 0.38 for whoever "
        "counts them. It is made from a seed"
    ),
    read=generated(copied),
    source="made from a seed",
)
"""The entry of the task."""
