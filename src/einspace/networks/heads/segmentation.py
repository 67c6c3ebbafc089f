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

    (C, H, W) or (S, D) -> (classes, h, w). Raises NetworkError for fewer than two classes or a size that makes no sense.
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
        """Mean cross-entropy of logits (N, classes, h, w) and classes (N, h, w); 0 where every pixel is ignored."""
        total = functional.cross_entropy(outputs, targets, ignore_index=IGNORED, reduction="sum")
        return total / (targets != IGNORED).sum().clamp(min=1)
