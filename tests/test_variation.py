"""Mutation (section 4.1): valid, new, and everywhere in the derivation."""

from random import Random

import pytest
from tests.architectures import SHAPES, SMALL, sampled

from einspace import EinSpace, Limits, baselines
from einspace.errors import LimitError, MutationError
from einspace.variation import MutationReport


@pytest.mark.parametrize("shape", SHAPES)
def test_children_are_valid_new_and_within_the_limits(shape: tuple[int, ...]) -> None:
    """A child parses back, is not its parent in other words, and what was inferred step by step is what a fresh inference says."""
    space = EinSpace(shape, limits=SMALL)
    for seed, parent in enumerate(sampled(shape, 25)):
        child = space.mutate(parent, Random(seed))
        fresh = space.parse(str(child))
        assert fresh == child
        assert fresh.output == child.output
        assert (fresh.parameters, fresh.flops, fresh.terminals) == (child.parameters, child.flops, child.terminals)
        assert child.key != parent.key
        assert SMALL.outgrown(fresh._inferred.cost) is None


@pytest.mark.parametrize("name", ["resnet18", "wrn16-4", "vit", "mlp-mixer"])
def test_baselines_mutate(name: str) -> None:
    """No child of a baseline equals its parent (the authors' code: 67% for ViT)."""
    space = EinSpace((3, 64, 64))
    parent = baselines.get(name, (3, 64, 64))
    report = MutationReport()
    keys = {space.mutate(parent, Random(seed), report).key for seed in range(30)}
    assert parent.key not in keys
    assert len(keys) > 20
    assert report.children == 30


def test_a_computation_can_become_another_computation() -> None:
    """Resampling C under a fixed M reaches every option that fits (the authors' code never changed one)."""
    space = EinSpace((4, 4))
    parent = space.parse("[relu relu]")
    children = {str(space.mutate(parent, Random(seed))) for seed in range(300)}
    assert {"[norm relu]", "[relu softmax]", "[linear(d=64) relu]", "[relu pos-enc]"} <= children


def test_a_branching_keeps_to_the_number_of_its_branches() -> None:
    """clone(b=4) may become clone(b=8), whose one branch is repeated too, but never a factor of two."""
    space = EinSpace((8, 8))
    parent = space.parse("[clone(b=4) {relu} add]")
    children = {str(space.mutate(parent, Random(seed))) for seed in range(400)}
    assert "[clone(b=8) {relu} add]" in children
    assert "[group-dim(dim=1,b=4) {relu} add]" in children
    assert not any(child.startswith("[clone(b=2) {relu} add") for child in children)


def test_same_seed_same_child() -> None:
    """A mutation depends on its generator alone, not on what was mutated before."""
    space = EinSpace((3, 16, 16))
    parent = space.sample(Random(3))
    again = EinSpace((3, 16, 16)).parse(str(parent))
    first = [str(space.mutate(parent, Random(seed))) for seed in range(20)]
    assert [str(space.mutate(again, Random(seed))) for seed in reversed(range(20))] == first[::-1]


def test_where_nothing_fits_mutation_says_so() -> None:
    """The tries are bounded."""
    tight = EinSpace((1, 1), limits=Limits(operations=2, parameters=0, activation_bytes=0))
    with pytest.raises(MutationError, match="widen the limits"):
        tight.mutate(tight.parse("[identity identity]"), Random(0))
    with pytest.raises(LimitError, match="takes"):
        EinSpace((2, 2)).mutate(EinSpace((3, 3)).parse("[relu relu]"), Random(0))
