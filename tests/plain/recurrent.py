"""Recurrent networks in plain PyTorch, step by step, as their papers write them. Legend: n batch, s tokens, d features of a token."""

from collections.abc import Callable, Sequence

import torch
from tests.plain.tokens import TokenHead, mlp
from torch import Tensor, nn
from torch.nn import functional


class Patches(nn.Module):
    """A strided convolution of an image, or a linear layer of the tokens: (n, c, h, w) or (n, s, d) -> (n, s, d')."""

    def __init__(self, shape: Sequence[int], patch: int, width: int) -> None:
        super().__init__()
        self.projection = nn.Conv2d(shape[0], width, patch, patch) if len(shape) == 3 else nn.Linear(shape[1], width)

    def forward(self, x: Tensor) -> Tensor:
        tokens: Tensor = self.projection(x)
        return tokens.flatten(2).transpose(1, 2) if tokens.dim() == 4 else tokens


class MinGRU(nn.Module):
    """h_t = (1 - z_t) h_{t-1} + z_t g_t, with z_t = sigmoid(Linear(x_t)) and g_t = Linear(x_t)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gate, self.candidate = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        state, states = torch.zeros_like(x[:, 0]), []
        for token in x.unbind(1):
            update = torch.sigmoid(self.gate(token))
            state = (1 - update) * state + update * self.candidate(token)
            states.append(state)
        return torch.stack(states, 1)


class LRU(nn.Module):
    """h_t = lambda h_{t-1} + gamma B x_t in each direction, y = C h + D x, with real lambda = exp(-exp(nu)), gamma = sqrt(1 - lambda^2)."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.nu = nn.Parameter(torch.empty(2, hidden // 2).uniform_(-4, 0))
        self.B = nn.Parameter(torch.randn(2, hidden // 2, width) / width**0.5)
        self.C = nn.Parameter(torch.randn(width, hidden) / hidden**0.5)
        self.D = nn.Parameter(torch.randn(width))

    def forward(self, x: Tensor) -> Tensor:
        sides = []
        for direction in range(2):
            decay = torch.exp(-torch.exp(self.nu[direction]))
            given = (1 - decay**2).sqrt() * (x @ self.B[direction].T)
            state, states = torch.zeros_like(given[:, 0]), []
            for value in given.flip(1).unbind(1) if direction else given.unbind(1):
                state = decay * state + value
                states.append(state)
            sides.append(torch.stack(states[::-1] if direction else states, 1))
        return torch.cat(sides, 2) @ self.C.T + self.D * x


class LRUBlock(nn.Module):
    """The recurrence, a rectifier, and a linear layer times a rectified other."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.lru = LRU(width, hidden)
        self.value, self.gate = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.leaky_relu(self.lru(x))
        out: Tensor = self.value(y) * functional.leaky_relu(self.gate(y))
        return out


class MambaBlock(nn.Module):
    """Mamba with A = -1, one state for each channel, B = C = 1, D = 1, discretised by zero-order hold, and a rectifier for SiLU."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.in_proj = nn.Linear(width, 2 * hidden, bias=False)
        self.conv1d = nn.Conv1d(hidden, hidden, 4, padding=3, groups=hidden)
        self.dt_proj = nn.Linear(hidden, hidden)
        self.out_proj = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        u, z = self.in_proj(x).chunk(2, 2)
        u = functional.leaky_relu(self.conv1d(u.transpose(1, 2))[:, :, : x.shape[1]].transpose(1, 2))
        step = functional.softplus(self.dt_proj(u))
        state, states = torch.zeros_like(u[:, 0]), []
        for delta, value in zip(step.unbind(1), u.unbind(1), strict=True):
            decay = torch.exp(-delta)
            state = decay * state + (1 - decay) * value  # (delta A)^-1 (exp(delta A) - 1) delta B with A = -1 and B = 1
            states.append(state)
        out: Tensor = self.out_proj((torch.stack(states, 1) + u) * functional.leaky_relu(z))
        return out


class PlainRecurrent(nn.Module):
    """Layers of blocks, each with a norm before and a shortcut beside, and a norm at the end: (n, c, h, w) or (n, s, d) -> (n, classes)."""

    def __init__(self, shape: Sequence[int], patch: int, width: int, layers: int, blocks: Callable[[], list[nn.Module]]) -> None:
        super().__init__()
        self.embedding = Patches(shape, patch, width)
        made = [block for _ in range(layers) for block in blocks()]
        self.blocks = nn.ModuleList(nn.Sequential(nn.LayerNorm(width), block) for block in made)
        self.norm = nn.LayerNorm(width)
        self.head = TokenHead(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embedding(x)
        for block in self.blocks:
            x = x + block(x)
        logits: Tensor = self.head(self.norm(x))
        return logits


def plain_gru(shape: Sequence[int], patch: int = 4, width: int = 64, layers: int = 2, hidden: int = 64) -> nn.Module:
    """Minimal GRUs and MLPs."""
    return PlainRecurrent(shape, patch, width, layers, lambda: [MinGRU(width), mlp(width, hidden)])


def plain_lru(shape: Sequence[int], patch: int = 4, width: int = 64, layers: int = 2, hidden: int = 64) -> nn.Module:
    """Linear recurrences in both directions."""
    return PlainRecurrent(shape, patch, width, layers, lambda: [LRUBlock(width, hidden)])


def plain_mamba(shape: Sequence[int], patch: int = 4, width: int = 64, layers: int = 2, hidden: int = 64) -> nn.Module:
    """Mamba blocks."""
    return PlainRecurrent(shape, patch, width, layers, lambda: [MambaBlock(width, hidden)])
