"""WideResNets (B.1 has WRN-16-4: 16 layers, four times as wide as the ResNets for small images)."""

from einspace.baselines.blocks import IDENTITY, NORM, RELU, conv, conv_norm_relu, residual
from einspace.derivation.build import sequence, whole
from einspace.derivation.tree import Derivation
from einspace.features import Feature

STEM = 16
"""Channels of the first convolution."""


def wrn16_4(inputs: Feature) -> Derivation:
    """(C, H, W) -> (256, ceil(H / 4), ceil(W / 4)): two blocks each of 64, 128 and 256 channels."""
    del inputs  # the same at every shape
    return compose_wide_resnet(16, 4)


def wrn28_10(inputs: Feature) -> Derivation:
    """(C, H, W) -> (640, ceil(H / 4), ceil(W / 4)): four blocks each of 160, 320 and 640 channels."""
    del inputs
    return compose_wide_resnet(28, 10)


def compose_wide_resnet(depth: int, width: int) -> Derivation:
    """A WideResNet of depth 6 n + 4: n blocks each of 16, 32 and 64 channels, times the width."""
    channels, blocks = STEM, [conv_norm_relu(STEM)]
    for group in range(3):
        planes = STEM * 2**group * width
        for block in range((depth - 4) // 6):
            stride = 2 if group and not block else 1
            module = sequence(conv_norm_relu(planes, stride=stride), conv(planes))
            shortcut = IDENTITY if planes == channels else conv(planes, kernel=1, stride=stride)
            blocks.append(sequence(residual(module, shortcut), NORM, RELU))
            channels = planes
    return whole(sequence(*blocks))
