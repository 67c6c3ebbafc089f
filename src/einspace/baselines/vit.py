"""Vision transformers (B.1), with the normalisation after each sum."""

from einspace.baselines.blocks import NORM, POSITIONS, embedding, heads, linear, mlp, residual, small_patch
from einspace.derivation.build import sequence, whole
from einspace.derivation.tree import Derivation
from einspace.features import Feature


def vit_small(inputs: Feature) -> Derivation:
    """(C, H, W) or (S, D) -> (S, 512): patches of 4, four layers, four heads of 64."""
    return compose_vit(inputs, patch=4, width=512, layers=4, number=4, head_width=64, hidden=512)


def vit_tiny(inputs: Feature) -> Derivation:
    """(C, H, W) or (S, D) -> (S, 64): patches of 4 (2 below 16 pixels), two layers, four heads of 16."""
    return compose_vit(inputs, small_patch(inputs), width=64, layers=2, number=4, head_width=16, hidden=64)


def compose_vit(inputs: Feature, patch: int, width: int, layers: int, number: int, head_width: int, hidden: int) -> Derivation:
    """A vision transformer with any number of attention heads, and `hidden` features inside its MLPs."""
    attention = residual(sequence(heads(number, head_width), linear(width)))
    layer = sequence(attention, NORM, residual(mlp(hidden, width)), NORM)
    return whole(sequence(embedding(inputs, patch, width), POSITIONS, *[layer] * layers))
