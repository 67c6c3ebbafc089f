"""Composers: write a derivation of the grammar of section 3.3 in Python, a function for each production of M.

    whole(sequence(compute(Linear(64)), branch(Clone(2), (compute(Relu()), compute(Identity())), Add())))

Each gives the node that `parse` reads from the printed text.
"""

from collections.abc import Sequence

from einspace.derivation.tree import Derivation
from einspace.operations import Aggregation, Branching, Computation, Identity, Routing
from einspace.operations.branching import sampled_branches


def compute(operation: Computation) -> Derivation:
    """M -> C: one computation.

    >>> from einspace.derivation import text
    >>> from einspace.operations import Linear
    >>> text(compute(Linear(64)))
    'linear(d=64)'
    """
    return Derivation("M", (Derivation("C", (operation,)),))


def sequence(*nodes: Derivation) -> Derivation:
    """M -> M M: the modules in order, as a balanced tree, so that the depth is logarithmic in their number; one is itself.

    Raises ValueError for no module at all: the grammar derives no empty architecture.

    >>> from einspace.derivation import text
    >>> from einspace.operations import Linear, Norm, Relu
    >>> text(sequence(compute(Linear(64)), compute(Norm()), compute(Relu())))
    '[[linear(d=64) norm] relu]'
    """
    if not nodes:
        raise ValueError("a sequence needs one module or more")
    level = list(nodes)
    while len(level) > 1:
        pairs = [Derivation("M", (left, right)) for left, right in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


def route(first: Routing | Identity, node: Derivation, last: Routing | Identity) -> Derivation:
    """M -> R1 M R2: one module between two routings.

    >>> from einspace.derivation import text
    >>> from einspace.operations import Col2im, Im2col, Linear
    >>> text(route(Im2col(3, 1, 1), compute(Linear(64)), Col2im()))
    '[im2col(k=3,s=1,p=1) linear(d=64) col2im]'
    """
    return Derivation("M", (Derivation("R1", (first,)), node, Derivation("R2", (last,))))


def branch(branching: Branching, nodes: Sequence[Derivation], aggregation: Aggregation) -> Derivation:
    """M -> B M A: two modules side by side for b = 2, and for b = 4 or 8 the single one that every copy repeats (section 3.4).

    Raises ValueError for another number of modules.

    >>> from einspace.derivation import text
    >>> from einspace.operations import Clone, Concat, Linear
    >>> text(branch(Clone(4), [compute(Linear(16))], Concat(2, 4)))
    '[clone(b=4) {linear(d=16)} concat(dim=2,b=4)]'
    """
    wanted = sampled_branches(branching.b)
    if len(nodes) != wanted:
        raise ValueError(f"{branching} takes {wanted} modules, not {len(nodes)}")
    return Derivation("M", (Derivation("B", (branching,)), *nodes, Derivation("A", (aggregation,))))


def whole(node: Derivation) -> Derivation:
    """Make a module the architecture, S; raises ValueError for a single computation, which S does not derive."""
    if node.symbol != "M" or len(node.children) < 2:
        raise ValueError("an architecture is a sequence, a routing or a branching module")
    return Derivation("S", node.children)
