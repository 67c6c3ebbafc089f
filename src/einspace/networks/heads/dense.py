"""Heads that predict something for each pixel."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from einspace.errors import NetworkError
from einspace.features import Feature
from einspace.networks.heads.averages import averaged
from einspace.networks.heads.base import Head


@dataclass(frozen=True)
class Dense(Head):
    """A prediction for each pixel: adaptive average pooling of the two last axes to `size`, then a linear map over the channels.

    (C, H, W) -> (channels, h, w). (S, D) is pooled alike and gets a new axis, one channel: (1, h, w) -> (channels, h, w). Squared error.

    Args:
        channels: Numbers that are predicted for each pixel.
        size: Height and width (h, w) of the prediction, in pixels.

    Raises:
        NetworkError: A figure makes no sense.
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
        """Compute the mean squared error of a batch.

        Args:
            outputs: Predictions (N, channels, h, w).
            targets: Numbers (N, channels, h, w).
        """
        return functional.mse_loss(outputs, targets)


@dataclass(frozen=True)
class RelativeDense(Dense):
    """Numbers for each pixel, compared by the length of the mistake: the layer of `Dense`. Relative l2, as for Darcy Flow (table 4).

    Args:
        channels: As in `Dense`.
        size: As in `Dense`.
    """

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Compute ||u' - u|| / ||u|| of each sample in its own units, summed over the batch.

        The sum, not the mean, is what NAS-Bench-360 minimises and what the learning rate of table 4 is for.

        Args:
            outputs: Predictions u', (N, channels, h, w).
            targets: Numbers u, (N, channels, h, w).
        """
        distances = torch.linalg.vector_norm((outputs - targets).flatten(1), dim=1)
        total: Tensor = (distances / torch.linalg.vector_norm(targets.flatten(1), dim=1)).sum()
        return total

    @property
    def loss_in_units(self) -> bool:
        """True: a relative length is defined only in the targets' own units."""
        return True


IGNORED, IGNORED_YES = -1, -2
"""Targets of a pixel that counts neither in the loss of a mask nor in its metrics; the second where its answer is known to be yes.

Only the published metric of Cosmic, which counts such pixels, tells the two apart.
"""


@dataclass(frozen=True)
class Mask(Dense):
    """A yes or no for each pixel: the layer of `Dense`. Binary cross-entropy over the pixels that are not ignored.

    Args:
        channels: As in `Dense`.
        size: As in `Dense`.
    """

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Compute the binary cross-entropy over the pixels that count; 0 where every pixel is ignored.

        Args:
            outputs: Logits (N, channels, h, w).
            targets: 1 for yes, 0 for no, and below 0 for an ignored pixel, (N, channels, h, w).
        """
        counted = (targets >= 0).to(outputs.dtype)
        losses = functional.binary_cross_entropy_with_logits(outputs, targets.clamp(0, 1).to(outputs.dtype), reduction="none")
        return (losses * counted).sum() / counted.sum().clamp(min=1)


@dataclass(frozen=True)
class Segmentation(Head):
    """One of some classes for each pixel: the layer of `Dense`, one channel a class. Cross-entropy over the pixels that are not `IGNORED`.

    (C, H, W) or (S, D) -> (classes, h, w).

    Args:
        classes: The number of classes.
        size: Height and width (h, w) of the prediction, in pixels.

    Raises:
        NetworkError: There are fewer than two classes, or the size makes no sense.
    """

    classes: int
    size: tuple[int, int]

    def __post_init__(self) -> None:
        if type(self.classes) is not int or self.classes < 2:
            raise NetworkError(f"a segmentation head needs at least two classes, not {self.classes!r}")
        Dense(self.classes, self.size)

    def output(self, feature: Feature) -> tuple[int, ...]:
        """(classes, h, w)."""
        return Dense(self.classes, self.size).output(feature)

    def layer(self, feature: Feature) -> nn.Module:
        """The module of `Dense`: adaptive average pooling and a linear map over the channels."""
        return Dense(self.classes, self.size).layer(feature)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Compute the mean cross-entropy over the pixels that count; 0 where every pixel is ignored.

        Args:
            outputs: Logits (N, classes, h, w).
            targets: Classes (N, h, w), or `IGNORED`.
        """
        total = functional.cross_entropy(outputs, targets, ignore_index=IGNORED, reduction="sum")
        return total / (targets != IGNORED).sum().clamp(min=1)


class PooledMap(nn.Module):
    """Two axes pooled to a size, then a linear map over the channels; `new_axis` makes one channel of features that have none."""

    def __init__(self, inputs: int, outputs: int, size: tuple[int, int], new_axis: bool) -> None:
        super().__init__()
        self.size, self.new_axis = size, new_axis
        self.linear = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Pool and map."""
        outputs: Tensor = self.linear(averaged(x.unsqueeze(1) if self.new_axis else x, self.size))
        return outputs
