"""Architecture: a derivation at an input, with everything that follows from it by arithmetic."""

from functools import cached_property

from einspace.derivation import Cost, Derivation, Inferred, Memo, infer, text
from einspace.errors import LimitError
from einspace.features import Feature
from einspace.graph import Graph, lower, saved_bytes
from einspace.normal_form import NormalForm, normal_form
from einspace.passes import optimize as run_passes
from einspace.variation import distance

REMEMBERED = 50_000
"""Inferred subtrees that an architecture keeps between mutations."""

LARGEST = 1_000_000
"""The most operations that are laid out: a derivation of a few nodes can stand for more than any memory holds."""


class Architecture:
    """A backbone: a derivation at an input, with everything that follows from it by arithmetic. Immutable; its text is `str`.

    Args:
        node: The root of the derivation.
        inputs: The feature that reaches it, (C, H, W) or (S, D).
        inferred: Output and costs, where they are known.
        normal: The normal form, where it is known.

    Raises:
        ShapeError: The derivation does not fit the input.
    """

    def __init__(self, node: Derivation, inputs: Feature, inferred: Inferred | None = None, normal: NormalForm | None = None) -> None:
        self.node = node
        self.input = inputs
        self._normal = normal
        self._inferred = infer(node, (inputs,)) if inferred is None else inferred

    @property
    def output(self) -> Feature:
        """The feature that the head gets."""
        return self._inferred.outputs[0]

    @property
    def parameters(self) -> int:
        """Trainable parameters of the backbone."""
        return self._inferred.cost.parameters

    @property
    def flops(self) -> int:
        """Floating point operations of one sample, a multiply-add as two."""
        return self._inferred.cost.flops

    @property
    def activation_bytes(self) -> int:
        """Bytes that one forward pass writes for one sample, in float32, without fusion; what `Limits.activation_bytes` bounds."""
        return self._inferred.cost.activation_bytes

    @cached_property
    def saved_bytes(self) -> int:
        """Bytes that training keeps of one sample from forward to backward pass, in float32, in the network as `build` makes it.

        Without weights, their gradients and the head; times the batch size, it is what grows with the batch.
        """
        return saved_bytes(self.graph())

    @property
    def cost(self) -> Cost:
        """Its costs, in the form that `Limits` takes."""
        return self._inferred.cost

    @property
    def terminals(self) -> int:
        """Operations of the expanded network (table 6)."""
        return self._inferred.cost.terminals

    @property
    def nonterminals(self) -> int:
        """Non-terminals of the expanded derivation, one for each of its nodes; table 6 counts S and M only."""
        return self._inferred.cost.nonterminals

    @cached_property
    def depth(self) -> int:
        """Longest path from the root to a terminal, in productions."""
        deepest, waiting = 0, [(self.node, 1)]
        while waiting:
            node, depth = waiting.pop()
            deepest = max(deepest, depth)
            waiting.extend((child, depth + 1) for child in node.children if isinstance(child, Derivation))
        return deepest

    @cached_property
    def normal_form(self) -> NormalForm:
        """The normal form: what the architecture computes."""
        return normal_form(self.node) if self._normal is None else self._normal

    @cached_property
    def key(self) -> str:
        """Canonical key: equal for two derivations that compute the same (section 5)."""
        return self.normal_form.key(self.input)

    def graph(self, optimize: bool = True, batch_branches: bool = False) -> Graph:
        """Lower the derivation to the flat graph.

        Args:
            optimize: Whether the graph is simplified and goes through all passes; otherwise it has every operation as derived.
            batch_branches: Whether equal layers that read the same value become one, which is faster on some devices and at some shapes.

        Raises:
            LimitError: The network has more than a million operations.
        """
        if self.terminals > LARGEST:
            raise LimitError(f"the network has {self.terminals:,} operations, and at most {LARGEST:,} can be laid out")
        if not optimize:
            return lower(normal_form(self.node, simplify=False), self.input)
        return run_passes(lower(self.normal_form, self.input), optional=batch_branches)

    def distance(self, other: "Architecture") -> int:
        """Fewest edits, in nodes, between the two derivations: a metric; their inputs are not compared.

        >>> from einspace import EinSpace
        >>> space = EinSpace((3, 32, 32))
        >>> space.parse("[relu relu]").distance(space.parse("[relu [norm softmax]]"))
        4
        """
        return distance(self.node, other.node)

    @cached_property
    def _memo(self) -> Memo:
        memo = Memo()
        infer(self.node, (self.input,), memo)
        return memo

    def __str__(self) -> str:
        return text(self.node)

    def __repr__(self) -> str:
        return f"Architecture({str(self)!r}, {self.input})"

    def _repr_html_(self) -> str:
        """The HTML of a notebook: the picture of the network."""
        from einspace.pictures import network_html

        return network_html(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Architecture) and self.input == other.input and self.node == other.node

    def __hash__(self) -> int:
        return hash((self.node, self.input))


def memo_of(architecture: Architecture) -> Memo:
    """The inferred subtrees of an architecture, made afresh where they have become too many."""
    if len(architecture._memo) > REMEMBERED:
        del architecture._memo
    return architecture._memo
