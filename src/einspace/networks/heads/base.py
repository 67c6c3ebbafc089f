"""The interface of a head, and the check that a head fits a task."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

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
        """The loss that training minimises: one number for a batch of predictions and their targets."""

    @property
    def loss_in_units(self) -> bool:
        """True if the loss takes predictions and targets in the targets' own units, although a task may have normalised them."""
        return False

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


def _shape(sizes: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, sizes))})"
