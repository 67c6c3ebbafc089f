"""FlipFlop: what its labels say."""

import numpy as np

from einspace.tasks.flipflop import STEPS, SYMBOLS, flip_flops


def test_the_label_is_the_symbol_that_is_held_longest() -> None:
    """Counted step by step for each series; the first step is always written, and no two symbols are held equally long."""
    split = flip_flops(200, 3)
    assert split.x.shape == (200, STEPS, SYMBOLS + 1)
    for series, label in zip(split.x, split.y, strict=True):
        assert series[0, SYMBOLS] == 1
        held, steps = -1, [0] * SYMBOLS
        for step in series:
            held = int(step[:SYMBOLS].argmax()) if step[SYMBOLS] else held
            steps[held] += 1
        assert steps[label] == max(steps)
        assert steps.count(max(steps)) == 1


def test_nothing_but_what_is_held_tells_the_label() -> None:
    """The symbol that is shown most often is right in a fifth of the series, the one that is written most often in less than half."""
    split = flip_flops(4_000, 1)
    shown = split.x[:, :, :SYMBOLS].sum(1).argmax(1)
    written = (split.x[:, :, :SYMBOLS] * split.x[:, :, SYMBOLS:]).sum(1).argmax(1)
    assert np.mean(shown == split.y) < 0.25
    assert np.mean(written == split.y) < 0.5
