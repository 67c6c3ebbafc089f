"""Distance between two derivations: the fewest edits that turn one tree into the other, its root downwards (Selkow, 1977).

Written here because no library fits: zss and apted have been still since 2018, edist is GPL, and none of the three is typed.
"""

from einspace.derivation import Derivation
from einspace.operations import Operation

Label = tuple[str, Operation | None]
"""The label that an edit compares: the symbol and, at a leaf, the terminal."""


class _Forest:
    """The distinct subtrees of some derivations, numbered so that equal subtrees share a number and children come before parents."""

    def __init__(self) -> None:
        self.labels: list[Label] = []
        self.children: list[tuple[int, ...]] = []
        self.sizes: list[int] = []
        self._numbers: dict[tuple[Label, tuple[int, ...]], int] = {}

    def plant(self, root: Derivation) -> int:
        """Number the subtrees of a derivation; gives the number of its root."""
        done: list[int] = []
        for node in reversed(list(root.walk())):
            label = (node.symbol, node.terminal)
            children = () if node.terminal is not None else tuple(done.pop() for _ in node.children)
            number = self._numbers.setdefault((label, children), len(self.labels))
            if number == len(self.labels):
                self.labels.append(label)
                self.children.append(children)
                self.sizes.append(node.size)
            done.append(number)
        return done[0]


def distance(first: Derivation, second: Derivation) -> int:
    """Least cost of turning one derivation into the other, in nodes.

    Relabelling a node (its symbol or its terminal) costs 1; inserting or deleting a whole subtree costs its size. A root stays a root
    and children keep their order, so that one replaced subtree costs at most its old size and its new one. The distance is a metric:
    0 for equal derivations alone, symmetric, and never longer than a detour. A repeated branch is one branch, as in the derivation;
    texts that compute the same but are derived differently are apart.

    Time grows with the pairs of different subtrees that stand at the same depth.
    """
    forest = _Forest()
    start = forest.plant(first), forest.plant(second)
    pairs, waiting = {start}, [start]
    while waiting:
        a, b = waiting.pop()
        if a == b:
            continue
        for pair in ((x, y) for x in forest.children[a] for y in forest.children[b]):
            if pair not in pairs:
                pairs.add(pair)
                waiting.append(pair)
    known: dict[tuple[int, int], int] = {}
    for a, b in sorted(pairs):  # children have smaller numbers than their parents
        relabel = int(forest.labels[a] != forest.labels[b])
        known[a, b] = 0 if a == b else relabel + _align(forest.children[a], forest.children[b], forest.sizes, known)
    return known[start]


def _align(first: tuple[int, ...], second: tuple[int, ...], sizes: list[int], known: dict[tuple[int, int], int]) -> int:
    """Least cost of turning one sequence of subtrees into another: delete one, insert one, or change one into one."""
    above = [0]
    for b in second:
        above.append(above[-1] + sizes[b])
    for a in first:
        row = [above[0] + sizes[a]]
        for position, b in enumerate(second):
            row.append(min(above[position + 1] + sizes[a], row[-1] + sizes[b], above[position] + known[a, b]))
        above = row
    return above[-1]
