"""Crossover: a part of the second parent in the first, valid and new."""

from collections import Counter
from itertools import pairwise
from random import Random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare
from tests.architectures import BULK, SHAPES, SMALL, sampled

from einspace import Architecture, EinSpace, Limits, baselines
from einspace.errors import LimitError, MutationError
from einspace.limits import UNLIMITED
from einspace.networks import build
from einspace.variation import TRIES, CrossoverReport


def check(child: Architecture, first: Architecture, second: Architecture, space: EinSpace) -> None:
    """What every child must be."""
    fresh = space.parse(str(child))
    assert fresh == child
    assert fresh._inferred == child._inferred
    assert space.limits.outgrown(fresh._inferred.cost) is None
    assert fresh.key not in (first.key, second.key)


@given(st.sampled_from(SHAPES), st.integers(0, 999), st.integers(0, 999), st.integers(0, 999))
def test_children_are_valid_new_and_within_the_limits(shape: tuple[int, ...], one: int, other: int, seed: int) -> None:
    """A child parses back, is neither parent in other words, and a fresh inference says of it what inference by parts said."""
    space = EinSpace(shape, limits=SMALL)
    first, second = (sampled(shape, 1, seed=seed)[0] for seed in (one, other))
    try:
        child = space.crossover(first, second, Random(seed))
    except MutationError:  # two small parents may have nothing to exchange
        assert first.node.size < 20 or second.node.size < 20
        return
    check(child, first, second, space)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_almost_all_parents_have_a_child(shape: tuple[int, ...]) -> None:
    """Nine random pairs in ten or more have a child at every input, even at a single element; the others are too small to differ."""
    space = EinSpace(shape, limits=SMALL)
    parents = sampled(shape, 40)
    report = CrossoverReport()
    found = 0
    for seed, (first, second) in enumerate(pairwise(parents)):
        try:
            check(space.crossover(first, second, Random(seed), report), first, second, space)
            found += 1
        except MutationError:
            continue
    assert report.children == found >= 0.9 * (len(parents) - 1)
    assert report.tries == report.children + report.misfits + report.outgrown + report.unchanged + report.unmatched


@pytest.mark.slow
@pytest.mark.parametrize("names", [("resnet18", "vit"), ("vit", "resnet18"), ("mlp-mixer", "vit")])
def test_baselines_cross(names: tuple[str, str]) -> None:
    """ResNet18 and ViT have children, most of them different, which PyTorch builds as inferred."""
    space = EinSpace((3, 64, 64))
    first, second = (baselines.get(name, (3, 64, 64)) for name in names)
    report = CrossoverReport()
    count = 12 * BULK
    children = [space.crossover(first, second, Random(seed), report) for seed in range(count)]
    for child in children:
        check(child, first, second, space)
    assert len({child.key for child in children}) > count * 2 // 3
    assert report.children == count
    assert report.tries < 20 * report.children
    with torch.device("meta"):
        for child in children[:5]:
            assert build(child)(torch.empty(2, 3, 64, 64)).shape[1:] == child.output.shape


def test_the_child_is_the_first_with_one_part_of_the_second() -> None:
    """Outside the exchanged subtree the child is the first parent; the subtree is one of the second's, with the same symbol."""
    space, report = EinSpace((3, 64, 64), limits=UNLIMITED), CrossoverReport()
    first, second = (baselines.get(name, (3, 64, 64)) for name in ("resnet18", "vit"))
    for seed in range(30):
        child = space.crossover(first, second, Random(seed), report)
        assert report.path is not None
        taken, old = child.node.at(report.path), first.node.at(report.path)
        assert taken.symbol == old.symbol
        assert taken in set(second.node.walk())
        assert child.node.replace(report.path, old) == first.node


def test_both_nodes_are_drawn_uniformly() -> None:
    """The place is uniform among the nodes of the first parent, the part uniform among the nodes of its symbol in the second."""
    space = EinSpace((4, 4))
    first, second = space.parse("[relu relu]"), space.parse("[[norm softmax] [pos-enc linear(d=16)]]")
    rng, report = Random(0), CrossoverReport()
    taken: Counter[str] = Counter()
    for _ in range(2_000):
        child = space.crossover(first, second, rng, report)
        if report.path == (0, 0):
            taken[str(child.node.at((0, 0)).terminal)] += 1
    assert set(taken) == {"norm", "softmax", "pos-enc", "linear(d=16)"}
    assert chisquare(list(taken.values())).pvalue > 0.001
    assert len(report.paths) == first.node.size
    assert chisquare(list(report.paths.values())).pvalue > 0.001


def test_a_branching_keeps_to_the_number_of_its_branches() -> None:
    """A factor of eight may take the place of a factor of four, whose one branch is repeated too, but never a factor of two."""
    space = EinSpace((8, 8))
    first = space.parse("[clone(b=4) {relu} add]")
    repeated = {str(space.crossover(first, space.parse("[clone(b=8) {norm} add]"), Random(seed))) for seed in range(50)}
    assert "[clone(b=8) {relu} add]" in repeated
    pair = {str(space.crossover(first, space.parse("[clone(b=2) {norm softmax} add]"), Random(seed))) for seed in range(50)}
    assert pair == {"[clone(b=4) {norm} add]", "[clone(b=4) {softmax} add]"}


def test_same_seed_same_child() -> None:
    """A crossover depends on its generator alone, not on what was crossed before, nor on what is remembered."""
    space = EinSpace((3, 64, 64))
    first, second = (baselines.get(name, (3, 64, 64)) for name in ("vit", "resnet18"))
    children = [str(space.crossover(first, second, Random(seed))) for seed in range(10)]
    again = EinSpace((3, 64, 64)).parse(str(first))
    assert [str(space.crossover(again, second, Random(seed))) for seed in reversed(range(10))] == children[::-1]


def test_a_symbol_that_the_second_parent_lacks_is_counted() -> None:
    """A branching and an aggregation have no match in a parent without branches; the other nodes still cross."""
    space, report = EinSpace((8, 8)), CrossoverReport()
    first, second = space.parse("[clone(b=2) {relu norm} add]"), space.parse("[softmax pos-enc]")
    for seed in range(50):
        space.crossover(first, second, Random(seed), report)
    assert report.unmatched == report.paths[0,] + report.paths[3,] > 0


def test_where_nothing_fits_crossover_says_so() -> None:
    """The tries are bounded, and both parents must be of this space."""
    space, report = EinSpace((4, 4)), CrossoverReport()
    with pytest.raises(MutationError, match="parents that differ more"):
        space.crossover(space.parse("[relu relu]"), space.parse("[relu relu]"), Random(0), report)
    assert report.unchanged == report.tries == TRIES
    tight = EinSpace((4, 4), limits=Limits(parameters=0))
    with pytest.raises(MutationError, match="widen the limits"):
        tight.crossover(tight.parse("[relu relu]"), space.parse("[linear(d=16) linear(d=16)]"), Random(0))
    for pair in ((space, EinSpace((3, 3))), (EinSpace((3, 3)), space)):
        with pytest.raises(LimitError, match="takes"):
            space.crossover(pair[0].parse("[relu relu]"), pair[1].parse("[norm norm]"), Random(0))
