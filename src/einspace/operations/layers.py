"""The layers of the operations, wherever torch.nn has none. Shapes are with the batch axis n.

Legend: n batch, c channels, h w height and width, s tokens, d features of a token. Each forward is written so that
torch.fx can inline it: no shape of a tensor is read, no branch depends on one.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from einspace.operations.recurrence import gated


class Identity(nn.Module):
    """x -> x."""

    def forward(self, x: Tensor) -> Tensor:
        return x


class Clone(nn.Module):
    """x -> b times the same tensor."""

    def __init__(self, b: int) -> None:
        super().__init__()
        self.b = b

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return (x,) * self.b


class GroupDim(nn.Module):
    """x -> b views of contiguous chunks along axis `dim`."""

    def __init__(self, dim: int, b: int) -> None:
        super().__init__()
        self.dim, self.b = dim, b

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        chunks = torch.chunk(x, self.b, self.dim)
        return tuple(chunks[i] for i in range(self.b))


class Matmul(nn.Module):
    """(n, ..., s, k), (n, ..., k, d) -> (n, ..., s, d), times `scale`."""

    def __init__(self, scale: float | None) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        product = torch.matmul(a, b)
        return product if self.scale is None else product * self.scale


class Add(nn.Module):
    """Sum of the branches."""

    def forward(self, first: Tensor, *rest: Tensor) -> Tensor:
        total = first
        for x in rest:
            total = total + x
        return total


class Multiply(nn.Module):
    """Product of two branches."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return a * b


class Concat(nn.Module):
    """Concatenation along axis `dim`."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, *branches: Tensor) -> Tensor:
        return torch.cat(branches, self.dim)


class Im2col(nn.Module):
    """(n, c, h, w) -> (n, h'w', c k k)."""

    def __init__(self, k: int, s: int, p: int) -> None:
        super().__init__()
        self.k, self.s, self.p = k, s, p

    def forward(self, x: Tensor) -> Tensor:
        if self.k == 1:
            # A patch of one pixel is the pixel's channels: a view, and unfold would copy.
            x = functional.pad(x, [self.p] * 4) if self.p else x
            x = x[:, :, :: self.s, :: self.s] if self.s > 1 else x
            return x.flatten(2).transpose(1, 2)
        columns = functional.unfold(x, self.k, stride=self.s, padding=self.p)  # (n, c k k, h'w')
        return columns.transpose(1, 2)


class Col2im(nn.Module):
    """(n, h'w', d) -> (n, d, h', w')."""

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.grid = (height, width)

    def forward(self, x: Tensor) -> Tensor:
        return torch.unflatten(x.transpose(1, 2), 2, self.grid)


class Window(nn.Module):
    """(n, s, d) -> (n, s', d k), with zeros before the first token and after the last."""

    def __init__(self, k: int, s: int, padding: tuple[int, int]) -> None:
        super().__init__()
        self.k, self.s, self.padding = k, s, padding

    def forward(self, x: Tensor) -> Tensor:
        x = functional.pad(x, [0, 0, *self.padding]) if any(self.padding) else x
        return x.unfold(1, self.k, self.s).flatten(2)  # (n, s', d, k)


class BatchNorm(nn.Module):
    """(n, s, d) -> (n, s, d): each feature normalised over the samples and the tokens."""

    def __init__(self, tokens: int, width: int) -> None:
        super().__init__()
        self.tokens = tokens
        self.norm = nn.BatchNorm1d(width)

    def forward(self, x: Tensor) -> Tensor:
        return torch.unflatten(self.norm(x.flatten(0, 1)), 0, (-1, self.tokens))


class Permute(nn.Module):
    """Axis i of the result is axis o[i] of x; the batch axis stays."""

    def __init__(self, o: Sequence[int]) -> None:
        super().__init__()
        self.order = (0, *o)

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(self.order)


class Relu(nn.Module):
    """Leaky relu."""

    def __init__(self, slope: float, inplace: bool = False) -> None:
        super().__init__()
        self.slope, self.inplace = slope, inplace

    def forward(self, x: Tensor) -> Tensor:
        return functional.leaky_relu(x, self.slope, self.inplace)


class Softmax(nn.Module):
    """Softmax over the last axis."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.softmax(x, -1)


class PosEnc(nn.Module):
    """x + a parameter for each element, N(0, 1) at the start."""

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.encoding = nn.Parameter(torch.randn(*shape))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.encoding


class Scan(nn.Module):
    """(n, s, d) -> (n, s, d): a gated recurrence along the tokens, whose gates start with memories of 2 to s + 1 tokens."""

    def __init__(self, tokens: int, width: int, reverse: bool) -> None:
        super().__init__()
        self.tokens, self.reverse = tokens, reverse
        self.weight = nn.Parameter(torch.empty(width, width).uniform_(-(width**-0.5), width**-0.5))
        self.bias = nn.Parameter(torch.linspace(0, math.log(tokens), width))

    def forward(self, x: Tensor) -> Tensor:
        return gated(functional.linear(x, self.weight, self.bias), x, self.tokens, self.reverse)


class Attention(nn.Module):
    """(n, s, d), (n, t, d), (n, t, d) -> (n, s, d), and with `channels` the same on (n, c, s, d)."""

    def __init__(self, scale: float, channels: bool) -> None:
        super().__init__()
        self.scale, self.channels = scale, channels

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        # The kernels want an axis of heads, and rows without gaps.
        q, k, v = (x.contiguous() if self.channels else x.contiguous().unsqueeze(1) for x in (queries, keys, values))
        mixed = functional.scaled_dot_product_attention(q, k, v, scale=self.scale)
        return mixed if self.channels else mixed.squeeze(1)


class Packed(nn.Module):
    """Several layers in one call. Their weights stay apart, under their own names; `combine` gets them as arguments, in turn."""

    parts: nn.ModuleList

    def combine(self, *arguments: Tensor) -> Tensor | tuple[Tensor, ...]:
        raise NotImplementedError

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        return self.combine(*inputs, *(weight for part in self.parts for weight in part.parameters()))


class AttentionHeads(Packed):
    """(n, s, d), (n, t, e), (n, t, f) -> (n, s, heads width): linear layers of each head for queries, keys, values."""

    def __init__(self, heads: int, width: int, inputs: Sequence[int], scale: float) -> None:
        super().__init__()
        self.heads, self.width, self.scale = heads, width, scale
        self.parts = nn.ModuleList(nn.Linear(size, width) for _ in range(heads) for size in inputs)

    def combine(self, *arguments: Tensor) -> Tensor:
        inputs, parameters = arguments[:3], arguments[3:]
        queries, keys, values = (self.project(x, parameters[2 * i :: 6], parameters[2 * i + 1 :: 6]) for i, x in enumerate(inputs))
        mixed = functional.scaled_dot_product_attention(queries, keys, values, scale=self.scale)
        return mixed.transpose(1, 2).flatten(2)

    def project(self, x: Tensor, weights: Sequence[Tensor], biases: Sequence[Tensor]) -> Tensor:
        rows = functional.linear(x, torch.cat(list(weights)), torch.cat(list(biases)))  # (n, s, heads width)
        return torch.unflatten(rows, 2, (self.heads, self.width)).transpose(1, 2)  # (n, heads, s, width)


class Batched(Packed):
    """One input to equal linear layers or convolutions: one result for each, or where `joined`, all side by side."""

    def __init__(self, parts: Sequence[nn.Module], joined: bool) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.joined = joined

    def combine(self, *arguments: Tensor) -> Tensor | tuple[Tensor, ...]:
        x, *parameters = arguments
        weight, bias, first = torch.cat(list(parameters[::2])), torch.cat(list(parameters[1::2])), self.parts[0]
        if isinstance(first, nn.Conv2d):
            whole = functional.conv2d(x, weight, bias, first.stride, first.padding)
        else:
            whole = functional.linear(x, weight, bias)
        if self.joined:
            return whole
        chunks = torch.chunk(whole, len(self.parts), 1 if isinstance(first, nn.Conv2d) else -1)
        return tuple(chunks[i] for i in range(len(self.parts)))
