"""Vision Permutator: three branches mix the pixels of a column, of a row, and the channels, each by one linear layer.

The channels are cut into segments. For the columns, the height is merged with the number of the segment, (C, H, W) -> (C / S, S H, W),
and a linear layer acts on that axis; for the rows likewise. Merging two axes is a `group-dim` over one of them whose chunks are
concatenated over the other. The split attention weighs the three branches for each channel; a product of a feature with weights that
depend on the data is `matmul`, channel by channel: (C, H W, 3) @ (C, 3, 1). Its mean over the pixels is a linear layer to one feature,
whose weights are all 1 / (H W) in the original. GELU is the space's relu, as in B.1's own networks. Nothing else differs, but a
factor of three or of W chunks is outside the option sets: such a derivation is run and mutated, and never sampled.

Legend: C channels, S segments, N = C / S channels of a segment, H W height and width in patches.
"""

from einspace.baselines.blocks import IDENTITY, NORM, RELU, conv, copies, grid, linear, mlp, patches, residual
from einspace.derivation.build import branch, compute, route, sequence, whole
from einspace.derivation.tree import Derivation
from einspace.features import Feature
from einspace.operations import Add, Clone, Col2im, Concat, GroupDim, Identity, Im2col, Matmul, Permute, Softmax

HIDDEN = 3
"""The expansion factor of the MLP over the channels."""
SWAP = Permute((1, 3, 2))
PIXELS = Im2col(1, 1, 0)


def vision_permutator(inputs: Feature) -> Derivation:
    """(C, H, W) -> (S, 256): patches of 4, eight layers, eight segments."""
    return compose_permutator(inputs, patch=4, width=256, layers=8, segments=8)


def compose_permutator(inputs: Feature, patch: int, width: int, layers: int, segments: int) -> Derivation:
    """A Vision Permutator of one stage; the segments divide the width: (C, H, W) -> (S, width)."""
    size = grid(inputs, patch)
    mixing = residual(sequence(NORM, _permute_mlp(size, width, segments)))
    layer = sequence(mixing, residual(sequence(NORM, mlp(HIDDEN * width, width))))
    return whole(sequence(patches(patch, width), *[layer] * layers, NORM))


def _permute_mlp(size: tuple[int, int], width: int, segments: int) -> Derivation:
    """(H W, C) -> (H W, C): the three branches, their weighted sum, and a linear layer."""
    height, breadth = size
    column = sequence(_merge(1, 2, segments), route(SWAP, linear(segments * height), SWAP), _merge(2, 1, segments))
    row = sequence(_merge(1, 3, segments), linear(segments * breadth), _merge(3, 1, segments))
    flat = _merge(3, 2, breadth)
    branches = [sequence(module, flat) for module in (column, row, conv(width, kernel=1))]
    stacked = branch(Clone(2), (branches[0], branch(Clone(2), branches[1:], Concat(3, 2))), Concat(3, 2))
    weighted = branch(Clone(2), (IDENTITY, _split_attention(width)), Matmul(scaled=False))
    mixed = sequence(stacked, weighted, _merge(2, 3, breadth))
    return sequence(route(Identity(), IDENTITY, Col2im()), mixed, route(PIXELS, linear(width), Identity()))


def _split_attention(width: int) -> Derivation:
    """(C, H W, 3) -> (C, 3, 1): for each channel, three weights that sum to one."""
    mean = sequence(branch(GroupDim(3, 3), copies(3, IDENTITY), Add()), route(SWAP, linear(1), Permute((3, 2, 1))))
    logits = sequence(linear(max(1, width // 4)), RELU, linear(3 * width))  # (1, 1, C) -> (1, 1, 3 C)
    spread = route(Identity(), _merge(3, 1, 3), Permute((3, 2, 1)))  # -> (3, 1, C) -> (C, 1, 3)
    return sequence(mean, logits, spread, route(Identity(), compute(Softmax()), SWAP))


def _merge(split: int, joined: int, b: int) -> Derivation:
    """Make axis `split` b times as short and axis `joined` b times as long, with the number of the chunk as its outer part."""
    return IDENTITY if b == 1 else branch(GroupDim(split, b), copies(b, IDENTITY), Concat(joined, b))
