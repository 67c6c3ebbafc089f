"""Passes: each on its own, and each after those before it, leaves what is computed as it is."""

from collections import Counter

import pytest
import torch
from tests.architectures import RECURRENT, SHAPES, sampled
from tests.networks.comparison import compare, compare_graphs
from tests.networks.test_attention import head
from tests.operations.derived import DERIVED

from einspace import Architecture, EinSpace, baselines
from einspace.graph import Graph, lower
from einspace.networks import build
from einspace.operations import Clone, Col2im, Im2col
from einspace.passes import PASSES, Convolution

CONV = "[im2col(k=3,s=1,p=1) linear(d=16) col2im]"
ARCHITECTURES = [architecture for shape in SHAPES for architecture in sampled(shape, 4, seed=2)]
ARCHITECTURES += [architecture for shape in RECURRENT for architecture in sampled(shape, 6, seed=2, grammar="recurrent")]
ARCHITECTURES += [baselines.get(name, (3, 16, 16)) for name in ("resnet8", "vit-tiny", "mixer-tiny", "gru-tiny", "mamba-tiny")]
ARCHITECTURES += [
    EinSpace((3, 8, 8)).parse(text)
    for text in (
        f"[{CONV} [relu {CONV}]]",
        f"[clone(b=4) {{[{CONV} relu]}} concat(dim=1,b=4)]",
        "[[im2col(k=4,s=4,p=0) linear(d=16) identity] [relu linear(d=16)]]",
        f"[clone(b=2) {{{CONV} [im2col(k=3,s=1,p=1) [linear(d=16) softmax] col2im]}} add]",
    )
]


def lowered(architecture: Architecture) -> Graph:
    """The graph that the first pass gets."""
    return lower(architecture.normal_form, architecture.input)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(PASSES)), ids=[run.__name__ for run in PASSES])
def test_every_pass_keeps_outputs_and_gradients(number: int) -> None:
    """Alone, and after all passes before it, against the graph that it gets."""
    changed = 0
    for architecture in ARCHITECTURES:
        alone = following = lowered(architecture)
        for run in PASSES[:number]:
            following = run(following)
        for before in [alone] if following == alone else [alone, following]:
            after = PASSES[number](before)
            if after != before:
                compare_graphs(before, after)
        changed += after != before
    assert changed >= 1


@pytest.mark.parametrize("run", PASSES, ids=[run.__name__ for run in PASSES])
def test_a_second_run_of_a_pass_changes_nothing(run: object) -> None:
    """What a pass looks for, it replaces everywhere."""
    for architecture in ARCHITECTURES:
        once = run(lowered(architecture))  # type: ignore[operator]
        assert run(once) == once  # type: ignore[operator]


def kinds(text: str) -> Counter[type]:
    """How many operations of each class the optimised graph of a text has."""
    architecture = EinSpace((3, 8, 8)).parse(text)
    torch.manual_seed(0)
    compare(architecture)
    return Counter(type(instruction.operation) for instruction in architecture.graph().instructions)


def test_no_clone_is_left() -> None:
    """Branches read one value; there is no operation between."""
    assert kinds("[clone(b=8) {[clone(b=8) {norm} concat(dim=1,b=8)]} add]")[Clone] == 0


def test_convolutions_that_share_their_columns_are_convolutions() -> None:
    """The normal form unrolls once for all branches; as convolutions they need no columns at all."""
    found = kinds(f"[clone(b=8) {{[{CONV} norm]}} add]")
    assert found[Convolution] == 8
    assert found[Im2col] == found[Col2im] == 0


def test_columns_that_something_else_reads_stay() -> None:
    """A norm of the rows needs them; unrolling again for the convolution would do the work twice."""
    found = kinds("[im2col(k=3,s=1,p=1) [clone(b=2) {linear(d=27) norm} add] col2im]")
    assert found[Convolution] == 0
    assert found[Im2col] == 1


def test_relu_after_a_convolution_needs_no_rows() -> None:
    """The normal form has relu before col2im; the pixels are not unrolled for it."""
    found = kinds(f"[{CONV} [relu {CONV}]]")
    assert found[Convolution] == 2
    assert found[Im2col] == found[Col2im] == 0


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("[[im2col(k=3,s=1,p=1) bare(d=16) col2im] relu]", (3, 8, 8)),
        ("[[flipped(k=3,s=1,p=1) linear(d=16) col2im] relu]", (3, 8, 8)),
        ("[group-dim(dim=1,b=2) {identity identity} interleave(dim=1,b=2)]", (4, 4, 4)),
        ("[strided(dim=1,b=2) {identity identity} concat(dim=1,b=2)]", (4, 4, 4)),
        ("[clone(b=2) {INNER INNER} interleave(dim=1,b=2)]".replace("INNER", "[clone(b=2) {norm relu} interleave(dim=1,b=2)]"), (4, 4)),
        ("[clone(b=2) {[clone(b=2) {norm relu} uneven] [clone(b=2) {relu norm} uneven]} uneven]", (4, 4)),
        ("[[clone(b=4) {norm} interleave(dim=1,b=4)] [group-dim(dim=1,b=4) {linear(d=4)} add]]", (4, 4)),
        ("[[clone(b=4) {norm} concat(dim=1,b=4)] [strided(dim=1,b=4) {linear(d=4)} add]]", (4, 4)),
        (f"[clone(b=2) {{{head()} {head()}}} interleave(dim=2,b=2)]", (5, 6)),
        (f"[clone(b=4) {{{head('bare(d=16)')}}} concat(dim=2,b=4)]", (5, 6)),
        ("[clone(b=4) {linear(d=16)} interleave(dim=2,b=4)]", (4, 6)),
    ],
)
def test_nothing_is_assumed_of_what_derives_from_an_operation(text: str, shape: tuple[int, ...]) -> None:
    """Where a built-in operation would be fused, packed, batched or left out, a subclass of it computes what it says."""
    torch.manual_seed(0)
    architecture = EinSpace(shape, grammar=DERIVED).parse(text)
    for batched in (False, True):
        compare(architecture, batched)
    assert architecture.parameters == sum(parameter.numel() for parameter in build(architecture).parameters())
