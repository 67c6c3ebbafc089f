"""ResMLP in plain PyTorch, with the affine layers and the layer scale of its authors."""

from collections.abc import Sequence

import torch
from tests.plain.tokens import TokenHead, count, mlp
from torch import Tensor, nn


class Affine(nn.Module):
    """A scale and a shift for each channel: (n, s, d) -> (n, s, d)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(width))
        self.beta = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        return self.alpha * x + self.beta


class ResMLPLayer(nn.Module):
    """A linear layer over the patches and an MLP over the channels, each scaled and beside an identity."""

    def __init__(self, tokens: int, width: int) -> None:
        super().__init__()
        self.affine1, self.affine2 = Affine(width), Affine(width)
        self.patches = nn.Linear(tokens, tokens)
        self.mlp = mlp(width, 4 * width)
        self.gamma1 = nn.Parameter(torch.full((width,), 0.1))
        self.gamma2 = nn.Parameter(torch.full((width,), 0.1))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.gamma1 * self.patches(self.affine1(x).transpose(1, 2)).transpose(1, 2)
        result: Tensor = x + self.gamma2 * self.mlp(self.affine2(x))
        return result


class PlainResMLP(nn.Module):
    """ResMLP, without a positional encoding."""

    def __init__(self, shape: Sequence[int], layers: int, width: int, patch: int, classes: int = 10) -> None:
        super().__init__()
        self.embedding = nn.Conv2d(shape[0], width, patch, patch)
        self.layers = nn.Sequential(*(ResMLPLayer(count(shape, patch), width) for _ in range(layers)))
        self.affine = Affine(width)
        self.head = TokenHead(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embedding(x).flatten(2).transpose(1, 2)
        result: Tensor = self.head(self.affine(self.layers(x)))
        return result
