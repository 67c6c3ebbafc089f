"""FlipFlop: a task that needs recurrence, or something in its place; made from a seed, so there is nothing to download.

At every step there is a symbol, and at few of them it is written to a memory, which holds it until the next one is written. The label is
the symbol that is held for most of the steps (after the flip-flop language of Liu et al., 2023, where what is held is asked for). What is
held at a step depends on one step that may lie far back, and on nothing between: convolutions do not reach it, attention has to find the
latest of many steps that look alike, and a recurrence whose gate opens where something is written just holds it.
"""

import numpy as np

from einspace.features import Feature
from einspace.tasks.entry import Entry, generated
from einspace.tasks.metrics import ACCURACY
from einspace.tasks.options import BASELINES
from einspace.tasks.split import Split
from einspace.tasks.task import STEPWISE

STEPS, SYMBOLS = 128, 8
"""Steps of a series, and symbols that can be held."""

WRITTEN = 1 / 16
"""The probability that a step is written; the first one always is."""

SIZES = (2_400, 800, 800)
"""Samples of train, valid and test."""


def flip_flops(count: int, seed: int | tuple[int, ...]) -> Split:
    """Series (count, 128, 9), the symbol of each step as one of eight and whether it is written, and the symbol held longest.

    Series in which two are held equally long are left out.
    """
    rng = np.random.default_rng(seed)
    symbols = rng.integers(0, SYMBOLS, (2 * count, STEPS))
    written = rng.random((2 * count, STEPS)) < WRITTEN
    written[:, 0] = True
    latest = np.maximum.accumulate(np.where(written, np.arange(STEPS), 0), axis=1)
    held = np.take_along_axis(symbols, latest, axis=1)
    steps = (held[:, :, None] == np.arange(SYMBOLS)).sum(axis=1)
    most = np.sort(steps, axis=1)
    clear = np.flatnonzero(most[:, -1] > most[:, -2])[:count]
    x = np.concatenate([np.eye(SYMBOLS)[symbols[clear]], written[clear, :, None]], axis=2)
    return Split(x.astype(np.float32), steps[clear].argmax(axis=1))


FLIPFLOP = Entry(
    name="flipflop",
    title="FlipFlop",
    input=Feature((STEPS, SYMBOLS + 1)),
    target=SYMBOLS,
    sizes=SIZES,
    metric=ACCURACY,
    recipe=STEPWISE,
    baselines=BASELINES,
    description=(
        "Series of 128 steps with 8 symbols, some of which are written to a memory: which one is held longest. By chance 12.5%, and 47% "
        "for the one that is written most often. It is made from a seed, and searched with recurrence by --grammar recurrent"
    ),
    read=generated(flip_flops),
    source="made from a seed",
)
"""The entry of the task."""
