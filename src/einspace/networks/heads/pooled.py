"""Heads that average over a feature: classes, labels and numbers."""

from abc import abstractmethod
from dataclasses import dataclass
from math import inf

from torch import Tensor, nn
from torch.nn import functional

from einspace.errors import NetworkError
from einspace.features import Feature
from einspace.networks.heads.base import Head


class _Pooling(Head):
    """Mean over all but the channels, then a linear map: (C, H, W) or (S, D) -> (n)."""

    pool: str
    """What is averaged over in Col mode: the channels, or what the formula of the paper says."""

    def output(self, feature: Feature) -> tuple[int, ...]:
        """(n)."""
        self._mode(feature)
        return (self._width,)

    def layer(self, feature: Feature) -> nn.Module:
        """Mean and `torch.nn.Linear`."""
        if self._mode(feature) == "Im":
            return Pooled((2, 3), feature.shape[0], self._width)
        axis, kept = (1, 1) if self.pool == "channels" else (2, 0)
        return Pooled(axis, feature.shape[kept], self._width)

    @property
    @abstractmethod
    def _width(self) -> int:
        """Numbers in the prediction."""

    def _check(self, kind: str, least: str) -> None:
        if type(self._width) is not int or self._width < 1:
            raise NetworkError(f"a {kind} head needs at least one {least}, not {self._width}")
        if self.pool not in ("channels", "paper"):
            raise NetworkError(f"a {kind} head pools over 'channels' or as in 'paper', not {self.pool!r}")


@dataclass(frozen=True)
class Classification(_Pooling):
    """One of some classes: mean over all but the channels, then a linear map, (C, H, W) or (S, D) -> (classes). Cross-entropy.

    In Col mode `pool="channels"` averages over S and keeps D, which is what the text of B.1 says; `pool="paper"` averages over D and
    keeps S, which is what its formula `reduce('B C H -> B C')` does on (S, D).
    """

    classes: int
    pool: str = "channels"
    weights: tuple[float, ...] | None = None
    """How much a sample of each class counts in the loss; None: all alike."""

    def __repr__(self) -> str:
        weights = "" if self.weights is None else f", weights={self.weights}"
        return f"Classification(classes={self.classes!r}, pool={self.pool!r}{weights})"

    def __post_init__(self) -> None:
        self._check("classification", "class")
        if self.weights is not None and (len(self.weights) != self.classes or not all(0 < weight < inf for weight in self.weights)):
            raise NetworkError(f"a classification head takes a weight over 0 for each of its {self.classes} classes, not {self.weights}")

    @property
    def _width(self) -> int:
        return self.classes

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy of logits (N, classes) and labels (N,)."""
        weights = None if self.weights is None else outputs.new_tensor(self.weights)
        return functional.cross_entropy(outputs, targets, weights)


@dataclass(frozen=True)
class MultiLabel(_Pooling):
    """Any of some labels: the layer of `Classification`, (C, H, W) or (S, D) -> (labels). Binary cross-entropy."""

    labels: int
    pool: str = "channels"

    def __post_init__(self) -> None:
        self._check("multi-label", "label")

    @property
    def _width(self) -> int:
        return self.labels

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Binary cross-entropy of logits (N, labels) and targets (N, labels) of 0 and 1."""
        return functional.binary_cross_entropy_with_logits(outputs, targets.to(outputs.dtype))


@dataclass(frozen=True)
class Regression(_Pooling):
    """Some real numbers: the layer of `Classification`, (C, H, W) or (S, D) -> (outputs). Squared error."""

    outputs: int
    pool: str = "channels"

    def __post_init__(self) -> None:
        self._check("regression", "output")

    @property
    def _width(self) -> int:
        return self.outputs

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean squared error of (N, outputs)."""
        return functional.mse_loss(outputs, targets)


class Pooled(nn.Module):
    """Mean over some axes, then a linear layer."""

    def __init__(self, axes: int | tuple[int, ...], width: int, outputs: int) -> None:
        super().__init__()
        self.axes = axes
        self.linear = nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Average and map."""
        outputs: Tensor = self.linear(x.mean(self.axes))
        return outputs
