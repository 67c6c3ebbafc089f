"""A block repeated or dropped: a module of several operations with weights, such as a residual block, a convolution or an encoder layer."""

from collections.abc import Iterator
from random import Random

from einspace.derivation import Derivation, infer
from einspace.errors import ShapeError
from einspace.operations import Operation
from einspace.variation.child import Path
from einspace.variation.edits.site import Candidate, Site, paths
from einspace.variation.edits.windows import without_strides


def repeat_block(site: Site, rng: Random) -> Iterator[Candidate]:
    """A block followed by itself, in a random order of the blocks; the second one has no strides and must keep the shape."""
    for path, block in _blocks(site, rng):
        if not site.derives(block.symbol, (block.symbol, block.symbol)):
            continue
        again, outputs = without_strides(site, block), site.inferred(path).outputs
        try:
            kept = infer(again, outputs, site.memo).outputs == outputs
        except ShapeError:
            continue
        if kept:
            yield Candidate(site.node.replace(path, Derivation(block.symbol, (block, again))), path, "block repeated")


def drop_block(site: Site, rng: Random) -> Iterator[Candidate]:
    """A sequence of two modules without one that is a block, in a random order of the blocks."""
    for path, _ in _blocks(site, rng):
        above = site.node.at(path[:-1]) if path else None
        if above is None or above.branching is not None or len(above.children) != 2:
            continue
        neighbour = above.nodes[1 - path[-1]]
        if neighbour.symbol != above.symbol:
            if not site.derives(above.symbol, _expansion(neighbour)):
                continue
            neighbour = Derivation(above.symbol, neighbour.children)
        yield Candidate(site.node.replace(path[:-1], neighbour), path[:-1], "block dropped")


def _blocks(site: Site, rng: Random) -> list[tuple[Path, Derivation]]:
    """The modules of two or more operations with weights, in a random order."""
    found = []
    for path, node in paths(site.node):
        cost = site.inferred(path).cost
        if path and cost.terminals > 1 and cost.parameters:
            found.append((path, node))
    rng.shuffle(found)
    return found


def _expansion(node: Derivation) -> tuple[str, ...] | Operation:
    """The right-hand side of the production that a node applies; the branches of a module are one symbol."""
    if node.terminal is not None:
        return node.terminal
    symbols = tuple(child.symbol for child in node.nodes)
    return symbols if node.branching is None else (symbols[0], symbols[1], symbols[-1])
