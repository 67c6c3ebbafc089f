"""Normal form: the computation of a derivation as a structure, before it is laid out as a flat graph.

The grammar only makes series-parallel networks, so a normal form is a sequence of steps, each an operation or a branching module
with a normal form in every branch.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from einspace.features import Feature
from einspace.operations import Add, Branching, Clone, Col2im, Concat, GroupDim, Im2col, Matmul, Operation, Permute, Relu, Softmax
from einspace.operations.recurrent import Multiply

WEIGHTLESS = (Relu, Softmax, Im2col, Col2im, Permute, Clone, GroupDim, Add, Concat, Matmul, Multiply)
"""Operations without weights or a state, by exact type: an operation of the user's may be random or keep a state."""

IN_ANY_ORDER = ((Add, "sum"), (Multiply, "product"))
"""Aggregations whose result does not depend on the order of the branches of a clone, and the word for the result."""


@dataclass(frozen=True)
class Apply:
    """One operation; `leaf` is its place among the terminals of the derivation, which names its weights."""

    operation: Operation
    leaf: int

    @property
    def text(self) -> str:
        """The operation."""
        return self.operation.text

    @property
    def weightless(self) -> bool:
        """True if the operation has no weights and no state: then it computes the same at any place."""
        return type(self.operation) in WEIGHTLESS


@dataclass(frozen=True)
class Parallel:
    """A branching module: runs of equal branches, (how many, what each computes)."""

    branching: Branching
    branches: "tuple[tuple[int, NormalForm], ...]"
    aggregation: Operation
    leaf: int

    @cached_property
    def text(self) -> str:
        """The computation, with digests for the branches: of a sum or a product of clones in order, equal ones counted together."""
        runs = [(branch.digest, count) for count, branch in self.branches]
        word = next((word for kind, word in IN_ANY_ORDER if type(self.aggregation) is kind), "")
        if type(self.branching) is Clone and word:
            counts: dict[str, int] = {}
            for digest, count in runs:
                counts[digest] = counts.get(digest, 0) + count
            return word + "{" + " | ".join(f"{count} {digest}" for digest, count in sorted(counts.items())) + "}"
        merged: list[tuple[str, int]] = []
        for digest, count in runs:
            if merged and merged[-1][0] == digest:
                merged[-1] = (digest, merged[-1][1] + count)
            else:
                merged.append((digest, count))
        inner = " | ".join(f"{count} {digest}" for digest, count in merged)
        aggregation = f"concat(dim={self.aggregation.dim})" if type(self.aggregation) is Concat else self.aggregation.text
        split = self.branching
        branching = f"group-dim(dim={split.dim})" if type(split) is GroupDim else split.name if type(split) is Clone else split.text
        return f"{branching}{{{inner}}}{aggregation}"

    @property
    def weightless(self) -> bool:
        """True if no operation in the module has weights or a state."""
        outside = type(self.branching) in WEIGHTLESS and type(self.aggregation) in WEIGHTLESS
        return outside and all(branch.weightless for _, branch in self.branches)


@dataclass(frozen=True)
class NormalForm:
    """Steps in order; none are the identity. Architectures with equal normal forms compute the same."""

    steps: "tuple[Apply | Parallel, ...]" = ()

    @cached_property
    def digest(self) -> str:
        """A hash of what is computed: the same on every machine and in every process."""
        return hashlib.sha256(" ".join(step.text for step in self.steps).encode()).hexdigest()[:32]

    @cached_property
    def weightless(self) -> bool:
        """True if no step has weights or a state."""
        return all(step.weightless for step in self.steps)

    def key(self, inputs: Feature) -> str:
        """Identity of what is computed at this input."""
        return hashlib.sha256(f"{inputs} {self.digest}".encode()).hexdigest()[:20]


Step = Apply | Parallel
