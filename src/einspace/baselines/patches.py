"""How the patch embeddings cut an input."""

from einspace.features import Feature
from einspace.operations import Im2col


def small_patch(inputs: Feature) -> int:
    """Side of the patches of the small baselines: 4, or 2 where height or width of (C, H, W) is below 16."""
    return 4 if min(inputs.shape[1:]) >= 16 else 2


def tokens(inputs: Feature, patch: int) -> int:
    """Patches in (C, H, W): H'W' of equation 30; raises ShapeError for an input smaller than one."""
    return Im2col(patch, patch, 0).infer((inputs,))[0].shape[0]
