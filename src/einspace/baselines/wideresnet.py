"""WideResNet-16-4 (B.1): 16 layers, four times as wide as the ResNets for small images."""

from einspace.baselines.blocks import IDENTITY, NORM, RELU, conv, conv_norm_relu, residual
from einspace.derivation.build import sequence, whole
from einspace.derivation.tree import Node
from einspace.features import Feature


def wrn16_4(inputs: Feature) -> Node:
    """(C, H, W) -> (256, ceil(H / 4), ceil(W / 4)): two blocks each of 64, 128 and 256 channels."""
    del inputs  # the same at every shape
    channels, blocks = 16, [conv_norm_relu(16)]
    for width, first_stride in ((64, 1), (128, 2), (256, 2)):
        for stride in (first_stride, 1):
            module = sequence(conv_norm_relu(width, stride=stride), conv(width))
            shortcut = IDENTITY if width == channels else conv(width, kernel=1, stride=stride)
            blocks.append(sequence(residual(module, shortcut), NORM, RELU))
            channels = width
    return whole(sequence(*blocks))
