"""Residual networks in plain PyTorch. Blocks are written as torchvision writes its own: the rectifier works in place."""

from collections.abc import Sequence

from torch import Tensor, nn


def _rectifier() -> nn.LeakyReLU:
    return nn.LeakyReLU(0.01, inplace=True)


class ImageHead(nn.Module):
    """(n, c, h, w) -> (n, classes)."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.linear(x.mean((2, 3)))
        return logits


class BasicBlock(nn.Module):
    """Two convolutions beside a shortcut: (n, c, h, w) -> (n, width, h / stride, w / stride)."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, 1)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1)
        self.norm2 = nn.BatchNorm2d(width)
        self.relu = _rectifier()
        self.downsample = (
            None if channels == width and stride == 1 else nn.Sequential(nn.Conv2d(channels, width, 1, stride), nn.BatchNorm2d(width))
        )

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.norm1(self.conv1(x)))
        out = self.norm2(self.conv2(out))
        out += x if self.downsample is None else self.downsample(x)
        result: Tensor = self.relu(out)
        return result


class PlainResNet(nn.Module):
    """ResNet of basic blocks; a strided convolution stands for the pooling of the stem (B.1). `blocks` counts those of each width."""

    def __init__(
        self,
        shape: Sequence[int],
        blocks: Sequence[int],
        widths: Sequence[int] = (64, 128, 256, 512),
        classes: int | None = 10,
    ) -> None:
        super().__init__()
        channels = widths[0]
        self.stem = nn.Sequential(
            nn.Conv2d(shape[0], channels, 3, 1, 1),
            nn.BatchNorm2d(channels),
            _rectifier(),
            nn.Conv2d(channels, channels, 3, 2, 1),
        )
        layers: list[nn.Module] = []
        for count, width in zip(blocks, widths, strict=True):
            for _ in range(count):
                layers.append(BasicBlock(channels, width, 1 if channels == width else 2))
                channels = width
        self.blocks = nn.Sequential(*layers)
        self.head = nn.Identity() if classes is None else ImageHead(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.head(self.blocks(self.stem(x)))
        return result


class PlainResNet18(PlainResNet):
    """ResNet18: two blocks of each width."""

    def __init__(self, shape: Sequence[int], classes: int | None = 10) -> None:
        super().__init__(shape, (2, 2, 2, 2), classes=classes)


class WideBlock(nn.Module):
    """Two convolutions beside a shortcut, normalised after the sum: (n, c, h, w) -> (n, width, h / stride, w / stride)."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, 1)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1)
        self.shortcut = None if channels == width else nn.Conv2d(channels, width, 1, stride)
        self.norm2 = nn.BatchNorm2d(width)
        self.relu = _rectifier()

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.norm1(self.conv1(x)))
        out = self.conv2(out)
        out += x if self.shortcut is None else self.shortcut(x)
        result: Tensor = self.relu(self.norm2(out))
        return result


class PlainWideResNet(nn.Module):
    """WideResNet of a depth 6 n + 4 and a width: n blocks each of 16, 32 and 64 times the width."""

    def __init__(self, shape: Sequence[int], depth: int = 16, width: int = 4, classes: int | None = 10) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(shape[0], 16, 3, 1, 1), nn.BatchNorm2d(16), _rectifier())
        channels, layers = 16, []
        for group, planes in enumerate((16 * width, 32 * width, 64 * width)):
            for block in range((depth - 4) // 6):
                layers.append(WideBlock(channels, planes, 2 if group > 0 and block == 0 else 1))
                channels = planes
        self.blocks = nn.Sequential(*layers)
        self.head = nn.Identity() if classes is None else ImageHead(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.head(self.blocks(self.stem(x)))
        return result
