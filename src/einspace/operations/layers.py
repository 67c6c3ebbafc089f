"""What the operations do to tensors, wherever torch.nn has no module for it. Shapes are with the batch axis n.

Legend: n batch, c channels, h w height and width, s tokens, d features of a token. Each forward is written so that
torch.fx can inline it: no shape of a tensor is read, no branch depends on one.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


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
    """(n, s, d) -> (n, s', d k)."""

    def __init__(self, k: int, s: int, p: int) -> None:
        super().__init__()
        self.k, self.s, self.p = k, s, p

    def forward(self, x: Tensor) -> Tensor:
        x = functional.pad(x, [0, 0, self.p, self.p]) if self.p else x
        return x.unfold(1, self.k, self.s).flatten(2)  # (n, s', d, k)


class Permute(nn.Module):
    """Axis i of the result is axis o[i] of x; the batch axis stays."""

    def __init__(self, o: Sequence[int]) -> None:
        super().__init__()
        self.order = (0, *o)

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(self.order)


class Relu(nn.Module):
    """Leaky relu."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        return functional.leaky_relu(x, self.slope)


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
