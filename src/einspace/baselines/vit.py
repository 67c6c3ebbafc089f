"""Vision transformers (B.1), with the normalisation after each sum."""

from einspace.baselines.blocks import NORM, heads, linear, mlp, patch_embedding, residual
from einspace.baselines.patches import small_patch
from einspace.derivation.build import sequence, whole
from einspace.derivation.tree import Node
from einspace.features import Feature


def vit(inputs: Feature) -> Node:
    """(C, H, W) -> (S, 512): patches of 4, four layers, four heads of 64."""
    del inputs  # the same at every shape
    return _transformer(patch=4, width=512, layers=4, head_width=64)


def vit_tiny(inputs: Feature) -> Node:
    """(C, H, W) -> (S, 64): patches of 4 (2 below 16 pixels), two layers, four heads of 16."""
    return _transformer(small_patch(inputs), width=64, layers=2, head_width=16)


def _transformer(patch: int, width: int, layers: int, head_width: int) -> Node:
    attention = residual(sequence(heads(4, head_width), linear(width)))
    layer = sequence(attention, NORM, residual(mlp(width, width)), NORM)
    return whole(sequence(patch_embedding(patch, width), *[layer] * layers))
