"""Baselines of a size of your choice: each function gives an architecture at an input; the sizes of the paper are the defaults.

`resnet` takes a sequence (S, D) too, with convolutions along it; so do `vit`, `mixer`, `resmlp` and the recurrent `gru`, `lru` and `mamba`,
whose tokens are the steps of a sequence and the patches of an image.
"""

from collections.abc import Sequence

from einspace.baselines.densenet import compose_densenet
from einspace.baselines.inputs import Shape, at
from einspace.baselines.mixer import compose_mixer
from einspace.baselines.permutator import compose_permutator
from einspace.baselines.recurrent import compose_gru, compose_lru, compose_mamba
from einspace.baselines.resmlp import compose_resmlp
from einspace.baselines.resnet import compose_resnet
from einspace.baselines.vit import compose_vit
from einspace.baselines.wideresnet import compose_wide_resnet
from einspace.errors import SettingError
from einspace.space import Architecture


def resnet(shape: Shape, blocks: Sequence[int] = (2, 2, 2, 2), width: int = 64) -> Architecture:
    """Build a ResNet of basic blocks; `blocks=(3, 4, 6, 3)` is ResNet34.

    Args:
        shape: (C, H, W) or (S, D).
        blocks: The number of blocks of `width`, 2 x `width`, ... channels.
        width: Channels of the first blocks.

    Raises:
        SettingError: The network cannot have such a size.
        ShapeError: The input is not a shape.

    >>> resnet((3, 64, 64), blocks=(1, 1), width=16).output.shape
    (32, 16, 16)
    """
    _check_blocks(blocks)
    _check({"width": width})
    return at("resnet", lambda inputs: compose_resnet(inputs, blocks, width), shape, sequences=True)


def wide_resnet(shape: Shape, depth: int = 16, width: int = 4) -> Architecture:
    """Build a WideResNet.

    Args:
        shape: (C, H, W).
        depth: The number of layers, 6 n + 4: 10, 16, 22, 28, ...
        width: How many times as wide it is as the ResNets for small images.

    Raises:
        SettingError: The network cannot have such a size.
        NetworkError: The input is a sequence.
        ShapeError: The input is not a shape.

    >>> wide_resnet((3, 32, 32), depth=28, width=10).output.shape
    (640, 8, 8)
    """
    _check({"depth": depth, "width": width})
    if depth < 10 or depth % 6 != 4:
        lower = max(10, depth - (depth - 4) % 6)
        raise SettingError(f"the depth of a WideResNet is 6 n + 4, such as {lower} or {lower + 6}, not {depth}")
    return at("wide_resnet", lambda _: compose_wide_resnet(depth, width), shape)


def densenet(shape: Shape, blocks: Sequence[int] = (12, 12, 12), growth: int = 12, bottleneck: bool = False) -> Architecture:
    """Build a DenseNet.

    Args:
        shape: (C, H, W).
        blocks: The number of layers of each block.
        growth: Channels that each layer adds.
        bottleneck: Whether it is DenseNet-BC.

    Raises:
        SettingError: The network cannot have such a size.
        NetworkError: The input is a sequence.
        ShapeError: The input is not a shape.

    >>> densenet((3, 32, 32), blocks=(6, 12), growth=32, bottleneck=True).output.shape
    (512, 16, 16)
    """
    _check_blocks(blocks)
    _check({"growth": growth})
    return at("densenet", lambda _: compose_densenet(blocks, growth, bottleneck), shape)


def vit(
    shape: Shape,
    layers: int = 4,
    width: int = 512,
    heads: int = 4,
    head_width: int = 64,
    hidden: int | None = None,
    patch: int = 4,
) -> Architecture:
    """Build a vision transformer.

    Args:
        shape: (C, H, W) or (S, D).
        layers: The number of layers.
        width: Features of a token.
        heads: Heads of each attention.
        head_width: Features of each head.
        hidden: Features inside each MLP; None: the width.
        patch: Height and width of a patch of an image, in pixels; a sequence has its steps as tokens.

    Raises:
        SettingError: The network cannot have such a size.
        ShapeError: The input is not a shape, or is smaller than a patch.

    >>> vit((3, 32, 32), layers=2, width=96, heads=3, head_width=32, hidden=384).output.shape
    (64, 96)
    """
    inside = width if hidden is None else hidden
    _check({"layers": layers, "width": width, "heads": heads, "head_width": head_width, "hidden": inside, "patch": patch})
    return at("vit", lambda inputs: compose_vit(inputs, patch, width, layers, heads, head_width, inside), shape, sequences=True)


def mixer(shape: Shape, layers: int = 8, width: int = 512, patch: int = 4) -> Architecture:
    """Build an MLP-Mixer.

    Args:
        shape: (C, H, W) or (S, D).
        layers: The number of layers.
        width: Features of a token.
        patch: Height and width of a patch of an image, in pixels; a sequence has its steps as tokens.

    Raises:
        SettingError: The network cannot have such a size.
        ShapeError: The input is not a shape, or is smaller than a patch.

    >>> mixer((3, 32, 32), layers=2, width=96, patch=8).output.shape
    (16, 96)
    """
    _check({"layers": layers, "width": width, "patch": patch})
    return at("mixer", lambda inputs: compose_mixer(inputs, patch, width, layers), shape, sequences=True)


def resmlp(shape: Shape, layers: int = 12, width: int = 384, patch: int = 4) -> Architecture:
    """Build a ResMLP.

    Args:
        shape: (C, H, W) or (S, D).
        layers: The number of layers.
        width: Features of a token.
        patch: Height and width of a patch of an image, in pixels; a sequence has its steps as tokens.

    Raises:
        SettingError: The network cannot have such a size.
        ShapeError: The input is not a shape, or is smaller than a patch.

    >>> resmlp((3, 32, 32), layers=2, width=96, patch=8).output.shape
    (16, 96)
    """
    _check({"layers": layers, "width": width, "patch": patch})
    return at("resmlp", lambda inputs: compose_resmlp(inputs, patch, width, layers), shape, sequences=True)


def permutator(shape: Shape, layers: int = 8, width: int = 256, segments: int = 8, patch: int = 4) -> Architecture:
    """Build a Vision Permutator of one stage.

    Args:
        shape: (C, H, W).
        layers: The number of layers.
        width: Features of a token.
        segments: Parts that the channels are cut into; their number divides the width.
        patch: Height and width of a patch, in pixels.

    Raises:
        SettingError: The network cannot have such a size.
        NetworkError: The input is a sequence.
        ShapeError: The input is not a shape, or is smaller than a patch.

    >>> permutator((3, 32, 32), layers=2, width=96, segments=4, patch=8).output.shape
    (16, 96)
    """
    _check({"layers": layers, "width": width, "segments": segments, "patch": patch})
    if width % segments:
        raise SettingError(f"the segments of a Vision Permutator divide its width, but {segments} does not divide {width}")
    return at("permutator", lambda inputs: compose_permutator(inputs, patch, width, layers, segments), shape)


def gru(shape: Shape, layers: int = 2, width: int = 64, hidden: int | None = None, patch: int = 4) -> Architecture:
    """Build minimal GRUs, each followed by an MLP.

    Args:
        shape: (C, H, W) or (S, D).
        layers: The number of GRUs.
        width: Features of a token.
        hidden: Features inside each MLP; None: the width.
        patch: Height and width of a patch of an image, in pixels; a sequence has its steps as tokens.

    Raises:
        SettingError: The network cannot have such a size.
        ShapeError: The input is not a shape, or is smaller than a patch.

    >>> gru((24, 6), layers=1, width=32).output.shape
    (24, 32)
    """
    inside = width if hidden is None else hidden
    _check({"layers": layers, "width": width, "hidden": inside, "patch": patch})
    return at("gru", lambda inputs: compose_gru(inputs, patch, width, layers, inside), shape, sequences=True)


def lru(shape: Shape, layers: int = 2, width: int = 64, hidden: int | None = None, patch: int = 4) -> Architecture:
    """Build linear recurrences with gated linear units.

    Args:
        shape: (C, H, W) or (S, D).
        layers: The number of recurrences.
        width: Features of a token.
        hidden: States, an even number, half of them for each direction; None: the width.
        patch: Height and width of a patch of an image, in pixels; a sequence has its steps as tokens.

    Raises:
        SettingError: The network cannot have such a size.
        ShapeError: The input is not a shape, or is smaller than a patch.

    >>> lru((24, 6), layers=1, width=32).output.shape
    (24, 32)
    """
    inside = width if hidden is None else hidden
    _check({"layers": layers, "width": width, "hidden": inside, "patch": patch})
    if inside % 2:
        raise SettingError(f"hidden must be even, a half for each direction, not {inside}")
    return at("lru", lambda inputs: compose_lru(inputs, patch, width, layers, inside), shape, sequences=True)


def mamba(shape: Shape, layers: int = 2, width: int = 64, hidden: int | None = None, patch: int = 4) -> Architecture:
    """Build Mamba blocks.

    Args:
        shape: (C, H, W) or (S, D).
        layers: The number of blocks.
        width: Features of a token.
        hidden: Channels of a block, each with one state; None: the width.
        patch: Height and width of a patch of an image, in pixels; a sequence has its steps as tokens.

    Raises:
        SettingError: The network cannot have such a size.
        ShapeError: The input is not a shape, or is smaller than a patch.

    >>> mamba((24, 6), layers=1, width=32, hidden=64).output.shape
    (24, 32)
    """
    inside = width if hidden is None else hidden
    _check({"layers": layers, "width": width, "hidden": inside, "patch": patch})
    return at("mamba", lambda inputs: compose_mamba(inputs, patch, width, layers, inside), shape, sequences=True)


def _check(sizes: dict[str, int]) -> None:
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise SettingError(f"{name} must be a whole number of at least 1, not {size!r}")


def _check_blocks(blocks: Sequence[int]) -> None:
    if not blocks:
        raise SettingError("blocks must hold one number or more, such as (2, 2, 2, 2)")
    for count in blocks:
        _check({"a number in blocks": count})
