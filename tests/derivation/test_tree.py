"""Derivation trees: immutable, addressed by number or path."""

import pickle

from tests.architectures import CONVOLUTION_WITH_SKIP, sampled

from einspace import EinSpace
from einspace.derivation import Derivation
from einspace.operations import Relu

SPACE = EinSpace((3, 8, 8))


def test_the_derivation_of_figure_3() -> None:
    """Figure 3 has a node for every production: S, B, six M with what is under them, and A."""
    root = SPACE.parse(CONVOLUTION_WITH_SKIP).node
    symbols = [node.symbol for node in root.walk()]
    assert symbols == ["S", "B", "M", "M", "R1", "M", "C", "R2", "M", "M", "C", "M", "C", "M", "C", "A"]
    assert root.size == len(symbols)


def test_paths_number_the_nodes_as_walk_does() -> None:
    """Node i of walk is the node at path(i): a uniform number is a uniform node."""
    for architecture in sampled((3, 8, 8), 20):
        root = architecture.node
        for index, node in enumerate(root.walk()):
            assert root.at(root.path(index)) is node


def test_replacing_shares_all_but_the_spine() -> None:
    """A mutant shares every subtree that was not on the way to the mutated node."""
    root = SPACE.parse("[[relu norm] [softmax relu]]").node
    changed = root.replace((0, 1), Derivation("M", (Derivation("C", (Relu(),)),)))
    assert changed.nodes[1] is root.nodes[1]
    assert changed.nodes[0].nodes[0] is root.nodes[0].nodes[0]
    assert changed == SPACE.parse("[[relu relu] [softmax relu]]").node
    assert root == SPACE.parse("[[relu norm] [softmax relu]]").node


def test_equality_is_by_value_and_survives_pickling() -> None:
    """A derivation that crosses a process border equals itself, although the hash of a string differs there."""
    for architecture in sampled((24, 24), 10):
        copy = pickle.loads(pickle.dumps(architecture.node))
        assert copy == architecture.node
        assert hash(copy) == hash(architecture.node)
