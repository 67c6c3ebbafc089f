"""Uses: the productions that a derivation uses, counted by the depth and the mode in which they stand."""

from bisect import bisect
from collections import Counter
from typing import NamedTuple, Self

from einspace.derivation import Derivation, Memo, infer
from einspace.derivation.inference import Frame
from einspace.features import Features
from einspace.grammar import Grammar, Production
from einspace.operations import Operation

EDGES = (4, 8, 16)
"""The depths at which another bucket begins."""

MODES = ("Im", "Col")
"""The modes of a feature (section 3.5)."""


class Region(NamedTuple):
    """A part of a derivation: the bucket of the depth, from 0, and the mode of the feature that reaches a node."""

    bucket: int
    mode: str

    @classmethod
    def of(cls, depth: int, features: Features) -> Self:
        """The region of a node; an aggregation, which several features reach, has the mode of the first.

        >>> from einspace.features import Feature
        >>> Region.of(5, (Feature((3, 8, 8)),))
        Region(bucket=1, mode='Im')
        """
        return cls(bisect(EDGES, depth), features[0].mode)


Uses = Counter[tuple[Region, Production]]
"""The number of uses of each production in each region."""


def regions() -> list[Region]:
    """All regions."""
    return [Region(bucket, mode) for bucket in range(len(EDGES) + 1) for mode in MODES]


def uses(root: Derivation, inputs: Features, grammar: Grammar) -> Uses:
    """The uses in a derivation that fits its inputs; a repeated branch counts once, as it is drawn.

    What no production of the grammar derives, such as a width beside its options, is left out.
    """
    known = {(production.symbol, production.expansion): production for production in grammar.productions}
    memo, found, waiting = Memo(), Uses(), [(root, 0, inputs)]
    infer(root, inputs, memo)
    while waiting:
        node, depth, reaching = waiting.pop()
        production = known.get((node.symbol, _expansion(node)))
        if production is not None:
            found[Region.of(depth, reaching), production] += 1
        if node.terminal is not None:
            continue
        frame = Frame(node, reaching)
        for child in node.nodes:
            arguments = frame.arguments()
            waiting.append((child, depth + 1, arguments))
            frame.take(*infer(child, arguments, memo))
    return found


def _expansion(node: Derivation) -> tuple[str, ...] | Operation:
    """The symbols that the node's production derives; a branching module names its branch once."""
    if node.terminal is not None:
        return node.terminal
    parts = node.nodes if node.branching is None else (*node.nodes[:2], node.nodes[-1])
    return tuple(part.symbol for part in parts)
