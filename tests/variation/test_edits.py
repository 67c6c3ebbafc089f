"""Edits by hand: every kind gives networks of the grammar that are what inference says, and widths change as people would change them."""

from collections import Counter
from itertools import islice
from random import Random

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.architectures import RECURRENT, SHAPES, SMALL, sampled
from tests.operations.derived import DERIVED

from einspace import Architecture, EinSpace, Limits, baselines, sequence_grammar
from einspace.derivation import Derivation, Memo
from einspace.errors import LimitError, MutationError, ShapeError
from einspace.networks import build
from einspace.operations import Operation
from einspace.variation import EDITS, EditReport
from einspace.variation.edits.groups import width_groups
from einspace.variation.edits.site import Candidate, Site


def candidates(architecture: Architecture, kind: str, seed: int = 0, space: EinSpace | None = None) -> list[Candidate]:
    """What an edit of one kind makes of an architecture, valid or not."""
    grammar = (EinSpace(architecture.input) if space is None else space).grammar
    return list(EDITS[kind].candidates(Site(architecture.node, architecture.input, grammar, Memo()), Random(seed)))


def of_other_widths(architecture: Architecture) -> list[Candidate]:
    """The candidates with other widths, the wider ones first."""
    return [candidate for kind in ("widen", "narrow") for candidate in candidates(architecture, kind)]


def terminals(node: Derivation) -> list[Operation]:
    return [inner.terminal for inner in node.walk() if inner.terminal is not None]


def check(child: Architecture, parent: Architecture, space: EinSpace) -> None:
    """What every child must be: a derivation that reads back, new, within the limits, and in PyTorch what inference says."""
    assert space.parse(str(child)) == child
    fresh = space.architecture(child.node)
    assert fresh._inferred == child._inferred
    assert space.limits.outgrown(fresh._inferred.cost) is None
    assert fresh.key == child.key != parent.key
    options = {production.expansion for production in space.grammar.productions}
    assert set(terminals(child.node)) - set(terminals(parent.node)) <= options
    with torch.device("meta"):
        network = build(child)
        assert network(torch.empty(2, *child.input.shape)).shape[1:] == child.output.shape
        assert sum(parameter.numel() for parameter in network.parameters()) == child.parameters


@pytest.mark.parametrize("name", ["resnet8", "vit-tiny", "mixer-tiny"])
def test_a_network_is_widened_as_the_edit_of_the_whole_network_does(name: str) -> None:
    """Without a draw; where there is no wider network, or none within the limits, one line says so."""
    space, parent, report = EinSpace((3, 32, 32)), baselines.get(name, (3, 32, 32)), EditReport()
    wide = space.widen(parent, report)
    check(wide, parent, space)
    assert (report.words, report.kind, report.made) == ("all widths x 2", "widen", Counter(widen=1))
    drawn = candidates(parent, "widen")
    assert wide.node in [candidate.node for candidate in drawn if candidate.words == "all widths x 2"]
    for limited, one in ((EinSpace((3, 32, 32), limits=Limits(parameters=parent.parameters)), parent), (EinSpace((8, 8)), None)):
        with pytest.raises(MutationError, match="there is no network of twice the width within"):
            limited.widen(limited.parse("[linear(d=2048) relu]") if one is None else one)


@pytest.mark.slow
@pytest.mark.parametrize("kind", EDITS)
@settings(max_examples=25)
@given(st.sampled_from([*((shape, "paper") for shape in SHAPES), *((shape, "recurrent") for shape in RECURRENT)]), st.integers(0, 9_999))
def test_every_edit_gives_networks_of_the_grammar(kind: str, where: tuple[tuple[int, ...], str], seed: int) -> None:
    """What fits is a new architecture, and it differs from its parent below the place that is named and nowhere else."""
    shape, grammar = where
    space = EinSpace(shape, grammar=grammar)
    (parent,) = sampled(shape, 1, seed=seed, grammar=grammar)
    for candidate in islice(candidates(parent, kind, seed, space), 2):
        try:
            child = space.architecture(candidate.node)
        except ShapeError:
            continue
        if child.key == parent.key:
            continue
        check(child, parent, space)
        old, new = parent.node.at(candidate.path), child.node.at(candidate.path)
        assert child.node.replace(candidate.path, old) == parent.node
        assert old != new
        assert candidate.words


@pytest.mark.slow
@given(st.sampled_from(SHAPES), st.integers(0, 9_999))
def test_an_edit_is_valid_new_and_the_same_for_a_seed(shape: tuple[int, ...], seed: int) -> None:
    """The public edit keeps to the limits, reports kind and place, and depends on its generator alone."""
    space = EinSpace(shape, limits=SMALL)
    (parent,) = sampled(shape, 1, seed=seed)
    report = EditReport()
    try:
        child = space.edit(parent, Random(seed), report)
    except MutationError:
        assume(False)
    check(child, parent, space)
    assert report.path is not None
    assert child.node.replace(report.path, parent.node.at(report.path)) == parent.node
    assert (report.children, report.made.total()) == (1, 1)
    assert report.tries == report.children + report.misfits + report.outgrown + report.unchanged
    again = EinSpace(shape, limits=SMALL)
    assert again.edit(again.parse(str(parent)), Random(seed)) == child


def test_what_cannot_be_edited_has_no_weights() -> None:
    """Of random architectures, those for which no edit is found are without linear layers; widths fit nine times in ten."""
    space, unedited, report = EinSpace((3, 32, 32)), [], EditReport()
    for seed, parent in enumerate(sampled((3, 32, 32), 100)):
        try:
            space.edit(parent, Random(seed), report)
        except MutationError:
            unedited.append(parent)
    assert len(unedited) < 25
    assert not any("linear" in str(parent) or "im2col" in str(parent) for parent in unedited)
    assert report.misfits < 0.2 * report.children


def scaled(name: str, shape: tuple[int, ...], words: str) -> Architecture:
    """A baseline with all its widths changed."""
    parent = baselines.get(name, shape)
    (found,) = (candidate for candidate in of_other_widths(parent) if candidate.words == words)
    return EinSpace(shape).architecture(found.node)


@pytest.mark.parametrize(("words", "width", "head"), [("all widths x 2", 128, 32), ("all widths / 2", 32, 16)])
@pytest.mark.parametrize("shape", [(3, 8, 8), (3, 32, 32)])
def test_small_transformers_and_mixers_become_those_of_another_width(shape: tuple[int, ...], words: str, width: int, head: int) -> None:
    """One edit gives the networks that their families have at twice or half the width; tokens stay, and so do heads of the least width."""
    patch = 4 if shape[1] >= 16 else 2
    tokens = (shape[1] // patch) ** 2
    vit, mixer = scaled("vit-tiny", shape, words), scaled("mixer-tiny", shape, words)
    assert vit == baselines.vit(shape, layers=2, width=width, heads=4, head_width=head, hidden=width, patch=patch)
    assert mixer == baselines.mixer(shape, layers=2, width=width, patch=patch)
    mixing = 4 * tokens * (tokens + 1) + tokens * (4 * tokens + 1)
    layer = 2 * width + mixing + (width + 1) * width // 2 + (width // 2 + 1) * width
    assert mixer.parameters == width * (3 * patch**2 + 1) + width * tokens + 2 * layer


@pytest.mark.parametrize(("words", "widths"), [("all widths x 2", (32, 64, 128)), ("all widths / 2", (16, 16, 32))])
def test_a_small_resnet_of_another_width_has_the_parameters_of_a_hand_computation(words: str, widths: tuple[int, int, int]) -> None:
    """A convolution has k k c d + d parameters and a norm 2 d; the grammar has no width below 16."""

    def conv_norm(into: int, out: int, kernel: int = 3) -> int:
        return (kernel**2 * into + 1) * out + 2 * out

    first, second, third = widths
    expected = 3 * conv_norm(first, first) - conv_norm(first, first) + conv_norm(3, first)
    for into, out in ((first, second), (second, third)):
        expected += conv_norm(into, out) + conv_norm(out, out) + conv_norm(into, out, kernel=1)
    assert scaled("resnet8", (3, 32, 32), words).parameters == expected


@pytest.mark.parametrize(
    ("text", "shape", "groups"),
    [
        ("[linear(d=16) linear(d=32)]", (4, 8), [(["linear(d=16)"], True), (["linear(d=32)"], True)]),
        ("[clone(b=2) {linear(d=8) identity} add]", (4, 8), []),
        (
            "[clone(b=2) {linear(d=16) [linear(d=32) linear(d=16)]} add]",
            (4, 8),
            [(["linear(d=16)", "linear(d=16)"], True), (["linear(d=32)"], True)],
        ),
        ("[clone(b=2) {linear(d=16) linear(d=32)} concat(dim=2,b=2)]", (4, 8), [(["linear(d=16)"], True), (["linear(d=32)"], True)]),
        ("[clone(b=2) {linear(d=16) linear(d=32)} concat(dim=1,b=2)]", (4, 16), None),
        ("[clone(b=2) {linear(d=16) linear(d=16)} concat(dim=1,b=2)]", (4, 16), [(["linear(d=16)", "linear(d=16)"], True)]),
        (
            "[clone(b=2) {linear(d=16) [identity linear(d=16) permute(o=(2,1))]} matmul(scaled=True)]",
            (4, 8),
            [(["linear(d=16)", "linear(d=16)"], True)],
        ),
        ("[permute(o=(2,1)) [linear(d=64) linear(d=4)] permute(o=(2,1))]", (4, 8), [(["linear(d=64)"], False), (["linear(d=4)"], False)]),
        ("[[permute(o=(2,1)) linear(d=64) permute(o=(2,1))] linear(d=16)]", (4, 8), [(["linear(d=64)"], False), (["linear(d=16)"], True)]),
        ("[linear(d=32) [im2col(k=3,s=1,p=1) linear(d=16) col2im]]", (3, 8, 8), [(["linear(d=16)"], True)]),
        ("[[im2col(k=1,s=1,p=0) linear(d=16) col2im] [clone(b=2) {identity relu} add]]", (3, 8, 8), [(["linear(d=16)"], True)]),
        (
            "[linear(d=64) [group-dim(dim=2,b=4) {linear(d=16)} concat(dim=2,b=4)]]",
            (4, 8),
            [(["linear(d=64)"], True), (["linear(d=16)"], True)],
        ),
        (
            "[linear(d=64) [clone(b=2) {identity [group-dim(dim=2,b=4) {linear(d=16)} concat(dim=2,b=4)]} add]]",
            (4, 8),
            [(["linear(d=64)", "linear(d=16)"], True)],
        ),
    ],
)
def test_widths_that_must_fit_each_other_are_one_group(
    text: str, shape: tuple[int, ...], groups: list[tuple[list[str], bool]] | None
) -> None:
    """Known answers: sums and products tie widths, the input holds them, concatenation sets them free, and pixels are not channels."""
    space = EinSpace(shape)
    if groups is None:
        with pytest.raises(ShapeError):
            space.parse(text)
        return
    node = space.parse(text).node
    assert [([str(node.at(path).terminal) for path in group.paths], group.channels) for group in width_groups(node, space.input)] == groups


def test_a_module_keeps_the_widths_that_its_surroundings_need() -> None:
    """Inside of a residual block only the hidden width changes, for the outer one is that of the shortcut."""
    parent = EinSpace((4, 64)).parse("[clone(b=2) {[[linear(d=128) relu] linear(d=64)]  identity} add]")
    assert {str(EinSpace((4, 64)).architecture(found.node)) for found in of_other_widths(parent)} == {
        "[clone(b=2) {[[linear(d=256) relu] linear(d=64)] identity} add]",
        "[clone(b=2) {[[linear(d=64) relu] linear(d=64)] identity} add]",
    }


def test_widths_stay_in_the_option_sets() -> None:
    """Nothing is wider than 2048 or narrower than 16, and a width that no option has a relative of stays."""
    space = EinSpace((4, 8))
    for text, found in (("[linear(d=2048) linear(d=16)]", 2), ("[linear(d=100) relu]", 0), ("[linear(d=33) relu]", 0)):
        whole = [candidate for candidate in of_other_widths(space.parse(text)) if candidate.words.startswith("all")]
        assert len(whole) == found
    texts = {str(space.architecture(found.node)) for found in of_other_widths(space.parse("[linear(d=2048) linear(d=16)]"))}
    assert texts == {"[linear(d=1024) linear(d=16)]", "[linear(d=2048) linear(d=32)]"}


def test_a_block_is_followed_by_itself_without_its_strides() -> None:
    """A strided convolution is repeated at its output's size; what cannot be repeated at its own output is left alone."""
    space = EinSpace((3, 8, 8))
    strided = "[im2col(k=3,s=2,p=1) linear(d=16) col2im]"
    (found,) = candidates(space.parse(f"[{strided} relu]"), "repeat")
    assert str(space.architecture(found.node)) == f"[[{strided} [im2col(k=3,s=1,p=1) linear(d=16) col2im]] relu]"
    assert candidates(space.parse("[[im2col(k=4,s=4,p=0) linear(d=16) col2im] relu]"), "repeat") == []


def test_a_block_is_dropped_from_a_sequence() -> None:
    """What is left takes the sequence's place where the grammar derives it there: a single operation is not an architecture."""
    space = EinSpace((4, 8))
    block = "[linear(d=16) relu]"
    assert [str(space.architecture(found.node)) for found in candidates(space.parse(f"[{block} [relu softmax]]"), "drop")] == [
        "[relu softmax]"
    ]
    assert candidates(space.parse(f"[{block} relu]"), "drop") == []
    inside = {str(space.architecture(found.node)) for found in candidates(space.parse(f"[clone(b=4) {{[{block} softmax]}} add]"), "drop")}
    assert inside == {"[clone(b=4) {softmax} add]"}


def test_kernels_change_where_the_shape_stays_and_patches_change_it() -> None:
    """A kernel of 3 with padding and one of 1 give the same rows; patches become patches of another size."""
    space = EinSpace((3, 16, 16))
    words = {
        found.words: str(space.architecture(found.node))
        for found in candidates(space.parse("[im2col(k=3,s=2,p=1) linear(d=16) col2im]"), "kernel")
    }
    assert words == {"kernel 3 to 1": "[im2col(k=1,s=2,p=0) linear(d=16) col2im]"}
    patches = {found.words for found in candidates(space.parse("[im2col(k=4,s=4,p=0) linear(d=16) identity]"), "kernel")}
    assert patches == {"patches 4 to 8", "patches 4 to 16"}


def test_a_residual_block_changes_its_stride_with_its_shortcut() -> None:
    """All windows of a branching module lose their strides at once, and the first ones of its branches get them at once."""
    space = EinSpace((3, 16, 16))
    main = "[[im2col(k=3,s={0},p=1) linear(d=16) col2im] [im2col(k=3,s=1,p=1) linear(d=16) col2im]]"
    block = f"[clone(b=2) {{{{{main} [im2col(k=1,s={{0}},p=0) linear(d=16) col2im]}}}} add]"
    for before, after in ((1, 2), (2, 1)):
        valid = {}
        for found in candidates(space.parse(block.format(before)), "stride"):
            try:
                valid[found.words] = str(space.architecture(found.node))
            except ShapeError:
                continue
        assert valid == {f"stride {before} to {after}": block.format(after)}


def test_a_stride_that_stays_is_not_named() -> None:
    """Patches beside a window that loses its stride have no other one of their size, and keep theirs."""
    space = EinSpace((3, 32, 32))
    branches = "[[im2col(k=4,s=4,p=0) linear(d=16) col2im] [im2col(k=3,s=2,p=1) linear(d=16) col2im]]"
    found = {candidate.words for candidate in candidates(space.parse(f"[clone(b=4) {{{branches}}} add]"), "stride")}
    assert "stride 2 to 1" in found
    assert "stride 4 to 1" not in found


def test_sequences_have_windows_of_their_own() -> None:
    """In the grammar of sequences kernels and strides are those of its windows, and widths follow through them."""
    space = EinSpace((16, 8), grammar=sequence_grammar())
    parent = space.parse("[[window(k=3,s=1,p=1) linear(d=16) identity] relu]")
    found = {kind: {candidate.words for candidate in candidates(parent, kind, 0, space)} for kind in EDITS}
    assert found == {
        "widen": {"all widths x 2"},
        "narrow": set(),
        "repeat": {"block repeated"},
        "drop": set(),
        "kernel": {"kernel 3 to 5"},
        "stride": {"stride 1 to 2"},
    }


def test_gates_change_their_widths_together() -> None:
    """Both sides of a product are one group, which a scan hands on; a causal window has another kernel."""
    space = EinSpace((16, 8), grammar="recurrent")
    parent = space.parse(
        "[[causal-window(k=2,s=1,p=1) linear(d=32) identity] [clone(b=2) {[linear(d=64) scan(reverse=False)] linear(d=64)} multiply]]"
    )
    groups = [[parent.node.at(path).terminal for path in group.paths] for group in width_groups(parent.node, parent.input)]
    assert [[str(terminal) for terminal in group] for group in groups] == [["linear(d=32)"], ["linear(d=64)", "linear(d=64)"]]
    assert {candidate.words for candidate in candidates(parent, "kernel", 0, space)} == {"kernel 2 to 3", "kernel 2 to 4"}


def test_where_one_kind_finds_nothing_another_is_tried() -> None:
    """A transformer has no stride to change: it is edited otherwise, and the report counts what found nothing to do."""
    space, parent = EinSpace((3, 32, 32)), baselines.get("vit-tiny", (3, 32, 32))
    report, words = EditReport(), Counter[str]()
    for seed in range(60):
        space.edit(parent, Random(seed), report)
        words[report.words] += 1
    assert report.idle["stride"] > 0 == report.made["stride"]
    assert report.made.total() == report.children == 60
    assert words["all widths x 2"] + words["all widths / 2"] > 60 * 2 / 6 * 0.5 * 0.5


def test_where_nothing_can_be_edited_that_is_said() -> None:
    """An architecture without widths, blocks or windows, limits that nothing else meets, and one of another space."""
    space = EinSpace((4, 8))
    with pytest.raises(MutationError, match="none of the edits widen, narrow, repeat, drop, kernel, stride gives"):
        space.edit(space.parse("[relu norm]"), Random(0))
    tight = EinSpace((4, 8), limits=Limits(parameters=8 * 16 + 16, operations=2))
    with pytest.raises(MutationError, match="widen the limits"):
        tight.edit(tight.parse("[linear(d=16) relu]"), Random(0))
    with pytest.raises(LimitError, match="takes"):
        space.edit(EinSpace((3, 3)).parse("[relu relu]"), Random(0))


def test_nothing_is_assumed_of_widths_of_what_derives_from_an_operation() -> None:
    """A subclass of `linear` or of an aggregation may set other lengths, so it keeps its own, and those of the layers that it reads."""
    space = EinSpace((4, 8), grammar=DERIVED)
    for text, expected in (
        ("[[linear(d=16) relu] [bare(d=32) linear(d=64)]]", ["linear(d=16)", "linear(d=64)"]),
        ("[[clone(b=2) {linear(d=16) linear(d=16)} uneven] linear(d=32)]", ["linear(d=32)"]),
        ("[[clone(b=2) {linear(d=16) linear(d=16)} interleave(dim=2,b=2)] linear(d=32)]", ["linear(d=32)"]),
    ):
        node = space.parse(text).node
        groups = [[str(node.at(path).terminal) for path in group.paths] for group in width_groups(node, space.input)]
        assert groups == [[layer] for layer in expected]
