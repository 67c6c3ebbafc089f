"""MLP-Mixers (B.1): the mixing over tokens expands by four, the mixing over channels halves."""

from einspace.baselines.blocks import NORM, POSITIONS, embedding, mlp, residual, small_patch, token_mlp, tokens
from einspace.derivation.build import sequence, whole
from einspace.derivation.tree import Derivation
from einspace.features import Feature


def mlp_mixer(inputs: Feature) -> Derivation:
    """(C, H, W) or (S, D) -> (S, 512): patches of 4, eight layers."""
    return compose_mixer(inputs, patch=4, width=512, layers=8)


def mixer_tiny(inputs: Feature) -> Derivation:
    """(C, H, W) or (S, D) -> (S, 64): patches of 4 (2 below 16 pixels), two layers."""
    return compose_mixer(inputs, small_patch(inputs), width=64, layers=2)


def compose_mixer(inputs: Feature, patch: int, width: int, layers: int) -> Derivation:
    """An MLP-Mixer: (C, H, W) or (S, D) -> (S, width)."""
    count = tokens(inputs, patch)
    layer = residual(sequence(NORM, token_mlp(4 * count, count), mlp(max(1, width // 2), width)))
    return whole(sequence(embedding(inputs, patch, width), POSITIONS, *[layer] * layers))
