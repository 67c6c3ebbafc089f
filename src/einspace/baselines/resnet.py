"""ResNet18 (B.1: a strided convolution in place of the pooling in its stem), and a small one for inputs of a few pixels."""

from collections.abc import Sequence

from einspace.baselines.blocks import IDENTITY, NORM, RELU, conv, conv_norm_relu, residual
from einspace.derivation.build import sequence, whole
from einspace.derivation.tree import Node
from einspace.features import Feature


def resnet18(inputs: Feature) -> Node:
    """(C, H, W) -> (512, h, w), where four halvings that round up take H to h and W to w: (3, 64, 64) -> (512, 4, 4)."""
    del inputs  # the same at every shape
    stem = (conv_norm_relu(64), conv(64, stride=2))
    return whole(sequence(*stem, *_blocks(64, (64, 64, 128, 128, 256, 256, 512, 512))))


def resnet8(inputs: Feature) -> Node:
    """(C, H, W) -> (64, ceil(H / 4), ceil(W / 4)): three blocks, and no strided convolution in the stem."""
    del inputs
    return whole(sequence(conv_norm_relu(16), *_blocks(16, (16, 32, 64))))


def _blocks(channels: int, widths: Sequence[int]) -> list[Node]:
    blocks = []
    for width in widths:
        stride = 1 if width == channels else 2
        module = sequence(conv_norm_relu(width, stride=stride), conv(width), NORM)
        shortcut = IDENTITY if width == channels else sequence(conv(width, kernel=1, stride=stride), NORM)
        blocks.append(sequence(residual(module, shortcut), RELU))
        channels = width
    return blocks
