"""Heads (B.1): what turns the backbone's feature into a prediction, and the loss that the prediction is trained with."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import inf

from torch import Tensor, nn
from torch.nn import functional

from einspace.errors import NetworkError
from einspace.features import Feature


class Head(ABC):
    """A prediction to be made from a feature. Raises NetworkError, naming itself, for figures that make no sense."""

    @abstractmethod
    def output(self, feature: Feature) -> tuple[int, ...]:
        """The shape of the prediction; raises NetworkError naming head and feature where the head does not fit."""

    @abstractmethod
    def layer(self, feature: Feature) -> nn.Module:
        """The module that maps a batch of the feature to a batch of predictions; raises what `output` raises."""

    @abstractmethod
    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """What training minimises: one number for a batch of predictions and their targets."""

    def _mode(self, feature: Feature) -> str:
        if len(feature.shape) not in (2, 3):
            raise NetworkError(f"the head {self} takes a feature (C, H, W) or (S, D), not {feature}")
        return feature.mode


def check_fit(head: Head, feature: Feature, wanted: tuple[int, ...], task: str) -> None:
    """Raise NetworkError naming head, architecture and task where the head does not predict what the task wants of one sample."""
    predicted = head.output(feature)
    if predicted != wanted:
        raise NetworkError(
            f"the head {head} predicts {_shape(predicted)} from the architecture's {feature}, but the task {task} wants {_shape(wanted)}"
        )


@dataclass(frozen=True)
class _Pooling(Head):
    """Mean over all but the channels, then a linear map: (C, H, W) or (S, D) -> (n)."""

    def output(self, feature: Feature) -> tuple[int, ...]:
        """(n)."""
        self._mode(feature)
        return (self._width,)

    def layer(self, feature: Feature) -> nn.Module:
        """Mean and `torch.nn.Linear`."""
        if self._mode(feature) == "Im":
            return Pooled((2, 3), feature.shape[0], self._width)
        axis, kept = (1, 1) if self._pool == "channels" else (2, 0)
        return Pooled(axis, feature.shape[kept], self._width)

    @property
    @abstractmethod
    def _width(self) -> int:
        """Numbers in the prediction."""

    @property
    @abstractmethod
    def _pool(self) -> str:
        """What is averaged over in Col mode."""

    def _check(self, kind: str, least: str) -> None:
        if type(self._width) is not int or self._width < 1:
            raise NetworkError(f"a {kind} head needs at least one {least}, not {self._width}")
        if self._pool not in ("channels", "paper"):
            raise NetworkError(f"a {kind} head pools over 'channels' or as in 'paper', not {self._pool!r}")


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

    @property
    def _pool(self) -> str:
        return self.pool

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

    @property
    def _pool(self) -> str:
        return self.pool

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

    @property
    def _pool(self) -> str:
        return self.pool

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean squared error of (N, outputs)."""
        return functional.mse_loss(outputs, targets)


@dataclass(frozen=True)
class Dense(Head):
    """A prediction for each pixel: adaptive average pooling of the two last axes to `size`, then a linear map over the channels.

    (C, H, W) -> (channels, h, w). (S, D) is pooled alike and gets a new axis, one channel: (1, h, w) -> (channels, h, w). Squared error.
    """

    channels: int
    size: tuple[int, int]

    def __post_init__(self) -> None:
        if type(self.channels) is not int or self.channels < 1:
            raise NetworkError(f"a dense head needs at least one channel, not {self.channels!r}")
        if len(self.size) != 2 or any(type(axis) is not int or axis < 1 for axis in self.size):
            raise NetworkError(f"the size of a dense head is a height and a width of at least 1, not {self.size!r}")

    def output(self, feature: Feature) -> tuple[int, ...]:
        """(channels, h, w)."""
        self._mode(feature)
        return (self.channels, *self.size)

    def layer(self, feature: Feature) -> nn.Module:
        """`torch.nn.AdaptiveAvgPool2d` and the linear map, as a convolution of one pixel."""
        image = self._mode(feature) == "Im"
        return PooledMap(feature.shape[0] if image else 1, self.channels, self.size, new_axis=not image)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean squared error of (N, channels, h, w)."""
        return functional.mse_loss(outputs, targets)


IGNORED = -1
"""The target of a pixel that counts neither in the loss of a mask nor in its metric."""


@dataclass(frozen=True)
class Mask(Dense):
    """A yes or no for each pixel: the layer of `Dense`. Binary cross-entropy over the pixels that are not `IGNORED`."""

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Binary cross-entropy of logits (N, channels, h, w) and targets of 0, 1 and `IGNORED`; 0 where every pixel is ignored."""
        counted = (targets != IGNORED).to(outputs.dtype)
        losses = functional.binary_cross_entropy_with_logits(outputs, targets.clamp(0, 1).to(outputs.dtype), reduction="none")
        return (losses * counted).sum() / counted.sum().clamp(min=1)


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


class PooledMap(nn.Module):
    """Two axes pooled to a size, then a linear map over the channels; `new_axis` makes one channel of features that have none."""

    def __init__(self, inputs: int, outputs: int, size: tuple[int, int], new_axis: bool) -> None:
        super().__init__()
        self.size, self.new_axis = size, new_axis
        self.linear = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Pool and map."""
        x = functional.adaptive_avg_pool2d(x.unsqueeze(1) if self.new_axis else x, self.size)
        outputs: Tensor = self.linear(x)
        return outputs


def _shape(sizes: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, sizes))})"
