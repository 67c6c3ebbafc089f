"""From the weights of a plain network to those of the same network in the space, layer by layer in the order of execution.

What the plain network and the space write differently is translated here: packed queries, keys and values, affine layers, the pooling
of DenseNet, and the gates of recurrent networks.
"""

from collections.abc import Iterator

import torch
from tests.plain.densenet import Transition
from tests.plain.permutator import PermuteMLP
from tests.plain.recurrent import LRU, MambaBlock, MinGRU
from tests.plain.resmlp import PlainResMLP, ResMLPLayer
from tests.plain.tokens import PatchEmbedding
from tests.plain.vit import Attention
from torch import Tensor, nn

from einspace import Architecture

Weights = dict[str, Tensor]


def shake(network: nn.Module) -> None:
    """Give all weights and statistics values that a wrong place would show: norms start with ones and zeros."""
    for parameter in network.parameters():
        if parameter.dim() == 1:
            nn.init.normal_(parameter, 0.3, 0.3)
    for name, buffer in network.named_buffers():
        if "running" in name:
            buffer.uniform_(0.5, 1.5)


@torch.no_grad()
def copy_weights(plain: nn.Module, architecture: Architecture, network: nn.Module) -> None:
    """Hand all weights of a plain network on to an emitted one with a head; fails where their layers differ in number or size."""
    state = network.state_dict()
    names = [name for name in (instruction.name for instruction in architecture.graph(optimize=False).instructions) if _has(state, name)]
    for name, weights in zip([*names, "head.linear"], layers(plain), strict=True):
        expected = {key.removeprefix(f"{name}."): value for key, value in state.items() if key.startswith(f"{name}.")}
        assert expected.keys() == weights.keys(), name
        for key, value in expected.items():
            value.copy_(weights[key].reshape(value.shape))


def _has(state: Weights, name: str) -> bool:
    return any(key.startswith(f"{name}.") for key in state)


def layers(module: nn.Module) -> Iterator[Weights]:
    """The weights of every layer of the space, in order."""
    if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear | nn.BatchNorm2d | nn.LayerNorm):
        yield dict(module.state_dict())
    elif isinstance(module, nn.BatchNorm1d):
        yield {f"norm.{name}": value for name, value in module.state_dict().items()}
    elif isinstance(module, PatchEmbedding):
        yield from layers(module.projection)
        yield {"encoding": module.position}
    elif isinstance(module, Attention):
        yield from _attention(module)
    elif isinstance(module, Transition):
        yield from layers(module.norm)
        yield _pooled(module.conv)
    elif isinstance(module, ResMLPLayer):
        yield from _resmlp_layer(module)
    elif isinstance(module, PlainResMLP):
        yield from layers(module.embedding)
        yield from layers(module.layers)
        yield _after(module.affine.alpha, module.affine.beta, module.head.linear)
    elif isinstance(module, MinGRU):
        yield from _min_gru(module)
    elif isinstance(module, LRU):
        yield from _lru(module)
    elif isinstance(module, MambaBlock):
        yield from _mamba(module)
    elif isinstance(module, PermuteMLP):
        yield from _permute_mlp(module)
    else:
        for child in module.children():
            yield from layers(child)


def _attention(module: Attention) -> Iterator[Weights]:
    """Queries, keys and values of each head in turn."""
    weight = module.qkv.weight.view(3, module.heads, module.head_width, -1)
    bias = module.qkv.bias.view(3, module.heads, module.head_width)
    for head in range(module.heads):
        for part in range(3):
            yield {"weight": weight[part, head], "bias": bias[part, head]}
    yield from layers(module.out)


def _pooled(conv: nn.Conv2d) -> Weights:
    """A 1x1 convolution and the mean of 2x2 pixels after it, as one 3x3 convolution with stride 2 and padding 1."""
    weight = conv.weight.new_zeros(*conv.weight.shape[:2], 3, 3)
    weight[:, :, 1:, 1:] = conv.weight / 4
    assert conv.bias is not None
    return {"weight": weight, "bias": conv.bias}


def _resmlp_layer(module: ResMLPLayer) -> Iterator[Weights]:
    yield {"weight": module.affine1.alpha.diag(), "bias": module.affine1.beta}
    yield from layers(module.patches)
    yield {"weight": module.gamma1.diag(), "bias": torch.zeros_like(module.gamma1)}
    first, _, second = module.mlp
    assert isinstance(first, nn.Linear)
    assert isinstance(second, nn.Linear)
    yield _after(module.affine2.alpha, module.affine2.beta, first)
    yield {"weight": module.gamma2[:, None] * second.weight, "bias": module.gamma2 * second.bias}


def _after(alpha: Tensor, beta: Tensor, linear: nn.Linear) -> Weights:
    """A linear layer that has taken over the affine layer before it."""
    return {"weight": linear.weight * alpha, "bias": linear.weight @ beta + linear.bias}


def _permute_mlp(module: PermuteMLP) -> Iterator[Weights]:
    for branch in (module.column, module.row, module.channel):
        yield from layers(branch)
    pixels = module.column.in_features * module.row.in_features // module.segments**2
    like = module.out.weight
    yield {"weight": like.new_full((1, pixels), 1 / pixels), "bias": like.new_zeros(1)}
    yield from layers(module.reweight)
    yield from layers(module.out)


def _min_gru(module: MinGRU) -> Iterator[Weights]:
    """A scan keeps where the GRU updates, and its gate reads the candidate in place of the input, so its weight undoes the candidate's."""
    candidate, gate = module.candidate, module.gate
    yield from layers(candidate)
    weight = -torch.linalg.solve(candidate.weight, gate.weight, left=False)
    yield {"weight": weight, "bias": -gate.bias - weight @ candidate.bias}


def _lru(module: LRU) -> Iterator[Weights]:
    """Gates that see nothing of the input; what they let in, 1 - lambda in place of gamma, is made good before."""
    decay = torch.exp(-torch.exp(module.nu))
    let_in = (1 - decay**2).sqrt() / (1 - decay)
    for direction in range(2):
        yield {"weight": let_in[direction, :, None] * module.B[direction], "bias": torch.zeros_like(decay[direction])}
        yield {"weight": decay.new_zeros(decay.shape[1], decay.shape[1]), "bias": torch.logit(decay[direction])}
    yield {"weight": module.C, "bias": torch.zeros_like(module.D)}
    yield {"weight": module.D.diag(), "bias": torch.zeros_like(module.D)}


def _mamba(module: MambaBlock) -> Iterator[Weights]:
    """The projection and the convolution of each channel by itself are one convolution; exp(-softplus(x)) is sigmoid(-x)."""
    given, gate = module.in_proj.weight.chunk(2)
    assert module.conv1d.bias is not None
    yield {"weight": given[:, :, None] * module.conv1d.weight, "bias": module.conv1d.bias}
    yield {"weight": -module.dt_proj.weight, "bias": -module.dt_proj.bias}
    yield {"weight": gate, "bias": torch.zeros(len(gate))}
    yield from layers(module.out_proj)
