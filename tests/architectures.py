"""Architectures for the tests: the walk-through of A.1, and random ones at many inputs."""

import os
from random import Random

from einspace import Architecture, EinSpace, Limits

CONVOLUTION_WITH_SKIP = "[clone(b=2) {[[im2col(k=3,s=1,p=1) linear(d=3) col2im] [norm relu]] identity} add]"

BULK = int(os.environ.get("EINSPACE_TEST_BULK", "1"))
"""How many times as much as usual the tests take that draw architectures in bulk: 8 is for changes of the grammar, sampling or mutation."""

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


def checked_samples(space: EinSpace, count: int) -> list[str]:
    """The texts of samples that parse back, with the shapes and parameters that PyTorch has; of 10 a mutant is built too, a new one."""
    import torch  # here, so that what only samples needs no PyTorch

    from einspace import build

    shape, texts = space.input.shape, []
    with torch.device("meta"):
        for seed in range(count):
            architecture = space.sample(Random(seed))
            texts.append(str(architecture))
            assert space.parse(texts[-1]) == architecture
            network = build(architecture)
            assert network(torch.empty(2, *shape)).shape == (2, *architecture.output.shape)
            assert sum(p.numel() for p in network.parameters()) == architecture.parameters
            if seed < 10 * BULK:
                child = space.mutate(architecture, Random(seed))
                assert child.key != architecture.key
                assert build(child)(torch.empty(2, *shape)).shape == (2, *child.output.shape)
    return texts
