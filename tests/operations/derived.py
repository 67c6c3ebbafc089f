"""Operations of a user's own, most of which derive from built-in ones, fit where these fit, and compute something else."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from einspace import Grammar, Production, einspace_grammar
from einspace.features import Features
from einspace.operations import Add, Branching, Concat, GroupDim, Im2col, Linear, Matmul, Operation, layers


@dataclass(frozen=True)
class Bare(Linear):
    """A linear layer without bias."""

    name = "bare"

    def parameters(self, inputs: Features) -> int:
        return inputs[0].shape[-1] * self.d

    def layer(self, inputs: Features) -> nn.Module:
        return nn.Linear(inputs[0].shape[-1], self.d, bias=False)


class _Flipped(layers.Im2col):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).flip(-1)


@dataclass(frozen=True)
class Flipped(Im2col):
    """Patches from their last pixel to their first."""

    name = "flipped"

    def layer(self, inputs: Features) -> nn.Module:
        return _Flipped(self.k, self.s, self.p)


class _Strided(layers.GroupDim):
    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return torch.unflatten(x, self.dim, (-1, self.b)).unbind(self.dim + 1)


@dataclass(frozen=True)
class Strided(GroupDim):
    """Chunks of every b-th element."""

    name = "strided"

    def layer(self, inputs: Features) -> nn.Module:
        return _Strided(self.dim, self.b)


@dataclass(frozen=True)
class Weave(Branching):
    """A branching of its own, which derives from none: the chunks of an axis."""

    name = "weave"
    dim: int
    b: int

    @classmethod
    def options(cls) -> tuple[Self, ...]:
        return (cls(1, 2),)

    def infer(self, inputs: Features) -> Features:
        return GroupDim(self.dim, self.b).infer(inputs)

    def layer(self, inputs: Features) -> nn.Module:
        return _Strided(self.dim, self.b)


class _Interleaved(layers.Concat):
    def forward(self, *branches: Tensor) -> Tensor:
        return torch.stack(branches, self.dim + 1).flatten(self.dim, self.dim + 1)


@dataclass(frozen=True)
class Interleave(Concat):
    """A concatenation that takes one element of each branch in turn: a channel shuffle."""

    name = "interleave"

    def layer(self, inputs: Features) -> nn.Module:
        return _Interleaved(self.dim)


class _First(layers.Add):
    def forward(self, first: Tensor, *rest: Tensor) -> Tensor:
        return super().forward(2 * first, *rest)


@dataclass(frozen=True)
class Uneven(Add):
    """A sum with twice the first branch."""

    name = "uneven"

    def layer(self, inputs: Features) -> nn.Module:
        return _First()


@dataclass(frozen=True)
class Cosine(Matmul):
    """A product of rows of length 1."""

    name = "cosine"

    def layer(self, inputs: Features) -> nn.Module:
        return _Cosine(None)


class _Cosine(layers.Matmul):
    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return super().forward(nn.functional.normalize(a, dim=-1), b)


_DERIVED: dict[str, tuple[Operation, ...]] = {
    "C": (Bare(16), Bare(32)),
    "R1": (Flipped(3, 1, 1),),
    "B": (*(Strided(dim, b) for dim in (1, 2) for b in (2, 4)), Weave(1, 2)),
    "A": (*(Interleave(dim, b) for dim in (1, 2) for b in (2, 4)), Uneven(), Cosine()),
}

DERIVED = Grammar(
    (*einspace_grammar().productions, *(Production(symbol, option) for symbol, options in _DERIVED.items() for option in options))
)
"""The paper's grammar with these operations."""
