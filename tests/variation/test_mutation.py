"""Mutation (section 4.1): valid, new, and everywhere in the derivation."""

from contextlib import suppress
from random import Random

import pytest
import torch
from scipy.stats import chisquare
from tests.architectures import BULK, RECURRENT, SHAPES, SMALL, sampled

from einspace import Architecture, EinSpace, Feature, Limits, baselines
from einspace.derivation import Derivation, text
from einspace.errors import LimitError, MutationError, NotationError, ShapeError
from einspace.networks import build
from einspace.operations import Operation
from einspace.variation import MutationReport


@pytest.mark.parametrize(("shape", "grammar"), [*((shape, "paper") for shape in SHAPES), *((shape, "recurrent") for shape in RECURRENT)])
def test_children_are_valid_new_and_within_the_limits(shape: tuple[int, ...], grammar: str) -> None:
    """A child parses back, is not its parent in other words, and what was inferred step by step is what a fresh inference says."""
    space = EinSpace(shape, limits=SMALL, grammar=grammar)
    for seed, parent in enumerate(sampled(shape, 25, grammar=grammar)):
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


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vit-tiny", "mixer-tiny"])
def test_every_node_is_drawn_equally_often(name: str) -> None:
    """Over thousands of tries of real mutations every node was the one to resample, at a rate that a chi-squared test finds uniform."""
    space, parent = EinSpace((3, 16, 16)), baselines.get(name, (3, 16, 16))
    rng, report = Random(0), MutationReport()
    while report.tries < 4_000 * BULK:
        space.mutate(parent, rng, report)
    drawn = [report.paths[parent.node.path(index)] for index in range(parent.node.size)]
    assert sum(drawn) == report.tries
    assert min(drawn) > 0
    assert chisquare(drawn).pvalue > 0.001


class _Pointing(Random):
    """Draws the node that it is told, and all else at random."""

    index = 0

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        return self.index


@pytest.mark.slow
@pytest.mark.parametrize(("name", "grammar"), [("vit", "paper"), ("mixer", "paper"), ("gru", "recurrent"), ("mamba", "recurrent")])
def test_every_node_that_can_change_does(name: str, grammar: str) -> None:
    """After validation too: a node has children unless it is a terminal whose every other option fails or computes the same."""
    shape = (3, 16, 16)
    space, parent = EinSpace(shape, grammar=grammar), getattr(baselines, name)(shape, layers=1, width=64)
    rng, report = _Pointing(0), MutationReport()
    for index in range(parent.node.size):
        rng.index = index
        path = parent.node.path(index)
        possible = parent.node.at(path).terminal is None or bool(_other_terminals(space, parent, path))
        child = None
        for _ in range(25 if possible else 1):
            with suppress(MutationError):
                child = space.mutate(parent, rng, report)
                break
        assert (child is not None) == possible, (path, parent.node.at(path).symbol)
        assert child is None or report.path == path


def _other_terminals(space: EinSpace, parent: Architecture, path: tuple[int, ...]) -> list[Operation]:
    """The terminals that could stand at a path instead, by trying them all; the text tells whether the branches fit."""
    symbol, found = parent.node.at(path).symbol, []
    for production in space.grammar.rules[symbol]:
        assert isinstance(production.expansion, Operation)
        child = parent.node.replace(path, Derivation(symbol, (production.expansion,)))
        with suppress(NotationError, ShapeError):
            other = space.parse(text(child))
            if other.key != parent.key and space.limits.outgrown(other._inferred.cost) is None:
                found.append(production.expansion)
    return found


def test_copies_never_drift_apart() -> None:
    """A mutation inside a repeated branch changes every copy alike: the flat network has four times the same operations in a row."""
    space = EinSpace((8, 8))
    parent = space.parse("[clone(b=4) {[relu [clone(b=8) {[norm relu]} add]]} add]")

    def copy(architecture: Architecture) -> list[Operation]:
        _, *copies, _ = (instruction.operation for instruction in architecture.graph(optimize=False).instructions)
        one = copies[: len(copies) // 4]
        assert copies == 4 * one
        return one

    before, changed, report = copy(parent), 0, MutationReport()
    for seed in range(200):
        child = space.mutate(parent, Random(seed), report)
        if report.path is not None and report.path[:1] == (1,):
            assert copy(child) != before
            changed += 1
    assert changed > 100


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if len(shape) == 2])
def test_a_sequence_stays_a_sequence(shape: tuple[int, ...]) -> None:
    """Through 40 generations of mutants the input is as it was, and every value is in Col mode with no grid, in PyTorch as inferred."""
    space = EinSpace(shape, limits=SMALL)
    rng = Random(0)
    child = space.sample(rng)
    for _ in range(40):
        child = space.mutate(child, rng)
        graph = child.graph(optimize=False)
        assert graph.features[0] == child.input == Feature(shape)
        assert all(feature.mode == "Col" and feature.grid is None for feature in (*graph.features, child.output))
        assert space.parse(str(child)).output == child.output
        assert build(child)(torch.zeros(2, *shape)).shape == (2, *child.output.shape)
