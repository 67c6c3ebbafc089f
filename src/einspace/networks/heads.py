"""Heads (B.1): what turns the backbone's feature into a prediction."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import Tensor, nn

from einspace.errors import NetworkError
from einspace.features import Feature


class Head(ABC):
    """A prediction to be made from a feature."""

    @abstractmethod
    def layer(self, feature: Feature) -> nn.Module:
        """The module that maps a batch of the feature to a batch of predictions."""


@dataclass(frozen=True)
class Classification(Head):
    """Mean over all but the channels, then a linear map to the classes: (C, H, W) or (S, D) -> (classes).

    In Col mode `pool="channels"` averages over S and keeps D, which is what the text of B.1 says; `pool="paper"` averages over D and
    keeps S, which is what its formula `reduce('B C H -> B C')` does on (S, D). Raises NetworkError for anything else.
    """

    classes: int
    pool: str = "channels"

    def __post_init__(self) -> None:
        if self.classes < 1:
            raise NetworkError(f"a classification head needs at least one class, not {self.classes}")
        if self.pool not in ("channels", "paper"):
            raise NetworkError(f"a classification head pools over 'channels' or as in 'paper', not {self.pool!r}")

    def layer(self, feature: Feature) -> nn.Module:
        """Mean and `torch.nn.Linear`."""
        if feature.mode == "Im":
            return Pooled((2, 3), feature.shape[0], self.classes)
        axis, kept = (1, 1) if self.pool == "channels" else (2, 0)
        return Pooled((axis,), feature.shape[kept], self.classes)


class Pooled(nn.Module):
    """Mean over some axes, then a linear layer."""

    def __init__(self, axes: tuple[int, ...], width: int, classes: int) -> None:
        super().__init__()
        self.axes = axes
        self.linear = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Average and classify."""
        logits: Tensor = self.linear(x.mean(self.axes))
        return logits
