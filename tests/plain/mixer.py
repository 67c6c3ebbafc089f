"""An MLP-Mixer in plain PyTorch."""

from collections.abc import Sequence

from tests.plain.tokens import PatchEmbedding, TokenHead, count, mlp
from torch import Tensor, nn


class MixerLayer(nn.Module):
    """Norm, mixing over the tokens, mixing over the channels, beside one identity (B.1): (n, s, d) -> (n, s, d)."""

    def __init__(self, tokens: int, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.token_mlp = mlp(tokens, 4 * tokens)
        self.channel_mlp = mlp(width, width // 2)

    def forward(self, x: Tensor) -> Tensor:
        mixed = self.token_mlp(self.norm(x).transpose(1, 2)).transpose(1, 2)
        result: Tensor = x + self.channel_mlp(mixed)
        return result


class PlainMixer(nn.Module):
    """MLP-Mixer of B.1: 8 layers, width 512, patches of 4."""

    def __init__(self, shape: Sequence[int], classes: int | None = 10, layers: int = 8, width: int = 512, patch: int = 4) -> None:
        super().__init__()
        self.embedding = PatchEmbedding(shape, patch, width)
        tokens = count(shape, patch)
        self.layers = nn.Sequential(*(MixerLayer(tokens, width) for _ in range(layers)))
        self.head = nn.Identity() if classes is None else TokenHead(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.head(self.layers(self.embedding(x)))
        return result
