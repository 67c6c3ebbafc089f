"""Distance: a metric on derivations, by whole subtrees."""

from functools import cache
from random import Random
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.architectures import sampled

from einspace import Architecture, EinSpace, Limits, baselines
from einspace.derivation import Derivation
from einspace.operations import Norm, Relu
from einspace.variation import MutationReport, distance

SPACE = EinSpace((8, 8), limits=Limits(operations=60))
SOURCES = sampled((8, 8), 12, SPACE.limits)
POOL = SOURCES + [SPACE.mutate(source, Random(seed)) for source in SOURCES for seed in range(2)]
"""Strangers and relatives."""

a_derivation = st.sampled_from(POOL)

GOLDEN = [
    ("[relu relu]", "[relu norm]", 1),  # another terminal
    ("[relu relu]", "[norm norm]", 2),
    ("[relu norm]", "[norm relu]", 2),  # order counts
    ("[clone(b=4) {relu} add]", "[clone(b=8) {relu} add]", 1),
    ("[relu relu]", "[clone(b=2) {relu relu} add]", 2),  # a branching node and an aggregation node more
    ("[relu relu]", "[relu [norm softmax]]", 4),  # C to M, with a C under it, and M with its C beside it
    ("[relu [relu relu]]", "[[relu relu] relu]", 4),  # the same network, derived otherwise: one M goes, one comes
    ("[relu [relu relu]]", "[relu relu]", 4),
]


def by_definition(first: Derivation, second: Derivation) -> int:
    """The definition, by recursion."""

    @cache
    def between(a: Derivation, b: Derivation) -> int:
        below = forests(() if a.terminal is not None else a.nodes, () if b.terminal is not None else b.nodes)
        return below + ((a.symbol, a.terminal) != (b.symbol, b.terminal))

    @cache
    def forests(a: tuple[Derivation, ...], b: tuple[Derivation, ...]) -> int:
        if not a or not b:
            return sum(node.size for node in a + b)
        return min(
            a[-1].size + forests(a[:-1], b),
            b[-1].size + forests(a, b[:-1]),
            between(a[-1], b[-1]) + forests(a[:-1], b[:-1]),
        )

    return between(first, second)


@pytest.mark.parametrize(("first", "second", "edits"), GOLDEN)
def test_small_distances(first: str, second: str, edits: int) -> None:
    """Relabelling costs 1, a subtree its size; worked out by hand."""
    assert SPACE.parse(first).distance(SPACE.parse(second)) == edits


@given(a_derivation, a_derivation)
def test_it_is_what_the_definition_says(first: Architecture, second: Architecture) -> None:
    """Numbering the subtrees and going without recursion changes nothing; equal derivations alone are at 0; both ways are as long."""
    edits = first.distance(second)
    assert edits == by_definition(first.node, second.node) == second.distance(first)
    assert (edits == 0) == (first == second)
    assert first.distance(SPACE.parse(str(first))) == 0


@given(a_derivation, a_derivation, a_derivation)
def test_a_detour_is_never_shorter(first: Architecture, second: Architecture, third: Architecture) -> None:
    """The triangle inequality, between strangers and between relatives."""
    assert first.distance(third) <= first.distance(second) + second.distance(third)


@given(a_derivation, st.integers(0, 10_000))
def test_a_mutant_is_near(parent: Architecture, seed: int) -> None:
    """One new subtree is at most its old and its new size away, and at least 1."""
    report = MutationReport()
    child = SPACE.mutate(parent, Random(seed), report)
    assert report.path is not None
    assert 1 <= parent.distance(child) <= parent.node.at(report.path).size + child.node.at(report.path).size


def test_baselines_are_far_apart() -> None:
    """ResNet18, ViT and MLP-Mixer are farther from each other than from their own mutants, and a distance takes well under a second."""
    space = EinSpace((3, 64, 64))
    named = [baselines.get(name, (3, 64, 64)) for name in ("resnet18", "vit", "mlp-mixer")]
    start = process_time()
    apart = [a.distance(b) for a in named for b in named if a is not b]
    assert process_time() - start < 6
    near = sorted(a.distance(space.mutate(a, Random(seed))) for a in named for seed in range(11))
    assert near[len(near) // 2] < min(apart)


def test_deep_derivations() -> None:
    """5,000 productions deep, no recursion limit is met and the time is linear in the depth, not quadratic."""

    def nested(depth: int, innermost: Derivation) -> Derivation:
        leaf = Derivation("M", (Derivation("C", (Relu(),)),))
        for _ in range(depth):
            innermost = Derivation("M", (innermost, leaf))
        return Derivation("S", (innermost, leaf))

    relu, norm = Derivation("M", (Derivation("C", (Relu(),)),)), Derivation("M", (Derivation("C", (Norm(),)),))
    start = process_time()
    assert distance(nested(5_000, relu), nested(5_000, relu)) == 0
    assert distance(nested(5_000, relu), nested(5_000, norm)) == 1
    assert distance(nested(5_000, relu), nested(4_000, relu)) == 3_001  # three nodes a level, and the innermost C
    assert process_time() - start < 10
