"""The space in bulk: valid by construction at every input, and what it refuses."""

from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from tests.architectures import BULK, SHAPES

from einspace import Architecture, EinSpace, Limits
from einspace.errors import GrammarError, LimitError, ShapeError
from einspace.grammar import einspace_grammar
from einspace.limits import UNLIMITED
from einspace.networks import build
from einspace.sampling import SamplingReport

SAMPLES, MUTANTS = 60 * BULK, 15 * BULK
"""At each of the eight inputs: 480 and 120 in all, or 3,840 and 960 in bulk."""
BUILT_SAMPLES, BUILT_MUTANTS = 8 * BULK, 3 * BULK
"""Of these are built."""


def _check(space: EinSpace, architecture: Architecture) -> None:
    """Text round-trip, limits, and figures and key that a fresh inference of the text gives too."""
    again = space.parse(str(architecture))
    assert again == architecture
    assert again.key == architecture.key
    assert again.output == architecture.output
    assert again.parameters == architecture.parameters
    assert again.flops == architecture.flops
    assert space.limits.outgrown(again._inferred.cost) is None


def _build(architecture: Architecture) -> None:
    """The real output has the inferred shape, and there are as many parameters as were counted."""
    with torch.device("meta"):
        network = build(architecture)
        assert network(torch.empty(2, *architecture.input.shape)).shape == (2, *architecture.output.shape)
    assert sum(p.numel() for p in network.parameters()) == architecture.parameters


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_every_architecture_is_what_it_says(shape: tuple[int, ...]) -> None:
    """Samples and mutants of them, some of which are built: not one exception (the authors' code: 16% wrong or raising)."""
    space = EinSpace(shape)
    parents: list[Architecture] = []
    for i in range(SAMPLES):
        architecture = space.sample(Random(f"bulk:{i}"))
        _check(space, architecture)
        if i < BUILT_SAMPLES:
            _build(architecture)
        if i < MUTANTS:
            parents.append(architecture)
    for i, parent in enumerate(parents):
        child = space.mutate(parent, Random(f"bulk:{i}"))
        assert child.key != parent.key
        _check(space, child)
        if i < BUILT_MUTANTS:
            _build(child)


@pytest.mark.slow
def test_below_the_critical_probability_limits_bound_the_size() -> None:
    """At p = 0.3 the radius is above one (A.4): sampling works where the operations are bounded, and is refused where nothing is."""
    wide = Limits(operations=10**7, parameters=None, activation_bytes=None, flops=None)
    space = EinSpace((3, 32, 32), computation_probability=0.3, limits=wide)
    report = SamplingReport()
    sizes = [space.sample(Random(i), report).terminals for i in range(150)]
    assert max(sizes) > 1_000
    assert report.samples == 150
    with pytest.raises(GrammarError, match=r"spectral radius is 1\.01"):
        EinSpace((3, 32, 32), computation_probability=0.3, limits=UNLIMITED)


def test_a_range_of_sizes_is_met_and_its_price_reported() -> None:
    """Sampling conditioned on a size range: every sample lies in it, and the acceptance rate says what it cost."""
    limits = Limits(min_parameters=100_000, parameters=1_000_000)
    space = EinSpace((3, 16, 16), limits=limits)
    report = SamplingReport()
    found = [space.sample(Random(i), report) for i in range(30)]
    assert all(100_000 <= architecture.parameters <= 1_000_000 for architecture in found)
    assert 0 < report.acceptance < 0.5
    assert report.attempts == report.samples + report.over_budget + sum(report.outgrown.values()) + report.too_small


def test_the_axes_of_a_shape_may_be_numpy_s() -> None:
    """Whole numbers of NumPy and PyTorch, and an array or a list of them, are a shape like any other."""
    shapes: list[Any] = [np.array([3, 8, 8]), [np.int32(3), 8, np.uint8(8)], torch.Size((3, 8, 8)), list(torch.tensor([3, 8, 8]))]
    assert {EinSpace(shape).input for shape in shapes} == {EinSpace((3, 8, 8)).input}
    with pytest.raises(ShapeError, match="needs two axes"):
        EinSpace([np.float64(3), 8, 8])  # type: ignore[list-item]


@pytest.mark.parametrize("shape", [(0, 3, 3), (3, 0), (3,), (), (1, 2, 3, 4), (3, -1, 3), (3, 2.5, 3), (True, 3, 3)])
def test_a_shape_that_is_none_is_refused(shape: tuple[int, ...]) -> None:
    """Two or three whole axes of one or more, or an error that shows the shape."""
    with pytest.raises(ShapeError, match=r"needs two axes \(S, D\) or three axes \(C, H, W\)"):
        EinSpace(shape)


@pytest.mark.parametrize("p", [0, -0.1, 1.0001, 2, float("nan"), float("inf")])
def test_a_probability_outside_its_range_is_refused(p: float) -> None:
    """p(M -> C) is in (0, 1]."""
    with pytest.raises(GrammarError, match="above 0 and at most 1"):
        EinSpace((3, 8, 8), computation_probability=p)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"operations": 1}, "cannot be met"),
        ({"parameters": 10, "min_parameters": 11}, "exclude each other"),
        ({"flops": -1}, "flops"),
        ({"activation_bytes": 1.5}, "activation_bytes"),
        ({"operations": "many"}, "operations"),
        ({"min_parameters": None}, "min_parameters"),
    ],
)
def test_limits_that_cannot_be_met_are_refused(limits: dict[str, int], message: str) -> None:
    """The error names the limit."""
    with pytest.raises(LimitError, match=message):
        Limits(**limits)


def test_a_grammar_cannot_be_given_beside_a_probability() -> None:
    """One of them would be ignored."""
    with pytest.raises(GrammarError, match="probability"):
        EinSpace((3, 8, 8), computation_probability=0.5, grammar=einspace_grammar(0.4))
