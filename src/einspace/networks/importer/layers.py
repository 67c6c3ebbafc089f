"""Layers: modules of `torch.nn` read as modules of the grammar, or refused. A new layer is a function and its line in `_LAYERS`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from einspace.derivation.build import compute, route
from einspace.derivation.tree import Derivation
from einspace.networks.importer.trace import Shape
from einspace.operations import Col2im, Identity, Im2col, Linear, Norm, Permute, Relu
from einspace.operations.computation import NEGATIVE_SLOPE

Item = Derivation | Permute
"""A module of the grammar, or a permutation that is still to be put around modules."""

TOKENS = route(Im2col(1, 1, 0), compute(Identity()), Identity())
"""(C, H, W) -> (H W, C)."""

NEAREST = f"relu became a leaky relu of slope {NEGATIVE_SLOPE}, which is near but not equal"
DROPPED = "dropout is left out"
NO_BIAS = "ours has a bias, which starts at zero"
NO_SCALE = "ours has a scale and a shift, which start at one and zero"

_POOLING = "pooling is not in the space: use a convolution with a stride, or a global average right before the last Linear"
_ACTIVATION = f"the space's activation is LeakyReLU({NEGATIVE_SLOPE})"
_ATTENTION = "attention is not read: the space has it, and einspace.baselines shows how it is written"
_NORM = "the space has BatchNorm2d on images and LayerNorm over the last axis of (S, D)"
_HINTS = {
    **dict.fromkeys(("maxpool2d", "avgpool2d", "adaptiveavgpool2d", "adaptivemaxpool2d", "mean", "amax", "max"), _POOLING),
    **dict.fromkeys(("gelu", "silu", "elu", "selu", "relu6", "hardswish", "mish", "prelu", "tanh", "sigmoid"), _ACTIVATION),
    **dict.fromkeys(("lstm", "gru", "rnn"), "recurrence is not in the space"),
    **dict.fromkeys(("multiheadattention", "scaleddotproductattention", "matmul", "bmm", "einsum"), _ATTENTION),
    **dict.fromkeys(("transformerencoderlayer", "transformerencoder"), _ATTENTION),
    **dict.fromkeys(("batchnorm1d", "groupnorm", "instancenorm2d", "rmsnorm"), _NORM),
    **dict.fromkeys(("softmax", "logsoftmax"), "the last one belongs to the loss: leave it out"),
    **dict.fromkeys(("conv2d", "linear", "batchnorm", "layernorm"), "use the module of torch.nn in place of the function"),
    **dict.fromkeys(("chunk", "split", "getitem"), "parts of a tensor are not read"),
}


class Misfit(Exception):
    """The grammar has no module for a layer; the message says why."""


@dataclass(frozen=True)
class Reading:
    """A layer as modules in series, with a note for people."""

    items: tuple[Item, ...] = ()
    note: str = ""


def read_layer(layer: nn.Module, shape: Shape) -> Reading:
    """Read a module of `torch.nn` at a sample's shape; raises Misfit."""
    reader = _LAYERS.get(type(layer))
    if reader is None:
        raise unknown(type(layer).__name__)
    return reader(layer, shape)


def unknown(name: str) -> Misfit:
    """The error for a layer or a function that is not read at all."""
    return Misfit(_HINTS.get(name.replace("_", "").lower(), "nothing in the space does this"))


def leaky(slope: float) -> Reading:
    """A relu with a slope below zero; 0 stands for the plain one."""
    if slope == 0:
        return Reading((compute(Relu()),), NEAREST)
    if slope != NEGATIVE_SLOPE:
        raise Misfit(f"the slope must be {NEGATIVE_SLOPE}, not {slope}")
    return Reading((compute(Relu()),))


def _convolution(layer: nn.Conv2d, shape: Shape) -> Reading:
    (k, other), (s, across) = layer.kernel_size, layer.stride
    if isinstance(layer.padding, str):
        p = across_p = 0 if layer.padding == "valid" else k // 2
    else:
        p, across_p = layer.padding
    problems = [
        (len(shape) != 3, "needs an image (C, H, W)"),
        (k != other, f"the kernel must be square, not {k}x{other}"),
        (s != across, f"the stride must be the same both ways, not {s}x{across}"),
        (p != across_p, f"the padding must be the same both ways, not {p}x{across_p}"),
        (layer.padding == "same" and k % 2 == 0, f"padding 'same' needs an odd kernel, not {k}"),
        (layer.dilation != (1, 1), f"dilation must be 1, not {layer.dilation[0]}"),
        (layer.groups != 1, f"groups must be 1, not {layer.groups}"),
        (layer.padding_mode != "zeros", f"it must be padded with zeros, not {layer.padding_mode}"),
    ]
    if wrong := [problem for present, problem in problems if present]:
        raise Misfit(", and ".join(wrong))
    items = (route(Im2col(k, s, p), compute(Linear(layer.out_channels)), Col2im()),)
    return Reading(items, "" if layer.bias is not None else NO_BIAS)


def _linear(layer: nn.Linear, shape: Shape) -> Reading:
    return Reading((compute(Linear(layer.out_features)),), "" if layer.bias is not None else NO_BIAS)


def _batch_norm(layer: nn.BatchNorm2d, shape: Shape) -> Reading:
    _check_defaults(layer, {"eps": 1e-5, "momentum": 0.1, "track_running_stats": True})
    return Reading((compute(Norm()),), "" if layer.affine else NO_SCALE)


def _layer_norm(layer: nn.LayerNorm, shape: Shape) -> Reading:
    if len(shape) == 3 or tuple(layer.normalized_shape) != shape[-1:]:
        raise Misfit(f"{_NORM}, but this is over {tuple(layer.normalized_shape)} of {shape}")
    _check_defaults(layer, {"eps": 1e-5})
    if layer.elementwise_affine and getattr(layer, "bias", None) is None:
        return Reading((compute(Norm()),), "ours has a shift, which starts at zero")
    return Reading((compute(Norm()),), "" if layer.elementwise_affine else NO_SCALE)


def _check_defaults(layer: nn.Module, wanted: dict[str, object]) -> None:
    if wrong := [f"{name} must be {value}, not {getattr(layer, name)}" for name, value in wanted.items() if getattr(layer, name) != value]:
        raise Misfit(", and ".join(wrong))


def column(shape: Shape) -> Shape:
    """A feature's shape: a vector (D) is one token (1, D)."""
    return (1, *shape) if len(shape) == 1 else shape


def reshaped(before: Shape, after: Shape) -> Reading:
    """The reading of `flatten`, `view` and the like, which follows from the shapes, for elements stay in row-major order."""
    if column(before) == column(after):
        return Reading()
    if len(before) == 3:
        channels, height, width = before
        if column(after) == (1, channels * height * width):
            if height == width:
                return Reading((route(Im2col(height, height, 0), compute(Identity()), Identity()),))
            raise Misfit(f"flattens an image of {height}x{width}: only square ones can be (im2col has square patches)")
        if after == (channels, height * width):
            return Reading((TOKENS, Permute((2, 1))))
    raise Misfit(f"{before} cannot become {after}: an image can be flattened to a vector or to (C, H W)")


_LAYERS: dict[type[nn.Module], Callable[[Any, Shape], Reading]] = {
    nn.Conv2d: _convolution,
    nn.Linear: _linear,
    nn.BatchNorm2d: _batch_norm,
    nn.LayerNorm: _layer_norm,
    nn.ReLU: lambda layer, shape: leaky(0),
    nn.LeakyReLU: lambda layer, shape: leaky(layer.negative_slope),
    nn.Identity: lambda layer, shape: Reading(),
    nn.Dropout: lambda layer, shape: Reading(note=DROPPED),
    nn.Dropout1d: lambda layer, shape: Reading(note=DROPPED),
    nn.Dropout2d: lambda layer, shape: Reading(note=DROPPED),
}
