"""How the networks over tokens cut an input: an image into patches, and a sequence not at all, for it has its tokens."""

from einspace.baselines.blocks import linear, patches
from einspace.derivation.tree import Derivation
from einspace.features import Feature
from einspace.operations import Col2im, Im2col


def small_patch(inputs: Feature) -> int:
    """Side of the patches of the small baselines: 4, or 2 where height or width of (C, H, W) is below 16. A sequence has none."""
    return 4 if min(inputs.shape[1:]) >= 16 else 2


def tokens(inputs: Feature, patch: int) -> int:
    """Patches in (C, H, W), H'W' of equation 30, or S of (S, D); raises ShapeError for an image smaller than a patch."""
    if inputs.mode == "Col":
        return inputs.shape[0]
    height, width = grid(inputs, patch)
    return height * width


def embedding(inputs: Feature, patch: int, width: int) -> Derivation:
    """One token of `width` features for each patch of (C, H, W) or each token of (S, D)."""
    return linear(width) if inputs.mode == "Col" else patches(patch, width)


def grid(inputs: Feature, patch: int) -> tuple[int, int]:
    """H' and W' of equations 31 and 32: patches in a column and in a row; raises ShapeError for an input smaller than one."""
    _, height, width = Col2im().infer(Im2col(patch, patch, 0).infer((inputs,)))[0].shape
    return height, width
