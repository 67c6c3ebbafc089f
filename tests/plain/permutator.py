"""Vision Permutator in plain PyTorch, channels last as its authors have it. Legend: n batch, h w patches, c channels."""

from collections.abc import Sequence

from tests.plain.tokens import mlp
from torch import Tensor, nn


class PermuteMLP(nn.Module):
    """Column, row and channel branches, weighted by split attention: (n, h, w, c) -> (n, h, w, c)."""

    def __init__(self, height: int, breadth: int, width: int, segments: int) -> None:
        super().__init__()
        self.segments = segments
        self.column = nn.Linear(segments * height, segments * height)
        self.row = nn.Linear(segments * breadth, segments * breadth)
        self.channel = nn.Linear(width, width)
        self.reweight = nn.Sequential(nn.Linear(width, width // 4), nn.LeakyReLU(0.01), nn.Linear(width // 4, 3 * width))
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        n, h, w, c = x.shape
        segments = x.view(n, h, w, self.segments, -1)
        # All segments of all rows are one axis for the columns, and all segments of all columns for the rows.
        column = self.column(segments.permute(0, 4, 2, 3, 1).flatten(3)).unflatten(3, (self.segments, h))
        column = column.permute(0, 4, 2, 3, 1).reshape(n, h, w, c)
        row = self.row(segments.permute(0, 4, 1, 3, 2).flatten(3)).unflatten(3, (self.segments, w))
        row = row.permute(0, 2, 4, 3, 1).reshape(n, h, w, c)
        channel = self.channel(x)
        weights = self.reweight((column + row + channel).mean((1, 2))).view(n, 3, 1, 1, c).softmax(1)
        result: Tensor = self.out(column * weights[:, 0] + row * weights[:, 1] + channel * weights[:, 2])
        return result


class PermutatorLayer(nn.Module):
    """Permute-MLP and channel MLP, each after a norm and beside an identity."""

    def __init__(self, height: int, breadth: int, width: int, segments: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.mixing = PermuteMLP(height, breadth, width, segments)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = mlp(width, 3 * width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.mixing(self.norm1(x))
        result: Tensor = x + self.mlp(self.norm2(x))
        return result


class PlainPermutator(nn.Module):
    """Vision Permutator of one stage."""

    def __init__(self, shape: Sequence[int], layers: int, width: int, segments: int, patch: int, classes: int = 10) -> None:
        super().__init__()
        self.embedding = nn.Conv2d(shape[0], width, patch, patch)
        size = shape[1] // patch, shape[2] // patch
        self.layers = nn.Sequential(*(PermutatorLayer(*size, width, segments) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embedding(x).permute(0, 2, 3, 1)
        result: Tensor = self.head(self.norm(self.layers(x)).mean((1, 2)))
        return result
