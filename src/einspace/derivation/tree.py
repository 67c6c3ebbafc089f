"""Derivation: the paper's derivation tree, immutable and hashable; one node per production, terminals at the leaves."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

from einspace.operations import Branching, Operation


@dataclass(frozen=True, slots=True, eq=False)
class Derivation:
    """A derivation tree, given by its root: the symbol that is derived, and what one production makes of it.

    Every node of the tree is the derivation below it. A child is such a node, or the terminal itself. A branching module holds its
    branching node, its branches and its aggregation node: two branches for b = 2, and for b = 4 or 8 the single one that all copies
    share (section 3.4).
    """

    symbol: str
    children: "tuple[Derivation | Operation, ...]"
    size: int = field(init=False)
    """Nodes in this tree: what a mutation draws from."""
    _hash: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", 1 + sum(child.size for child in self.children if isinstance(child, Derivation)))
        object.__setattr__(self, "_hash", hash((self.symbol, self.children)))

    @property
    def terminal(self) -> Operation | None:
        """The operation, where this node derives a terminal."""
        child = self.children[0]
        return None if isinstance(child, Derivation) else child

    @property
    def nodes(self) -> "tuple[Derivation, ...]":
        """The children, where this node derives non-terminals."""
        return cast("tuple[Derivation, ...]", self.children)

    @property
    def branching(self) -> Branching | None:
        """The branching operation, where this node is a branching module."""
        first = self.children[0]
        if len(self.children) > 2 and isinstance(first, Derivation) and isinstance(first.children[0], Branching):
            return first.children[0]
        return None

    @property
    def repeats(self) -> int:
        """The number of copies of the one branch of a branching module with b = 4 or 8; 1 for every other node."""
        branching = self.branching
        return branching.b if branching is not None and len(self.children) == 3 else 1

    def walk(self) -> "Iterator[Derivation]":
        """All nodes, a parent before its children and from left to right."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(child for child in reversed(node.children) if isinstance(child, Derivation))

    def path(self, index: int) -> tuple[int, ...]:
        """Child positions that lead to the node number `index` in the order of `walk`."""
        if not 0 <= index < self.size:
            raise IndexError(f"node {index} of a derivation with {self.size} nodes")
        steps: list[int] = []
        node, skip = self, index
        while skip:
            skip -= 1
            for position, child in enumerate(node.nodes):
                if skip < child.size:
                    steps.append(position)
                    node = child
                    break
                skip -= child.size
        return tuple(steps)

    def at(self, path: tuple[int, ...]) -> "Derivation":
        """The node at the end of a path."""
        node = self
        for position in path:
            node = node.nodes[position]
        return node

    def replace(self, path: tuple[int, ...], subtree: "Derivation") -> "Derivation":
        """A new derivation with `subtree` at the end of the path; only the spine is copied."""
        spine = [self]
        for position in path[:-1]:
            spine.append(spine[-1].nodes[position])
        for node, position in zip(reversed(spine), reversed(path), strict=True) if path else ():
            subtree = Derivation(node.symbol, (*node.children[:position], subtree, *node.children[position + 1 :]))
        return subtree

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Derivation) or self._hash != other._hash or self.size != other.size:
            return False
        return all(
            a.symbol == b.symbol and len(a.children) == len(b.children) and a.terminal == b.terminal
            for a, b in zip(self.walk(), other.walk(), strict=True)
        )

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> "tuple[type[Derivation], tuple[str, tuple[Derivation | Operation, ...]]]":
        # The hash of a string differs from process to process, so it is computed anew.
        return Derivation, (self.symbol, self.children)
