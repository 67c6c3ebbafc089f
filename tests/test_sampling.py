"""Sampling (section 3.6, A.1): valid by construction."""

from collections.abc import Sequence
from hashlib import sha256
from random import Random
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.architectures import BULK, SHAPES, SMALL, sampled

from einspace import Architecture, EinSpace, Limits
from einspace.derivation import Memo, text
from einspace.derivation.inference import inputs_at
from einspace.errors import LimitError
from einspace.features import Feature, Features
from einspace.grammar import einspace_grammar
from einspace.limits import UNLIMITED
from einspace.networks import build
from einspace.sampling import AttemptGivenUp, Sampler, SamplingReport
from einspace.variation import MutationReport

DIGEST = "75d4ccc282f551ff350e1df3d90cd5ecc4101d68a2cef6f704fb9c13e1ea3083"
"""Of the first 50 samples of an image of 32 x 32; it changes where the grammar or the sampler does, and every seed with it."""


def test_the_walk_through_of_appendix_a1() -> None:
    """Scripted with the decisions of A.1, the sampler derives the convolutional block with a skip connection, left to right."""
    modules = ["B M A", "clone(b=2)", "M M", "R1 M R2", "im2col(k=3,s=1,p=1)", "C", "linear(d=64)", "col2im"]
    script = iter([*modules, "M M", "C", "norm", "C", "relu", "C", "linear(d=64)", "concat(dim=1,b=2)"])

    def choose(options: Sequence[Any], _: Sequence[float]) -> int:
        names = [str(option) for option in options]
        return names.index(next(script))

    sampler = Sampler(einspace_grammar(), UNLIMITED)
    node, _, _ = sampler.attempt("S", (Feature((3, 8, 64)),), choose)
    block = "[[im2col(k=3,s=1,p=1) linear(d=64) col2im] [norm relu]]"
    assert text(node) == f"[clone(b=2) {{{block} linear(d=64)}} concat(dim=1,b=2)]"


def test_backtracking_changes_the_latest_decision_first() -> None:
    """Where no aggregation fits, another width of the last linear is tried before anything above it."""
    order = iter(["B M A", "clone(b=2)", "C", "linear(d=16)", "C", "linear(d=32)", "linear(d=64)", "linear(d=16)", "add"])
    offered: list[list[str]] = []

    def choose(options: Sequence[Any], _: Sequence[float]) -> int:
        names = [str(option) for option in options]
        offered.append(names)
        return names.index(next(order))

    grammar = einspace_grammar()
    without = type(grammar)(tuple(p for p in grammar.productions if not str(p).startswith(("A -> concat", "A -> matmul"))))
    node, _, _ = Sampler(without, UNLIMITED).attempt("S", (Feature((5, 7)),), choose)
    assert text(node) == "[clone(b=2) {linear(d=16) linear(d=16)} add]"
    assert "linear(d=32)" not in offered[-1]


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_real_networks_have_the_inferred_shape_and_parameters(shape: tuple[int, ...]) -> None:
    """What inference says is what PyTorch does, without one exception (the authors' code: 16% wrong or raising)."""
    with torch.device("meta"):
        for architecture in sampled(shape, 15 * BULK):
            network = build(architecture)
            assert network(torch.empty(2, *shape)).shape == (2, *architecture.output.shape)
            assert sum(p.numel() for p in network.parameters()) == architecture.parameters


@pytest.mark.slow
@given(st.data())
def test_any_sequence_of_choices_ends_in_a_valid_architecture(data: st.DataObject) -> None:
    """The choices can come from anywhere: Hypothesis drives the sampler and shrinks what fails (the last production of M ends it)."""
    sampler = Sampler(einspace_grammar(0.6), SMALL)
    space = EinSpace((4, 8, 8), limits=SMALL)
    try:
        node, outputs, cost = sampler.attempt(
            "S", (space.input,), lambda options, _: len(options) - 1 - data.draw(st.integers(0, len(options) - 1))
        )
    except AttemptGivenUp:
        return
    architecture = space.architecture(node)
    assert space.parse(str(architecture)) == architecture
    assert (architecture.output,) == outputs
    assert architecture.parameters == cost.parameters
    assert architecture.terminals == cost.terminals
    assert architecture.nonterminals == cost.nonterminals


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_an_aggregation_joins_exactly_the_branches_of_its_module(shape: tuple[int, ...]) -> None:
    """Also after a branching nested in a repeated branch (the authors' code joins two branches by a concat of four or eight)."""
    nested = 0
    for architecture in sampled(shape, 50 * BULK, Limits()):
        for node in architecture.node.walk():
            if node.branching is None:
                continue
            aggregation = node.nodes[-1].terminal
            assert aggregation is not None
            factor = node.branching.b
            assert len(node.children) == (4 if factor == 2 else 3)
            assert getattr(aggregation, "b", factor) == factor
            assert factor == 2 or aggregation.name != "matmul"
            nested += node.repeats > 1 and any(inner.branching is not None for inner in node.nodes[1].walk())
    assert nested > 0


def test_same_seed_same_architecture() -> None:
    """All randomness comes from the generator; these texts are the same on every platform, so that one digest stands for them."""
    space = EinSpace((3, 32, 32))
    texts = [str(space.sample(Random(seed))) for seed in range(50)]
    assert texts == [str(EinSpace((3, 32, 32)).sample(Random(seed))) for seed in range(50)]
    assert len(set(texts)) == 50
    assert sha256("\n".join(texts).encode()).hexdigest() == DIGEST


def test_limits_hold() -> None:
    """No sample is over a limit, and none is under the least number of parameters."""
    limits = Limits(operations=40, parameters=200_000, activation_bytes=400_000, flops=10_000_000, min_parameters=1_000)
    report = SamplingReport()
    space = EinSpace((3, 16, 16), limits=limits)
    for seed in range(100):
        a = space.sample(Random(seed), report)
        assert 2 <= a.terminals <= 40
        assert 1_000 <= a.parameters <= 200_000
        assert a.activation_bytes <= 400_000
        assert a.flops <= 10_000_000
    assert report.samples == 100
    assert report.too_small > 0
    assert report.attempts > 100
    assert report.acceptance == 100 / report.attempts


@pytest.mark.slow
def test_limits_that_let_nothing_through_are_named() -> None:
    """A search that cannot start says so instead of running forever."""
    limits = Limits(operations=2, min_parameters=90_000_000)
    with pytest.raises(LimitError, match="widen the limits"):
        EinSpace((1, 1, 1), limits=limits).sample(Random(0))
    with pytest.raises(LimitError, match="exclude each other"):
        Limits(parameters=10, min_parameters=11)
    with pytest.raises(LimitError, match="whole number"):
        Limits(parameters=-1)


def test_restarts_are_rare_at_the_paper_s_setting() -> None:
    """Fewer than 2% of the attempts run out of decisions, so restarts hardly bias towards small networks."""
    report = SamplingReport()
    space = EinSpace((3, 32, 32))
    for seed in range(500):
        space.sample(Random(seed), report)
    assert report.over_budget / report.attempts < 0.02


@pytest.mark.parametrize("shape", SHAPES)
def test_other_weights_are_asked_for_at_the_node_that_is_drawn(shape: tuple[int, ...]) -> None:
    """With its symbol, its depth in the whole derivation and what reaches it, in a mutation too; the grammar's own change nothing."""
    space, asked = EinSpace(shape, limits=SMALL), set[tuple[str, int, Features]]()

    def weigh(symbol: str, depth: int, features: Features) -> list[float]:
        asked.add((symbol, depth, features))
        return [production.weight for production in space.grammar.rules[symbol]]

    weighted = space.weighted(weigh)
    for seed in range(20):
        asked.clear()
        architecture = weighted.sample(Random(seed))
        assert architecture == space.sample(Random(seed))
        assert places(architecture, ()) <= asked
        asked.clear()
        report = MutationReport()
        child = weighted.mutate(architecture, Random(seed), report)
        assert child == space.mutate(architecture, Random(seed))
        assert report.path is not None
        assert places(child, report.path) <= asked
        assert min(depth for _, depth, _ in asked) <= len(report.path)


def places(architecture: Architecture, below: tuple[int, ...]) -> set[tuple[str, int, Features]]:
    """Symbol, depth and inputs of the nodes below the end of a path."""
    root, found = architecture.node, set[tuple[str, int, Features]]()
    for path in map(root.path, range(root.size)):
        if path[: len(below)] == below:
            found.add((root.at(path).symbol, len(path), inputs_at(root, (architecture.input,), path, Memo())))
    return found


def test_weights_decide_what_is_drawn() -> None:
    """A production whose weight is far above the others' is drawn wherever it fits."""
    space = EinSpace((8, 8))
    liked = {"S -> M M", "M -> C", "C -> relu"}
    rules = space.grammar.rules
    weighted = space.weighted(lambda symbol, *_: [1e12 if str(production) in liked else 1.0 for production in rules[symbol]])
    assert {str(weighted.sample(Random(seed))) for seed in range(50)} == {"[relu relu]"}
    assert str(space.sample(Random(0))) == str(EinSpace((8, 8)).sample(Random(0)))
