"""Series: what a derivation computes, in normal form; the structure of the network before it is laid out flat.

The grammar only makes series-parallel networks, so an architecture is a series of steps, each an operation or a branching module with
a series in every branch. Here the paper's ambiguity (section 5) is dissolved, by identities that hold in exact arithmetic:

- sequences are associative, and `identity` does nothing;
- permutes in a row are one permute, or none;
- `im2col(k=1,s=1,p=0)` and `col2im` undo each other;
- a sum of sums is one sum, in any order; a concatenation of concatenations over the same axis is one concatenation;
- chunks that are concatenated again, untouched, are the tensor that was split.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from einspace.derivation import Node
from einspace.features import Feature
from einspace.operations import Add, Branching, Clone, Col2im, Concat, GroupDim, Identity, Im2col, Operation, Permute

PIXELS = Im2col(1, 1, 0)
"""The im2col that only reshapes."""


@dataclass(frozen=True)
class Apply:
    """One operation; `leaf` is its place among the terminals of the derivation, which names its weights."""

    operation: Operation
    leaf: int

    @property
    def text(self) -> str:
        """The operation."""
        return self.operation.text


@dataclass(frozen=True)
class Parallel:
    """A branching module: runs of equal branches, (how many, what each computes)."""

    branching: Branching
    branches: "tuple[tuple[int, Series], ...]"
    aggregation: Operation
    leaf: int

    @cached_property
    def text(self) -> str:
        """Canonical text: the branches of a sum of clones in alphabetical order, equal ones counted together."""
        runs = [(branch.text, count) for count, branch in self.branches]
        if isinstance(self.branching, Clone) and isinstance(self.aggregation, Add):
            counts: dict[str, int] = {}
            for text, count in runs:
                counts[text] = counts.get(text, 0) + count
            return "sum{" + " | ".join(f"{count} {text}" for text, count in sorted(counts.items())) + "}"
        merged: list[tuple[str, int]] = []
        for text, count in runs:
            if merged and merged[-1][0] == text:
                merged[-1] = (text, merged[-1][1] + count)
            else:
                merged.append((text, count))
        inner = " | ".join(f"{count} {text}" for text, count in merged)
        aggregation = f"concat(dim={self.aggregation.dim})" if isinstance(self.aggregation, Concat) else self.aggregation.text
        branching = f"group-dim(dim={self.branching.dim})" if isinstance(self.branching, GroupDim) else self.branching.name
        return f"{branching}{{{inner}}}{aggregation}"


@dataclass(frozen=True)
class Series:
    """Steps in order; the empty series is the identity."""

    steps: tuple[Apply | Parallel, ...] = ()

    @cached_property
    def text(self) -> str:
        """Canonical text."""
        return "[" + " ".join(step.text for step in self.steps) + "]"

    def key(self, inputs: Feature) -> str:
        """Identity of what is computed at this input: the same on every machine and in every process."""
        return hashlib.sha256(f"{inputs} {self.text}".encode()).hexdigest()[:20]


def series(root: Node, simplify: bool = True) -> Series:
    """Turn a derivation into its series, from the leaves up; `simplify=False` keeps every operation as it was derived."""
    built: list[Series] = []
    leaf = 0
    waiting: list[tuple[Node, bool]] = [(root, False)]
    while waiting:
        node, closing = waiting.pop()
        operation = node.terminal
        if operation is not None:
            kept = () if simplify and type(operation) is Identity else (Apply(operation, leaf),)
            built.append(Series(kept))
            leaf += 1
        elif not closing:
            waiting.append((node, True))
            waiting.extend((child, False) for child in reversed(node.nodes))
        else:
            parts = built[-len(node.children) :]
            del built[-len(node.children) :]
            built.append(_branching(node, parts, simplify) if node.branching is not None else _join(parts, simplify))
    return built[0]


def _join(parts: list[Series], simplify: bool) -> Series:
    if not simplify:
        return Series(tuple(step for part in parts for step in part.steps))
    steps = list(parts[0].steps)
    for part in parts[1:]:
        for step in part.steps:
            _push(steps, step)
    return Series(tuple(steps))


def _push(steps: list[Apply | Parallel], step: Apply | Parallel) -> None:
    """Append a step, unless it cancels against the one before it."""
    last = steps[-1] if steps else None
    if isinstance(last, Apply) and isinstance(step, Apply):
        a, b = last.operation, step.operation
        # Exact types: this runs for every pair of neighbours, and an abstract class is slow to ask.
        if type(a) is Permute and type(b) is Permute:
            order = tuple(a.o[axis - 1] for axis in b.o)
            steps.pop()
            if order != tuple(sorted(order)):
                steps.append(Apply(Permute(order), last.leaf))
            return
        if (type(b) is Col2im and a == PIXELS) or (type(a) is Col2im and b == PIXELS):
            steps.pop()
            return
    steps.append(step)


def _branching(node: Node, parts: list[Series], simplify: bool) -> Series:
    first, last = parts[0].steps[0], parts[-1].steps[0]
    assert isinstance(first, Apply)
    assert isinstance(last, Apply)
    assert isinstance(first.operation, Branching)
    branches = [(node.repeats, part) for part in parts[1:-1]]
    whole = Parallel(first.operation, tuple(branches), last.operation, first.leaf)
    if not simplify:
        return Series((whole,))
    split, merge = whole.branching, whole.aggregation
    untouched = all(not branch.steps for _, branch in branches)
    if untouched and isinstance(split, GroupDim) and isinstance(merge, Concat) and split.dim == merge.dim:
        return Series()
    if isinstance(split, Clone) and isinstance(merge, (Add, Concat)):
        flat = tuple(run for count, branch in branches for run in _spliced(count, branch, merge))
        total = sum(count for count, _ in flat)
        merged = Concat(merge.dim, total) if isinstance(merge, Concat) else merge
        whole = Parallel(Clone(total), flat, merged, whole.leaf)
    return Series((whole,))


def _spliced(count: int, branch: Series, merge: Add | Concat) -> tuple[tuple[int, Series], ...]:
    """The runs of a branch that is itself a module of the same kind, or the branch as it is."""
    inner = branch.steps[0] if len(branch.steps) == 1 else None
    if not isinstance(inner, Parallel) or not isinstance(inner.branching, Clone) or type(inner.aggregation) is not type(merge):
        return ((count, branch),)
    if isinstance(merge, Concat):
        assert isinstance(inner.aggregation, Concat)
        # Copies of different branches in turn cannot be written as runs without changing the order.
        if inner.aggregation.dim != merge.dim or (count > 1 and len(inner.branches) > 1):
            return ((count, branch),)
    return tuple((count * copies, part) for copies, part in inner.branches)
