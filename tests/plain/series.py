"""A residual network for series in plain PyTorch: convolutions along the steps, and batch normalisation of each channel."""

from collections.abc import Sequence

from torch import Tensor, nn


class Along(nn.Module):
    """A convolution along the steps, normalised: (n, s, d) -> (n, ceil(s / stride), width)."""

    def __init__(self, channels: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(channels, width, 3, stride, 1)
        self.norm = nn.BatchNorm1d(width)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.norm(self.convolution(x.transpose(1, 2)))
        return out.transpose(1, 2)


class SeriesBlock(nn.Module):
    """Two convolutions beside a shortcut: (n, s, d) -> (n, ceil(s / stride), width)."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        stride = 1 if channels == width else 2
        self.first = Along(channels, width, stride)
        self.second = Along(width, width)
        self.relu = nn.LeakyReLU(0.01)
        self.shortcut = nn.Identity() if channels == width else Along(channels, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.relu(self.second(self.relu(self.first(x))) + self.shortcut(x))
        return out


class PlainSeriesResNet(nn.Module):
    """A stem, a block of each width, and the mean over the steps before the classes."""

    def __init__(self, shape: Sequence[int], widths: Sequence[int], classes: int = 10) -> None:
        super().__init__()
        self.stem = Along(shape[1], widths[0])
        self.relu = nn.LeakyReLU(0.01)
        self.blocks = nn.Sequential(*(SeriesBlock(before, width) for before, width in zip((widths[0], *widths), widths, strict=False)))
        self.head = nn.Linear(widths[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.blocks(self.relu(self.stem(x))).mean(1))
        return logits
