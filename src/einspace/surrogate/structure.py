"""Structure: what the paths of a network hold, counted on its derivation, which is never expanded.

The grammar only makes series-parallel networks, so that every figure of a module follows from those of its parts. The figures are those of
GRAF (Kadlecová et al., 2024) for networks whose operations are nodes.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from einspace.derivation import Derivation

REMEMBERED = 50_000
"""Subtrees whose figures are kept, so that only the changed part of a child is counted again."""

Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Structure:
    """Figures of a part of a network, every copy of a repeated branch counted.

    Args:
        total: Operations by their text, which has their options.
        least: By the name of an operation, how many of it there are on the path that has the fewest.
        most: The same on the path that has the most.
        readers: Names of the operations that read the input, those inside of a branching module too.
        makers: Names of the operations that make the output, those inside of a branching module too.
        shortest: Operations on the shortest path.
        longest: Operations on the longest path.
        paths: Paths from the input to the output.
        forks: Edges beyond one for each operation.
    """

    total: Counts
    least: Counts
    most: Counts
    readers: Counts
    makers: Counts
    shortest: int
    longest: int
    paths: int
    forks: int

    @classmethod
    def of_operation(cls, name: str, text: str) -> "Structure":
        """One operation."""
        once = {name: 1}
        return cls({text: 1}, once, once, once, once, 1, 1, 1, 0)

    @classmethod
    def in_series(cls, parts: "Sequence[Structure]") -> "Structure":
        """Parts one after the other."""
        if len(parts) == 1:
            return parts[0]
        paths = 1
        for part in parts:
            paths *= part.paths
        return cls(
            _sum(part.total for part in parts),
            _sum(part.least for part in parts),
            _sum(part.most for part in parts),
            parts[0].readers,
            parts[-1].makers,
            sum(part.shortest for part in parts),
            sum(part.longest for part in parts),
            paths,
            sum(part.forks for part in parts),
        )

    @classmethod
    def in_parallel(cls, branching: "Structure", branches: "Sequence[Structure]", aggregation: "Structure", copies: int) -> "Structure":
        """Branches side by side between two operations; each stands for so many copies."""
        ends = (branching, aggregation)
        names = {name for branch in branches for name in branch.most}
        least = {name: min(branch.least.get(name, 0) for branch in branches) for name in names}
        most = {name: max(branch.most.get(name, 0) for branch in branches) for name in names}
        return cls(
            _sum([*(end.total for end in ends), *(_times(branch.total, copies) for branch in branches)]),
            _sum([*(end.least for end in ends), least]),
            _sum([*(end.most for end in ends), most]),
            _sum([branching.readers, *(_times(branch.readers, copies) for branch in branches)]),
            _sum([aggregation.makers, *(_times(branch.makers, copies) for branch in branches)]),
            2 + min(branch.shortest for branch in branches),
            2 + max(branch.longest for branch in branches),
            copies * sum(branch.paths for branch in branches),
            copies * (len(branches) + sum(branch.forks for branch in branches)) - 1,
        )


class Structures:
    """The structures of derivations; equal subtrees are counted once."""

    def __init__(self) -> None:
        self._known: dict[Derivation, Structure] = {}

    def of(self, root: Derivation) -> Structure:
        """The structure of a derivation, without recursion: it may be deeper than Python's stack.

        >>> from einspace.space import EinSpace
        >>> found = Structures().of(EinSpace((4, 4)).parse("[clone(b=2) {[relu relu] identity} add]").node)
        >>> found.shortest, found.longest, found.paths, dict(found.most)["relu"], dict(found.least)["relu"]
        (3, 4, 2, 2, 0)
        """
        if len(self._known) > REMEMBERED:
            self._known.clear()
        waiting = [root]
        while waiting:
            node = waiting[-1]
            if node in self._known:
                waiting.pop()
            elif missing := [child for child in node.children if isinstance(child, Derivation) and child not in self._known]:
                waiting += missing
            else:
                self._known[waiting.pop()] = self._joined(node)
        return self._known[root]

    def _joined(self, node: Derivation) -> Structure:
        """The structure of a node whose children are known."""
        operation = node.terminal
        if operation is not None:
            return Structure.of_operation(operation.name, operation.text)
        parts = [self._known[child] for child in node.nodes]
        if node.branching is None:
            return Structure.in_series(parts)
        return Structure.in_parallel(parts[0], parts[1:-1], parts[-1], node.repeats)


def _sum(counts: Iterable[Counts]) -> Counts:
    found: Counter[str] = Counter()
    for each in counts:
        found.update(each)
    return found


def _times(counts: Counts, copies: int) -> Counts:
    return counts if copies == 1 else {name: copies * count for name, count in counts.items()}
