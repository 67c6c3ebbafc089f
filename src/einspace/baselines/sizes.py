"""Baselines of a size of your choice: each function gives an architecture at an input (C, H, W).

`resnet` takes a sequence (S, D) too, with convolutions along it; so do `vit`, `mixer`, `resmlp` and
the recurrent `gru`, `lru` and `mamba`, whose tokens are what patches are of
an image. The sizes of the paper are the defaults. All raise SettingError for a size that the network cannot have, the others NetworkError
for a sequence, and all ShapeError for an input that is not a shape or is smaller than a patch.
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
    """ResNet of basic blocks: `blocks` counts those of `width`, 2 x width, ... channels; (3, 4, 6, 3) is ResNet34.

    >>> resnet((3, 64, 64), blocks=(1, 1), width=16).output.shape
    (32, 16, 16)
    """
    _check_blocks(blocks)
    _check({"width": width})
    return at("resnet", lambda inputs: compose_resnet(inputs, blocks, width), shape, sequences=True)


def wide_resnet(shape: Shape, depth: int = 16, width: int = 4) -> Architecture:
    """WideResNet of a depth 6 n + 4 (10, 16, 22, 28, ...), `width` times as wide as the ResNets for small images.

    >>> wide_resnet((3, 32, 32), depth=28, width=10).output.shape
    (640, 8, 8)
    """
    _check({"depth": depth, "width": width})
    if depth < 10 or depth % 6 != 4:
        lower = max(10, depth - (depth - 4) % 6)
        raise SettingError(f"the depth of a WideResNet is 6 n + 4, such as {lower} or {lower + 6}, not {depth}")
    return at("wide_resnet", lambda _: compose_wide_resnet(depth, width), shape)


def densenet(shape: Shape, blocks: Sequence[int] = (12, 12, 12), growth: int = 12, bottleneck: bool = False) -> Architecture:
    """DenseNet: layers of each block, and channels that each adds; `bottleneck` is DenseNet-BC.

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
    """Vision transformer; any number of heads, `hidden` features inside its MLPs (the width if None).

    >>> vit((3, 32, 32), layers=2, width=96, heads=3, head_width=32, hidden=384).output.shape
    (64, 96)
    """
    inside = width if hidden is None else hidden
    _check({"layers": layers, "width": width, "heads": heads, "head_width": head_width, "hidden": inside, "patch": patch})
    return at("vit", lambda inputs: compose_vit(inputs, patch, width, layers, heads, head_width, inside), shape, sequences=True)


def mixer(shape: Shape, layers: int = 8, width: int = 512, patch: int = 4) -> Architecture:
    """MLP-Mixer.

    >>> mixer((3, 32, 32), layers=2, width=96, patch=8).output.shape
    (16, 96)
    """
    _check({"layers": layers, "width": width, "patch": patch})
    return at("mixer", lambda inputs: compose_mixer(inputs, patch, width, layers), shape, sequences=True)


def resmlp(shape: Shape, layers: int = 12, width: int = 384, patch: int = 4) -> Architecture:
    """ResMLP.

    >>> resmlp((3, 32, 32), layers=2, width=96, patch=8).output.shape
    (16, 96)
    """
    _check({"layers": layers, "width": width, "patch": patch})
    return at("resmlp", lambda inputs: compose_resmlp(inputs, patch, width, layers), shape, sequences=True)


def permutator(shape: Shape, layers: int = 8, width: int = 256, segments: int = 8, patch: int = 4) -> Architecture:
    """Vision Permutator of one stage; the segments divide the width.

    >>> permutator((3, 32, 32), layers=2, width=96, segments=4, patch=8).output.shape
    (16, 96)
    """
    _check({"layers": layers, "width": width, "segments": segments, "patch": patch})
    if width % segments:
        raise SettingError(f"the segments of a Vision Permutator divide its width, but {segments} does not divide {width}")
    return at("permutator", lambda inputs: compose_permutator(inputs, patch, width, layers, segments), shape)


def gru(shape: Shape, layers: int = 2, width: int = 64, hidden: int | None = None, patch: int = 4) -> Architecture:
    """Minimal GRUs, each followed by an MLP with `hidden` features inside (the width if None).

    >>> gru((24, 6), layers=1, width=32).output.shape
    (24, 32)
    """
    inside = width if hidden is None else hidden
    _check({"layers": layers, "width": width, "hidden": inside, "patch": patch})
    return at("gru", lambda inputs: compose_gru(inputs, patch, width, layers, inside), shape, sequences=True)


def lru(shape: Shape, layers: int = 2, width: int = 64, hidden: int | None = None, patch: int = 4) -> Architecture:
    """Linear recurrences with gated linear units; `hidden` states (the width if None), half of them for each direction.

    >>> lru((24, 6), layers=1, width=32).output.shape
    (24, 32)
    """
    inside = width if hidden is None else hidden
    _check({"layers": layers, "width": width, "hidden": inside, "patch": patch})
    if inside % 2:
        raise SettingError(f"hidden must be even, a half for each direction, not {inside}")
    return at("lru", lambda inputs: compose_lru(inputs, patch, width, layers, inside), shape, sequences=True)


def mamba(shape: Shape, layers: int = 2, width: int = 64, hidden: int | None = None, patch: int = 4) -> Architecture:
    """Mamba blocks of `hidden` channels (the width if None), each with one state.

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
