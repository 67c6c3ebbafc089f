"""DenseNets: every layer adds a few channels to all that came before, and reads all of them.

The average pooling of the transitions is not an operation of the space. A convolution of 3x3 with stride 2 takes the place of the 1x1
convolution and the pooling after it: at even sizes it computes exactly those two when four of its nine taps hold a quarter of the 1x1
weights each and the others are zero. So the space contains DenseNet; what is trained from here may leave that set.
"""

from collections.abc import Sequence

from einspace.baselines.blocks import IDENTITY, NORM, RELU, conv
from einspace.derivation.build import branch, sequence, whole
from einspace.derivation.tree import Derivation
from einspace.features import Feature
from einspace.operations import Clone, Concat


def densenet40(inputs: Feature) -> Derivation:
    """(C, H, W) -> (448, ceil(H / 4), ceil(W / 4)): three blocks of twelve layers, each of which adds 12 channels."""
    del inputs  # the derivation is the same for every input
    return compose_densenet((12, 12, 12), 12, bottleneck=False)


def compose_densenet(blocks: Sequence[int], growth: int, bottleneck: bool) -> Derivation:
    """A DenseNet: `blocks` are the layers of each block, each of which adds `growth` channels; between blocks the size halves, rounded up.

    `bottleneck` is DenseNet-BC: a 1x1 convolution to 4 x growth channels before each 3x3, twice the growth in the stem, and transitions
    that halve the channels.
    """
    channels = 2 * growth if bottleneck else 16
    modules = [conv(channels)]
    for number, layers in enumerate(blocks):
        if number:
            channels = channels // 2 if bottleneck else channels
            modules.append(sequence(NORM, RELU, conv(channels, stride=2)))
        modules += [_dense_layer(growth, bottleneck)] * layers
        channels += layers * growth
    return whole(sequence(*modules, NORM, RELU))


def _dense_layer(growth: int, bottleneck: bool) -> Derivation:
    narrow = (NORM, RELU, conv(4 * growth, kernel=1)) if bottleneck else ()
    return branch(Clone(2), (IDENTITY, sequence(*narrow, NORM, RELU, conv(growth))), Concat(1, 2))
