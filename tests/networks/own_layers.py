"""Operations and a head of a user's own whose layers no file can hold, or only some."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from einspace import Feature, Grammar, Production, einspace_grammar
from einspace.features import Features
from einspace.networks import Head
from einspace.operations import Computation, layers


class _Scale(nn.Module):
    shift: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels))
        self.register_buffer("shift", torch.full((channels,), 2.0))
        self.inner = nn.Sequential(nn.Linear(channels, channels), nn.Dropout(0.25), nn.GELU("tanh"))

    def forward(self, x: Tensor) -> Tensor:
        inner: Tensor = self.inner(x)
        return -(inner * self.scale) + (x - self.shift) / 2


class _Gate(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        if x.sum() > 0:
            return x
        return self.linear(x)  # type: ignore[no-any-return]


class _Hidden(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, channels)
        self.table = torch.arange(float(channels))

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x) + self.table  # type: ignore[no-any-return]


@dataclass(frozen=True)
class _Own(Computation):
    def parameters(self, inputs: Features) -> int:
        return sum(parameter.numel() for parameter in self.layer(inputs).parameters())


@dataclass(frozen=True)
class Scale(_Own):
    """Weights, a buffer and torch's layers in a module: all of it can be written down."""

    name = "scale"

    def layer(self, inputs: Features) -> nn.Module:
        return _Scale(inputs[0].shape[-1])


@dataclass(frozen=True)
class Gate(_Own):
    """Looks at its data, so no straight line of calls is it."""

    name = "gate"

    def layer(self, inputs: Features) -> nn.Module:
        return _Gate(inputs[0].shape[-1])


@dataclass(frozen=True)
class Hidden(_Own):
    """Holds a tensor that is in no state dict."""

    name = "hidden"

    def layer(self, inputs: Features) -> nn.Module:
        return _Hidden(inputs[0].shape[-1])


@dataclass(frozen=True)
class Fickle(Head):
    """A head that looks at its data."""

    def output(self, feature: Feature) -> tuple[int, ...]:
        return (feature.shape[-1],)

    def layer(self, feature: Feature) -> nn.Module:
        return _Gate(feature.shape[-1])

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return functional.mse_loss(outputs, targets)


OWN = Grammar((*einspace_grammar().productions, *(Production("C", operation()) for operation in (Scale, Gate, Hidden))))
"""The paper's grammar with these operations."""


class _DropPath(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        kept: Tensor = x * torch.bernoulli(torch.full((len(x), *[1] * (x.ndim - 1)), 0.5)) / 0.5
        return kept


class _Noisy(layers.Relu):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + (torch.randn_like(x) if self.training else 0)


@dataclass(frozen=True)
class Drop(Computation):
    """Torch's own layer, which drops in training."""

    name = "drop"

    def layer(self, inputs: Features) -> nn.Module:
        return nn.Dropout(0.5)


@dataclass(frozen=True)
class DropPath(Computation):
    """A layer of the user's that asks whether it trains."""

    name = "drop-path"

    def layer(self, inputs: Features) -> nn.Module:
        return _DropPath()


@dataclass(frozen=True)
class Noisy(Computation):
    """A layer that derives from one of the house."""

    name = "noisy"

    def layer(self, inputs: Features) -> nn.Module:
        return _Noisy(0.01)


@dataclass(frozen=True)
class Standard(Computation):
    """A norm without weights, whose layer looks at the shape of its input."""

    name = "standard"

    def layer(self, inputs: Features) -> nn.Module:
        return nn.InstanceNorm2d(inputs[0].shape[0])


@dataclass(frozen=True)
class Mean(Computation):
    """A layer whose description leaves out that padding is not counted."""

    name = "mean"

    def layer(self, inputs: Features) -> nn.Module:
        return nn.AvgPool2d(3, 1, 1, count_include_pad=False)


DROPPING: tuple[type[Computation], ...] = (Drop, DropPath, Noisy)
"""Operations without weights that do something else in training."""

_EVERY: tuple[type[Computation], ...] = (*DROPPING, Standard, Mean)

WEIGHTLESS = Grammar((*einspace_grammar().productions, *(Production("C", operation()) for operation in _EVERY)))
"""The paper's grammar with operations that have layers without weights."""
