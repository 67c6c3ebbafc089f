"""Architectures for the tests: the walk-through of A.1, and random ones at many inputs."""

from random import Random

from einspace import Architecture, EinSpace, Limits

CONVOLUTION_WITH_SKIP = "[clone(b=2) {[[im2col(k=3,s=1,p=1) linear(d=3) col2im] [norm relu]] identity} add]"

SHAPES = [(3, 32, 32), (1, 1, 1), (3, 1, 7), (12, 18, 18), (1, 16, 52), (24, 24), (1, 16), (1, 27, 18)]
"""Inputs in both modes, square and not, down to a single element."""

RECURRENT = [(24, 24), (1, 16), (67, 3), (3, 16, 16), (1, 1, 5)]
"""Inputs at which the grammar with recurrence is sampled."""

SMALL = Limits(operations=300, parameters=1_000_000, activation_bytes=2**22)
"""Networks that two cores run in milliseconds."""


def sampled(shape: tuple[int, ...], count: int, limits: Limits = SMALL, seed: int = 0, grammar: str = "paper") -> list[Architecture]:
    """Random architectures, the same for the same arguments."""
    space = EinSpace(shape, limits=limits, grammar=grammar)
    return [space.sample(Random(f"{seed}:{i}")) for i in range(count)]
