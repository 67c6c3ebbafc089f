"""Normal form and canonical key (section 5)."""

import pytest
from tests.architectures import SHAPES, sampled
from tests.operations.derived import DERIVED

from einspace import EinSpace

SAME = [
    ("[relu [norm softmax]]", "[[relu norm] softmax]"),
    ("[relu norm]", "[[relu identity] [identity norm]]"),
    ("[relu norm]", "[identity [relu norm] identity]"),
    (
        "[permute(o=(2,1,3)) relu permute(o=(2,1,3))]",
        "[[permute(o=(2,3,1)) identity permute(o=(1,3,2))] [relu [permute(o=(2,1,3)) identity identity]]]",
    ),
    ("[relu relu]", "[[permute(o=(2,3,1)) identity permute(o=(3,1,2))] [relu relu]]"),
    ("[relu relu]", "[[im2col(k=1,s=1,p=0) identity col2im] [relu relu]]"),
    ("[clone(b=2) {relu identity} add]", "[clone(b=2) {identity relu} add]"),
    ("[clone(b=4) {relu} add]", "[clone(b=2) {[clone(b=2) {relu relu} add] [clone(b=2) {relu relu} add]} add]"),
    (
        "[clone(b=4) {relu} concat(dim=1,b=4)]",
        "[clone(b=2) {[clone(b=2) {relu relu} concat(dim=1,b=2)] [clone(b=2) {relu relu} concat(dim=1,b=2)]} concat(dim=1,b=2)]",
    ),
    ("[relu relu]", "[[group-dim(dim=2,b=4) {identity} concat(dim=2,b=4)] [relu relu]]"),
    # relu acts on each element, so it goes through every routing, and softmax leaves nothing for it to do
    ("[relu [im2col(k=3,s=1,p=1) linear(d=16) col2im]]", "[im2col(k=3,s=1,p=1) [relu linear(d=16)] col2im]"),
    ("[permute(o=(3,1,2)) [relu norm] permute(o=(2,3,1))]", "[relu [permute(o=(3,1,2)) norm permute(o=(2,3,1))]]"),
    ("[permute(o=(3,1,2)) relu permute(o=(2,3,1))]", "[relu identity]"),
    ("[softmax [permute(o=(3,1,2)) relu identity]]", "[softmax [identity identity permute(o=(3,1,2))]]"),
    # what has no weights is done once, before or after the branches
    ("[clone(b=2) {[relu norm] [relu linear(d=4)]} add]", "[relu [clone(b=2) {norm linear(d=4)} add]]"),
    ("[clone(b=4) {[softmax linear(d=4)]} add]", "[softmax [clone(b=4) {linear(d=4)} add]]"),
    (
        "[clone(b=2) {[[clone(b=2) {relu softmax} add] norm] [clone(b=2) {relu softmax} add]} add]",
        "[[clone(b=2) {softmax relu} add] [clone(b=2) {identity norm} add]]",
    ),
    ("[group-dim(dim=1,b=2) {[relu norm] relu} add]", "[relu [group-dim(dim=1,b=2) {norm identity} add]]"),
    (
        "[group-dim(dim=1,b=2) {[permute(o=(2,1,3)) norm identity] [permute(o=(2,1,3)) softmax identity]} concat(dim=2,b=2)]",
        "[[permute(o=(2,1,3)) identity identity] [group-dim(dim=2,b=2) {norm softmax} concat(dim=2,b=2)]]",
    ),
    ("[clone(b=2) {[norm relu] [softmax [norm relu]]} concat(dim=2,b=2)]", "[[clone(b=2) {norm [softmax norm]} concat(dim=2,b=2)] relu]"),
    (
        "[clone(b=2) {[identity norm permute(o=(3,1,2))] [norm [identity norm permute(o=(3,1,2))]]} concat(dim=1,b=2)]",
        "[identity [clone(b=2) {norm [norm norm]} concat(dim=3,b=2)] permute(o=(3,1,2))]",
    ),
    (
        "[clone(b=4) {[identity norm permute(o=(2,1,3))]} add]",
        "[identity [clone(b=4) {norm} add] permute(o=(2,1,3))]",
    ),
    # modules of modules
    ("[[clone(b=2) {relu relu} add] [clone(b=2) {identity identity} add]]", "[relu [clone(b=4) {identity} add]]"),
    (
        "[group-dim(dim=3,b=2) {[group-dim(dim=3,b=2) {norm norm} concat(dim=1,b=2)] [group-dim(dim=3,b=2) {norm norm} concat(dim=1,b=2)]}"
        " concat(dim=1,b=2)]",
        "[group-dim(dim=3,b=4) {norm} concat(dim=1,b=4)]",
    ),
    (
        "[[clone(b=4) {norm} concat(dim=3,b=4)] [group-dim(dim=3,b=4) {linear(d=4)} add]]",
        "[clone(b=4) {[norm linear(d=4)]} add]",
    ),
]

DIFFERENT = [
    ("[relu norm]", "[norm relu]"),
    ("[linear(d=16) relu]", "[linear(d=32) relu]"),
    ("[clone(b=2) {linear(d=16) linear(d=16)} add]", "[linear(d=16) [clone(b=2) {identity identity} add]]"),
    ("[clone(b=2) {relu norm} concat(dim=1,b=2)]", "[clone(b=2) {norm relu} concat(dim=1,b=2)]"),
    ("[clone(b=2) {relu norm} matmul(scaled=False)]", "[clone(b=2) {norm relu} matmul(scaled=False)]"),
    ("[clone(b=2) {relu norm} matmul(scaled=False)]", "[clone(b=2) {relu norm} matmul(scaled=True)]"),
    ("[group-dim(dim=2,b=4) {identity} concat(dim=1,b=4)]", "[identity identity]"),
    ("[im2col(k=1,s=2,p=0) identity col2im]", "[identity identity]"),
    ("[clone(b=4) {relu} add]", "[clone(b=8) {relu} add]"),
    ("[clone(b=2) {norm norm} add]", "[norm [clone(b=2) {identity identity} add]]"),
    ("[clone(b=2) {[norm relu] [norm relu]} add]", "[[clone(b=2) {norm norm} add] relu]"),
    ("[relu norm]", "[norm relu]"),
    ("[permute(o=(2,1,3)) norm permute(o=(2,1,3))]", "[norm identity]"),
    ("[permute(o=(3,2,1)) softmax permute(o=(3,2,1))]", "[softmax identity]"),
    ("[relu [softmax relu]]", "[relu [relu softmax]]"),
    ("[group-dim(dim=1,b=4) {norm} concat(dim=1,b=4)]", "[group-dim(dim=2,b=4) {norm} concat(dim=2,b=4)]"),
]


def _key(text: str) -> str:
    return EinSpace((4, 4, 4)).parse(text).key


@pytest.mark.parametrize(("one", "other"), SAME)
def test_texts_of_one_architecture_share_a_key(one: str, other: str) -> None:
    """Re-association, identities, permute pairs and the order of a sum do not change what is computed."""
    assert _key(one) == _key(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_another_function_has_another_key(one: str, other: str) -> None:
    """Order, options, shared against separate weights, and the left and right of a matmul matter."""
    assert _key(one) != _key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[clone(b=2) {relu norm} uneven]", "[clone(b=2) {norm relu} uneven]"),
        ("[clone(b=2) {relu norm} uneven]", "[clone(b=2) {relu norm} add]"),
        ("[clone(b=2) {relu norm} interleave(dim=1,b=2)]", "[clone(b=2) {relu norm} concat(dim=1,b=2)]"),
        ("[strided(dim=1,b=2) {relu norm} add]", "[group-dim(dim=1,b=2) {relu norm} add]"),
        ("[group-dim(dim=1,b=2) {identity identity} interleave(dim=1,b=2)]", "[identity identity]"),
    ],
)
def test_what_derives_from_an_operation_has_another_key(one: str, other: str) -> None:
    """No rule for a built-in operation holds for a subclass of it: nothing is assumed of what a user writes."""
    space = EinSpace((4, 4, 4), grammar=DERIVED)
    assert space.parse(one).key != space.parse(other).key


def test_settings_of_an_own_branching_are_in_the_key() -> None:
    """Of a clone and a group-dim the branches say the factor; of a branching of a user's nothing is known, so all of its text counts."""
    space = EinSpace((4, 4, 4), grammar=DERIVED)
    assert space.parse("[weave(dim=1,b=2) {norm norm} add]").key != space.parse("[weave(dim=2,b=2) {norm norm} add]").key


def test_the_key_depends_on_the_input() -> None:
    """Norm is another operation in Im and in Col mode, and the same text has other weights at another input."""
    assert EinSpace((4, 4, 4)).parse("[norm relu]").key != EinSpace((4, 4)).parse("[norm relu]").key


def test_the_key_is_the_same_in_every_process() -> None:
    """Stored keys stay valid: this one is golden."""
    assert EinSpace((3, 32, 32)).parse("[clone(b=2) {relu identity} add]").key == "2d94fe8083b5c2e1b695"


@pytest.mark.slow
def test_deep_nesting_has_a_key() -> None:
    """Digests are made from the leaves up: a derivation may be deeper than Python's recursion limit of 1,000."""
    deep = "[clone(b=2) {" * 1_200 + "norm" + " identity} add]" * 1_200
    assert len(EinSpace((4, 4, 4)).parse(deep).key) == 20


def test_deep_branches_that_are_compared_have_a_key() -> None:
    """Whether all of a branch has no weights is known from the leaves up too: equal branches are asked for it."""
    deep = "[clone(b=2) {[" * 400 + "relu" + " softmax] identity} add]" * 400
    assert len(EinSpace((4, 4)).parse("[clone(b=4) {" + deep + "} add]").key) == 20


@pytest.mark.parametrize("shape", SHAPES)
def test_keys_of_samples_survive_the_text(shape: tuple[int, ...]) -> None:
    """Parsing what was printed gives the same key."""
    space = EinSpace(shape)
    for architecture in sampled(shape, 40):
        assert space.parse(str(architecture)).key == architecture.key


def test_a_sum_of_sums_of_sums_can_be_laid_out() -> None:
    """4,096 equal branches, nested four deep, are no wider than one clone may be, and their network exists."""
    architecture = EinSpace((2, 2)).parse("[clone(b=8) {" * 4 + "norm" + "} add]" * 4)
    graph = architecture.graph()
    assert sum(instruction.operation.name == "norm" for instruction in graph.instructions) == 4096
