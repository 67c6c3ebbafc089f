"""DenseNet in plain PyTorch, with the average pooling of its authors."""

from collections.abc import Sequence

import torch
from tests.plain.resnet import ImageHead
from torch import Tensor, nn


def _norm_relu(channels: int) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels), nn.LeakyReLU(0.01, inplace=True)]


class DenseLayer(nn.Module):
    """(n, c, h, w) -> (n, c + growth, h, w)."""

    def __init__(self, channels: int, growth: int, bottleneck: bool) -> None:
        super().__init__()
        narrow = [*_norm_relu(channels), nn.Conv2d(channels, 4 * growth, 1)] if bottleneck else []
        inside = 4 * growth if bottleneck else channels
        self.new = nn.Sequential(*narrow, *_norm_relu(inside), nn.Conv2d(inside, growth, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat((x, self.new(x)), 1)


class Transition(nn.Module):
    """Half the size: (n, c, h, w) -> (n, out, h / 2, w / 2)."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.relu = nn.LeakyReLU(0.01, inplace=True)
        self.conv = nn.Conv2d(channels, out, 1)
        self.pool = nn.AvgPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.pool(self.conv(self.relu(self.norm(x))))
        return result


class PlainDenseNet(nn.Module):
    """DenseNet, or DenseNet-BC with `bottleneck`."""

    def __init__(self, shape: Sequence[int], blocks: Sequence[int], growth: int, bottleneck: bool, classes: int = 10) -> None:
        super().__init__()
        channels = 2 * growth if bottleneck else 16
        layers: list[nn.Module] = [nn.Conv2d(shape[0], channels, 3, padding=1)]
        for number, count in enumerate(blocks):
            if number:
                out = channels // 2 if bottleneck else channels
                layers.append(Transition(channels, out))
                channels = out
            for _ in range(count):
                layers.append(DenseLayer(channels, growth, bottleneck))
                channels += growth
        self.features = nn.Sequential(*layers, *_norm_relu(channels))
        self.head = ImageHead(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.head(self.features(x))
        return result
