"""Uses: the productions of a derivation, counted where they stand."""

from random import Random

import pytest
from tests.architectures import SHAPES, SMALL

from einspace import EinSpace, baselines
from einspace.derivation import Memo
from einspace.derivation.inference import inputs_at
from einspace.learned import Region, Uses, uses


def counted(space: EinSpace, text: str) -> dict[tuple[int, str, str], int]:
    """The uses of a text, with the productions as they are written."""
    architecture = space.parse(text)
    found = uses(architecture.node, (space.input,), space.grammar)
    return {(*region, str(production)): count for (region, production), count in found.items()}


def test_a_repeated_branch_counts_once() -> None:
    """Four copies of a branch are drawn as one, so that its productions are used once."""
    found = counted(EinSpace((8, 8)), "[clone(b=4) {[relu norm]} add]")
    once = ("S -> B M A", "B -> clone(b=4)", "M -> M M", "C -> relu", "C -> norm", "A -> add")
    assert found == {(0, "Col", production): 1 for production in once} | {(0, "Col", "M -> C"): 2}


def test_the_mode_is_that_of_what_reaches_the_node() -> None:
    """An im2col is used on an image, what stands in it and its col2im on a sequence."""
    found = counted(EinSpace((3, 8, 8)), "[im2col(k=1,s=1,p=0) relu col2im]")
    image, sequence = ("S -> R1 M R2", "R1 -> im2col(k=1,s=1,p=0)"), ("M -> C", "C -> relu", "R2 -> col2im")
    assert found == {(0, "Im", production): 1 for production in image} | {(0, "Col", production): 1 for production in sequence}


def test_a_bucket_begins_at_a_depth_of_four_of_eight_and_of_sixteen() -> None:
    """The root has the depth 0, and each production is one deeper than the one that holds it."""
    text = "[norm " * 18 + "norm" + "]" * 18
    found = counted(EinSpace((8, 8)), text)
    assert {bucket: found[bucket, "Col", "M -> M M"] for bucket in range(4)} == {0: 3, 1: 4, 2: 8, 3: 2}


def test_a_width_that_no_production_has_is_left_out() -> None:
    """Its computation module is counted."""
    found = counted(EinSpace((8, 8)), "[linear(d=196) relu]")
    assert found == {(0, "Col", production): count for production, count in (("S -> M M", 1), ("M -> C", 2), ("C -> relu", 1))}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_node_of_a_sample_is_one_use(shape: tuple[int, ...]) -> None:
    """At its depth, and in the mode that inference gives for the end of its path."""
    space = EinSpace(shape, limits=SMALL)
    for seed in range(25):
        root, expected, memo = space.sample(Random(seed)).node, Uses(), Memo()
        found = uses(root, (space.input,), space.grammar)
        for index in range(root.size):
            path = root.path(index)
            expected[Region.of(len(path), inputs_at(root, (space.input,), path, memo)), root.at(path).symbol] += 1  # type: ignore[index]
        symbols = Uses()
        for (region, production), count in found.items():
            symbols[region, production.symbol] += count  # type: ignore[index]
        assert symbols == expected


def test_a_baseline_is_a_derivation_of_the_grammar_too() -> None:
    """Whose widths are among its options, or left out."""
    space = EinSpace((3, 32, 32))
    node = baselines.get("resnet8", space.input).node
    found = uses(node, (space.input,), space.grammar).total()
    assert node.size / 2 < found <= node.size
