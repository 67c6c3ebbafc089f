"""A vision transformer in plain PyTorch: one matrix for queries, keys and values, and PyTorch's own attention."""

from collections.abc import Sequence

from tests.plain.tokens import PatchEmbedding, TokenHead, mlp
from torch import Tensor, nn
from torch.nn import functional


class Attention(nn.Module):
    """Self-attention of some heads, each `head_width` wide: (n, s, d) -> (n, s, d)."""

    def __init__(self, width: int, heads: int, head_width: int) -> None:
        super().__init__()
        self.heads, self.head_width = heads, head_width
        self.qkv = nn.Linear(width, 3 * heads * head_width)
        self.out = nn.Linear(heads * head_width, width)

    def forward(self, x: Tensor) -> Tensor:
        batch, tokens, _ = x.shape
        q, k, v = self.qkv(x).view(batch, tokens, 3, self.heads, self.head_width).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(q, k, v)
        result: Tensor = self.out(mixed.transpose(1, 2).reshape(batch, tokens, -1))
        return result


class EncoderLayer(nn.Module):
    """Attention and MLP, each beside an identity and normalised after the sum."""

    def __init__(self, width: int, heads: int, head_width: int, hidden: int) -> None:
        super().__init__()
        self.attention = Attention(width, heads, head_width)
        self.norm1 = nn.LayerNorm(width)
        self.mlp = mlp(width, hidden)
        self.norm2 = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm1(x + self.attention(x))
        result: Tensor = self.norm2(x + self.mlp(x))
        return result


class PlainViT(nn.Module):
    """ViT of B.1: 4 layers, width 512, 4 heads of 64, patches of 4, without a class token."""

    def __init__(
        self,
        shape: Sequence[int],
        classes: int | None = 10,
        layers: int = 4,
        width: int = 512,
        heads: int = 4,
        head_width: int = 64,
        hidden: int = 512,
        patch: int = 4,
    ) -> None:
        super().__init__()
        self.embedding = PatchEmbedding(shape, patch, width)
        self.layers = nn.Sequential(*(EncoderLayer(width, heads, head_width, hidden) for _ in range(layers)))
        self.head = nn.Identity() if classes is None else TokenHead(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.head(self.layers(self.embedding(x)))
        return result
