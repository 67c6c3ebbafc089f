"""ResMLP: a linear layer over the patches, and an MLP over the channels, without a normalisation.

Its affine layers (a scale and a shift for each channel) are not operations of the space. A linear layer holds one as a diagonal matrix, and
two affine layers vanish into the linear layers of the MLP that they stand beside; the last one vanishes into the head. So the space
contains ResMLP, at the price of width x width parameters where an affine layer has 2 x width; what is trained from here may leave that
set. GELU is the space's relu, as in B.1's own networks.
"""

from einspace.baselines.blocks import TRANSPOSE, embedding, linear, mlp, residual, tokens
from einspace.derivation.build import route, sequence, whole
from einspace.derivation.tree import Derivation
from einspace.features import Feature


def resmlp_s12(inputs: Feature) -> Derivation:
    """(C, H, W) or (S, D) -> (S, 384): patches of 4, twelve layers, as ResMLP-S12 but for its patches of 16."""
    return compose_resmlp(inputs, patch=4, width=384, layers=12)


def compose_resmlp(inputs: Feature, patch: int, width: int, layers: int) -> Derivation:
    """A ResMLP: (C, H, W) or (S, D) -> (S, width)."""
    count = tokens(inputs, patch)
    over_patches = residual(sequence(linear(width), route(TRANSPOSE, linear(count), TRANSPOSE), linear(width)))
    layer = sequence(over_patches, residual(mlp(4 * width, width)))
    return whole(sequence(embedding(inputs, patch, width), *[layer] * layers))
