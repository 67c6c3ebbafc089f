"""Heads that average over a feature: classes, labels and numbers."""

from abc import abstractmethod
from dataclasses import dataclass, fields
from math import inf, isfinite, prod

from torch import Tensor, nn
from torch.nn import functional

from einspace.errors import NetworkError
from einspace.features import Feature
from einspace.networks.heads.averages import averaged
from einspace.networks.heads.base import Head


class _Pooling(Head):
    """Mean over all but the channels, as B.1 has it, or over the cells of a grid; then a linear map: (C, H, W) or (S, D) -> (n).

    With a `grid` over 1 the axes that are averaged over are divided into so many windows, as `torch.nn.AdaptiveAvgPool2d` divides them,
    or into as many as they have elements where these are fewer; the linear map sees the means of all windows. `dropout` is the probability
    that training sets an input of the linear map to zero.
    """

    pool: str
    """The axis that is averaged over in Col mode: the channels, or the one in the formula of the paper."""
    grid: int
    dropout: float

    def output(self, feature: Feature) -> tuple[int, ...]:
        """(n)."""
        self._mode(feature)
        return (self._width,)

    def layer(self, feature: Feature) -> nn.Module:
        """Mean, or means of windows, dropout and `torch.nn.Linear`."""
        image = self._mode(feature) == "Im"
        kept, *averaged = (0, 1, 2) if image else (1, 0) if self.pool == "channels" else (0, 1)
        windows = tuple(min(self.grid, feature.shape[axis]) for axis in averaged)
        inputs = feature.shape[kept]
        if windows != (1,) * len(windows):
            return PooledGrid(windows, inputs, self._width, self.dropout, transposed=kept == 1)
        axes = tuple(axis + 1 for axis in averaged)
        return Pooled(axes if image else axes[0], inputs, self._width, self.dropout)

    def __repr__(self) -> str:
        options = ("weights", "grid", "dropout")
        shown = [
            f"{field.name}={value!r}"
            for field in fields(self)  # type: ignore[arg-type]
            if (value := getattr(self, field.name)) != field.default or field.name not in options
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    @property
    @abstractmethod
    def _width(self) -> int:
        """Numbers in the prediction."""

    def _check(self, kind: str, least: str) -> None:
        if type(self._width) is not int or self._width < 1:
            raise NetworkError(f"a {kind} head needs at least one {least}, not {self._width}")
        if self.pool not in ("channels", "paper"):
            raise NetworkError(f"a {kind} head pools over 'channels' or as in 'paper', not {self.pool!r}")
        if type(self.grid) is not int or self.grid < 1:
            raise NetworkError(f"the grid of a {kind} head is a whole number of at least 1, not {self.grid!r}")
        share = self.dropout
        if isinstance(share, bool) or not isinstance(share, int | float) or not isfinite(share) or not 0 <= share < 1:
            raise NetworkError(f"the dropout of a {kind} head is a probability of at least 0 and under 1, not {share!r}")


@dataclass(frozen=True, repr=False)
class Classification(_Pooling):
    """One of some classes: mean over all but the channels, then a linear map, (C, H, W) or (S, D) -> (classes). Cross-entropy.

    Args:
        classes: The number of classes.
        pool: The axis that is averaged over in Col mode. "channels" averages over S and keeps D, which is what the text of B.1 says;
            "paper" averages over D and keeps S, which is what its formula `reduce('B C H -> B C')` does on (S, D).
        weights: How much a sample of each class counts in the loss; None: all alike.
        grid: Windows along each axis that is averaged over; the linear map sees the means of all windows.
        dropout: The probability that training sets an input of the linear map to zero.

    Raises:
        NetworkError: A figure makes no sense.
    """

    classes: int
    pool: str = "channels"
    weights: tuple[float, ...] | None = None
    grid: int = 1
    dropout: float = 0.0

    def __post_init__(self) -> None:
        self._check("classification", "class")
        if self.weights is not None and (len(self.weights) != self.classes or not all(0 < weight < inf for weight in self.weights)):
            raise NetworkError(f"a classification head takes a weight over 0 for each of its {self.classes} classes, not {self.weights}")

    @property
    def _width(self) -> int:
        return self.classes

    def loss(self, outputs: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
        """Compute the cross-entropy of a batch.

        Args:
            outputs: Logits (N, classes).
            targets: Labels (N,).
            smoothing: The share of each label that is spread over all classes.

        Returns:
            The mean over the batch (), weighted by class where the head has weights.
        """
        weights = None if self.weights is None else outputs.new_tensor(self.weights)
        return functional.cross_entropy(outputs, targets, weights, label_smoothing=smoothing)


@dataclass(frozen=True, repr=False)
class MultiLabel(_Pooling):
    """Any of some labels: the layer of `Classification`, (C, H, W) or (S, D) -> (labels). Binary cross-entropy.

    Args:
        labels: The number of labels.
        pool: As in `Classification`.
        grid: As in `Classification`.
        dropout: As in `Classification`.

    Raises:
        NetworkError: A figure makes no sense.
    """

    labels: int
    pool: str = "channels"
    grid: int = 1
    dropout: float = 0.0

    def __post_init__(self) -> None:
        self._check("multi-label", "label")

    @property
    def _width(self) -> int:
        return self.labels

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Compute the binary cross-entropy of a batch.

        Args:
            outputs: Logits (N, labels).
            targets: Rows (N, labels) of 0 and 1.
        """
        return functional.binary_cross_entropy_with_logits(outputs, targets.to(outputs.dtype))


@dataclass(frozen=True, repr=False)
class Regression(_Pooling):
    """Some real numbers: the layer of `Classification`, (C, H, W) or (S, D) -> (outputs). Squared error.

    Args:
        outputs: The number of numbers that are predicted.
        pool: As in `Classification`.
        grid: As in `Classification`.
        dropout: As in `Classification`.

    Raises:
        NetworkError: A figure makes no sense.
    """

    outputs: int
    pool: str = "channels"
    grid: int = 1
    dropout: float = 0.0

    def __post_init__(self) -> None:
        self._check("regression", "output")

    @property
    def _width(self) -> int:
        return self.outputs

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Compute the mean squared error of a batch.

        Args:
            outputs: Predictions (N, outputs).
            targets: Numbers (N, outputs).
        """
        return functional.mse_loss(outputs, targets)


class Pooled(nn.Module):
    """Mean over some axes, dropout where it is over 0, then a linear layer."""

    def __init__(self, axes: int | tuple[int, ...], width: int, outputs: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.axes = axes
        self.dropout = nn.Dropout(dropout) if dropout else None
        self.linear = nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Average and map."""
        means = x.mean(self.axes)
        outputs: Tensor = self.linear(means if self.dropout is None else self.dropout(means))
        return outputs


class PooledGrid(nn.Module):
    """Means of the windows of the last axis, or of the last two, dropout where it is over 0, then a linear layer over all of them.

    `transposed` is for (S, D), whose windows are along S.
    """

    def __init__(self, windows: tuple[int, ...], width: int, outputs: int, dropout: float, transposed: bool) -> None:
        super().__init__()
        self.windows, self.transposed = windows, transposed
        self.dropout = nn.Dropout(dropout) if dropout else None
        self.linear = nn.Linear(width * prod(windows), outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Average window by window and map."""
        if self.transposed:
            x = x.transpose(1, 2)
        means = averaged(x, self.windows).flatten(1)
        outputs: Tensor = self.linear(means if self.dropout is None else self.dropout(means))
        return outputs
