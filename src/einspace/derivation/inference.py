"""Shapes and costs of a derivation by arithmetic on features alone: no tensor, no recursion, no expansion of copies."""

from typing import Generic, NamedTuple, TypeVar

from einspace.derivation.tree import Derivation
from einspace.features import Features
from einspace.operations import Operation


class Cost(NamedTuple):
    """The costs of an expanded architecture: every copy of a repeated branch is counted, as in table 6."""

    terminals: int = 0
    nonterminals: int = 0
    parameters: int = 0
    flops: int = 0
    activation_bytes: int = 0

    def plus(self, other: "Cost", copies: int = 1) -> "Cost":
        """Add `copies` times the other cost."""
        a, b, c, d, e = self
        v, w, x, y, z = other
        # The sums of tuples are most of what inference does: this skips the named tuple's own constructor.
        return _new(Cost, (a + copies * v, b + copies * w, c + copies * x, d + copies * y, e + copies * z))


_new = tuple.__new__

NODE = Cost(nonterminals=1)
"""The costs of a node without its children."""


class Inferred(NamedTuple):
    """The outputs of a subtree at given inputs, and its cost."""

    outputs: Features
    cost: Cost


class Memo:
    """Results by subtree and inputs: a mutated derivation shares all but its spine with its parent.

    Subtrees are told apart by identity, which costs nothing; the memo keeps them alive.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, Features], tuple[Derivation, Inferred]] = {}

    def get(self, node: Derivation, inputs: Features) -> Inferred | None:
        """The known inference of this very subtree at these inputs."""
        found = self._known.get((id(node), inputs))
        return None if found is None else found[1]

    def put(self, node: Derivation, inputs: Features, result: Inferred) -> None:
        """Remember a result."""
        self._known[id(node), inputs] = (node, result)

    def __len__(self) -> int:
        return len(self._known)


def apply(operation: Operation, inputs: Features) -> Inferred:
    """Infer one operation."""
    outputs = operation.infer(inputs)
    return Inferred(outputs, Cost(1, 0, operation.parameters(inputs), operation.flops(inputs), operation.written(inputs)))


Value = TypeVar("Value")
"""A value between operations: a feature, or a feature with more that is known of it."""


class Frame(Generic[Value]):
    """A node under evaluation: the outputs of its children so far, and their cost."""

    __slots__ = ("cost", "done", "inputs", "node", "repeats")

    def __init__(self, node: Derivation, inputs: tuple[Value, ...]) -> None:
        self.node = node
        self.inputs = inputs
        self.repeats = node.repeats
        self.done: list[tuple[Value, ...]] = []
        self.cost = NODE

    def arguments(self) -> tuple[Value, ...]:
        """The inputs of the next child: a branch gets its own feature, the aggregation gets those of all branches."""
        position, last = len(self.done), len(self.node.children) - 1
        if position == 0:
            return self.inputs
        if self.node.branching is None:
            return self.done[-1]
        if position < last:
            return (self.done[0][position - 1],)
        return self.done[1] * self.repeats if self.repeats > 1 else tuple(outputs[0] for outputs in self.done[1:])

    def take(self, outputs: tuple[Value, ...], cost: Cost) -> None:
        """Note the result of the next child; the cost of a repeated branch counts for each copy."""
        self.cost = self.cost.plus(cost, self.repeats if len(self.done) == 1 else 1)
        self.done.append(outputs)


def infer(root: Derivation, inputs: Features, memo: Memo | None = None) -> Inferred:
    """Map the inputs of a derivation to its outputs and cost; raises ShapeError where an operation does not fit."""
    memo = Memo() if memo is None else memo
    known = memo.get(root, inputs)
    if known is not None:
        return known
    frames = [Frame(root, inputs)]
    while True:
        frame = frames[-1]
        if len(frame.done) == len(frame.node.children):
            frames.pop()
            result = Inferred(frame.done[-1], frame.cost)
            memo.put(frame.node, frame.inputs, result)
            if not frames:
                return result
            frames[-1].take(*result)
            continue
        child, arguments = frame.node.children[len(frame.done)], frame.arguments()
        if not isinstance(child, Derivation):
            frame.take(*apply(child, arguments))
            continue
        hit = memo.get(child, arguments)
        if hit is None:
            frames.append(Frame(child, arguments))
        else:
            frame.take(*hit)


def inputs_at(root: Derivation, inputs: Features, path: tuple[int, ...], memo: Memo) -> Features:
    """The features that reach the node at the end of a path, which must lie in a derivation that fits."""
    node = root
    for position in path:
        frame = Frame(node, inputs)
        for child in node.nodes[:position]:
            frame.take(*infer(child, frame.arguments(), memo))
        node, inputs = node.nodes[position], frame.arguments()
    return inputs


def copies_at(root: Derivation, path: tuple[int, ...]) -> int:
    """The number of copies, in the expanded network, of the node at the end of a path."""
    node, copies = root, 1
    for position in path:
        copies *= node.repeats if position == 1 else 1
        node = node.nodes[position]
    return copies
