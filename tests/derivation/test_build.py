"""The composers give what parsing their text gives."""

from math import ceil, log2

import pytest

from einspace.derivation import Derivation, parse, text
from einspace.derivation.build import branch, compute, route, sequence, whole
from einspace.grammar import einspace_grammar
from einspace.operations import (
    OPERATIONS,
    Add,
    Clone,
    Col2im,
    Computation,
    Concat,
    GroupDim,
    Identity,
    Im2col,
    Linear,
    Matmul,
    Norm,
    Permute,
    Relu,
)

RELU, IDENTITY = compute(Relu()), compute(Identity())

CONV = route(Im2col(3, 1, 1), compute(Linear(64)), Col2im())

WHOLE = {
    "[relu norm]": sequence(RELU, compute(Norm())),
    "[im2col(k=3,s=1,p=1) linear(d=64) col2im]": CONV,
    "[identity relu permute(o=(2,1))]": route(Identity(), RELU, Permute((2, 1))),
    "[permute(o=(3,1,2)) identity identity]": route(Permute((3, 1, 2)), IDENTITY, Identity()),
    "[clone(b=2) {relu identity} add]": branch(Clone(2), (RELU, IDENTITY), Add()),
    "[clone(b=2) {relu identity} matmul(scaled=True)]": branch(Clone(2), (RELU, IDENTITY), Matmul(scaled=True)),
    "[group-dim(dim=1,b=8) {relu} concat(dim=1,b=8)]": branch(GroupDim(1, 8), [RELU], Concat(1, 8)),
    "[clone(b=4) {[im2col(k=3,s=1,p=1) linear(d=64) col2im]} add]": branch(Clone(4), [CONV], Add()),
    "[[relu relu] [relu relu]]": sequence(RELU, RELU, RELU, RELU),
    "[[[relu relu] [relu relu]] norm]": sequence(*[RELU] * 4, compute(Norm())),
}


@pytest.mark.parametrize("source", WHOLE)
def test_a_composed_derivation_equals_its_parsed_text(source: str) -> None:
    """Composing and reading the text give one node, for every production and both branching arities."""
    node = whole(WHOLE[source])
    assert text(node) == source
    assert parse(source, einspace_grammar()) == node
    assert hash(parse(source, einspace_grammar())) == hash(node)


@pytest.mark.parametrize("name", [name for name, kind in OPERATIONS.items() if issubclass(kind, Computation)])
def test_every_computation_can_be_composed(name: str) -> None:
    """Every option of every computation is M -> C -> terminal, also where it is a routing elsewhere."""
    for option in OPERATIONS[name].options():
        assert isinstance(option, Computation)
        node = whole(sequence(compute(option), RELU))
        assert parse(text(node), einspace_grammar()) == node


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 100, 1000])
def test_a_sequence_keeps_the_order_and_is_balanced(count: int) -> None:
    """The depth of n modules in series is the logarithm of n, and they stay in order."""
    modules = [compute(Linear(width)) for width in range(1, count + 1)]
    root = sequence(*modules)
    assert [node.terminal for node in root.walk() if node.terminal] == [Linear(width) for width in range(1, count + 1)]
    assert _depth(root) == ceil(log2(count))
    assert root.size == 3 * count - 1
    if count > 1:
        assert parse(text(whole(root)), einspace_grammar()) == whole(root)


def test_one_module_in_sequence_is_itself() -> None:
    """No production M -> M exists, so nothing may be wrapped around one module."""
    assert sequence(CONV) is CONV


def test_composers_refuse_what_the_grammar_does_not_derive() -> None:
    """An empty sequence, a bare computation as architecture, and a wrong number of branches are mistakes in the calling code."""
    with pytest.raises(ValueError, match="one module or more"):
        sequence()
    with pytest.raises(ValueError, match="an architecture is"):
        whole(RELU)
    with pytest.raises(ValueError, match="an architecture is"):
        whole(whole(CONV))
    for branching, nodes, wanted in ((Clone(2), [RELU], 2), (Clone(4), [RELU, RELU], 1), (GroupDim(1, 8), [], 1)):
        with pytest.raises(ValueError, match=f"takes {wanted} modules, not {len(nodes)}"):
            branch(branching, nodes, Add())


def _depth(root: Derivation) -> int:
    deepest, waiting = 0, [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        if len(node.children) > 1:
            waiting.extend((child, depth + 1) for child in node.nodes)
    return deepest
