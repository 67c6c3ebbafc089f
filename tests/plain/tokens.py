"""What networks over tokens share, in plain PyTorch. Legend: n batch, s tokens, d features of a token."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def count(shape: Sequence[int], patch: int) -> int:
    """Patches in (c, h, w); what is left of an image that is not a multiple of the patch is cropped."""
    return (shape[1] // patch) * (shape[2] // patch)


class PatchEmbedding(nn.Module):
    """A strided convolution, and a learned position: (n, c, h, w) -> (n, s, d)."""

    def __init__(self, shape: Sequence[int], patch: int, width: int) -> None:
        super().__init__()
        self.projection = nn.Conv2d(shape[0], width, patch, patch)
        self.position = nn.Parameter(torch.randn(count(shape, patch), width))

    def forward(self, x: Tensor) -> Tensor:
        tokens: Tensor = self.projection(x).flatten(2).transpose(1, 2)
        return tokens + self.position


class TokenHead(nn.Module):
    """(n, s, d) -> (n, classes)."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.linear(x.mean(1))
        return logits


def mlp(width: int, hidden: int) -> nn.Sequential:
    """Two linear layers with a rectifier between: (..., width) -> (..., width)."""
    return nn.Sequential(nn.Linear(width, hidden), nn.LeakyReLU(0.01, inplace=True), nn.Linear(hidden, width))
