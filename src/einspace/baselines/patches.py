"""How the patch embeddings cut an input."""

from einspace.features import Feature
from einspace.operations import Col2im, Im2col


def small_patch(inputs: Feature) -> int:
    """Side of the patches of the small baselines: 4, or 2 where height or width of (C, H, W) is below 16."""
    return 4 if min(inputs.shape[1:]) >= 16 else 2


def tokens(inputs: Feature, patch: int) -> int:
    """Patches in (C, H, W): H'W' of equation 30; raises ShapeError for an input smaller than one."""
    height, width = grid(inputs, patch)
    return height * width


def grid(inputs: Feature, patch: int) -> tuple[int, int]:
    """H' and W' of equations 31 and 32: patches in a column and in a row; raises ShapeError for an input smaller than one."""
    _, height, width = Col2im().infer(Im2col(patch, patch, 0).infer((inputs,)))[0].shape
    return height, width
