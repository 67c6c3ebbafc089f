"""The head that predicts a class for each pixel."""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

from einspace.errors import NetworkError
from einspace.features import Feature
from einspace.networks.heads.base import Head
from einspace.networks.heads.dense import IGNORED, Dense


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
