"""Site: an architecture that is edited, and the questions about it that every edit asks."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from einspace.derivation import Derivation, Inferred, Memo, infer
from einspace.derivation.inference import inputs_at
from einspace.features import Feature, Features
from einspace.grammar import Grammar
from einspace.operations import Operation
from einspace.variation.child import Path


class Candidate(NamedTuple):
    """A changed derivation, which may still be invalid: the node below which it differs, and the edit in two or three words."""

    node: Derivation
    path: Path
    words: str


@dataclass(frozen=True)
class Site:
    """The derivation that is edited, its input, the grammar that the edited one must keep to, and the inferred results of its subtrees."""

    node: Derivation
    inputs: Feature
    grammar: Grammar
    memo: Memo

    def reaching(self, path: Path) -> Features:
        """The features that reach the node at the end of a path."""
        return inputs_at(self.node, (self.inputs,), path, self.memo)

    def inferred(self, path: Path) -> Inferred:
        """The outputs and the cost of the node at the end of a path."""
        return infer(self.node.at(path), self.reaching(path), self.memo)

    def options(self, symbol: str, operation: Operation) -> list[Operation]:
        """The other versions of an operation that the grammar derives from a symbol, in the grammar's order."""
        derived = (production.expansion for production in self.grammar.rules[symbol])
        return [option for option in derived if type(option) is type(operation) and option != operation]

    def derives(self, symbol: str, expansion: tuple[str, ...] | Operation) -> bool:
        """True if the grammar has the production `symbol -> expansion`."""
        return any(production.expansion == expansion for production in self.grammar.rules[symbol])


def paths(root: Derivation) -> Iterator[tuple[Path, Derivation]]:
    """All nodes with their paths, a parent before its children, and from left to right."""
    waiting: list[tuple[Path, Derivation]] = [((), root)]
    while waiting:
        path, node = waiting.pop()
        yield path, node
        if node.terminal is None:
            waiting.extend(((*path, i), child) for i, child in reversed(list(enumerate(node.nodes))))


def exchanged(root: Derivation, terminals: Mapping[Path, Operation]) -> tuple[Derivation, Path]:
    """The derivation with other operations at one terminal or more, named by the paths of their nodes, and the path to all of these."""
    for path, operation in terminals.items():
        root = root.replace(path, Derivation(root.at(path).symbol, (operation,)))
    return root, common(terminals)


def common(paths: Collection[Path]) -> Path:
    """The longest path that all of one path or more begin with.

    >>> common([(0, 1, 0), (0, 1, 2, 0)])
    (0, 1)
    """
    first, last = min(paths), max(paths)
    length = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:length]
