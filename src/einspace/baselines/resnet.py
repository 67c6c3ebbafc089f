"""ResNets (B.1: a strided convolution in place of the pooling in the stem), and a small one for inputs of a few pixels."""

from collections.abc import Sequence

from einspace.baselines.blocks import IDENTITY, NORM, RELU, conv, conv_norm_relu, residual
from einspace.derivation.build import sequence, whole
from einspace.derivation.tree import Node
from einspace.features import Feature


def resnet18(inputs: Feature) -> Node:
    """(C, H, W) -> (512, h, w), where four halvings that round up take H to h and W to w: (3, 64, 64) -> (512, 4, 4)."""
    del inputs  # the same at every shape
    return compose_resnet((2, 2, 2, 2), 64)


def resnet34(inputs: Feature) -> Node:
    """(C, H, W) -> (512, h, w): ResNet18 with more blocks of each width."""
    del inputs
    return compose_resnet((3, 4, 6, 3), 64)


def resnet8(inputs: Feature) -> Node:
    """(C, H, W) -> (64, ceil(H / 4), ceil(W / 4)): three blocks, and no strided convolution in the stem."""
    del inputs
    return whole(sequence(conv_norm_relu(16), *_blocks(16, (16, 32, 64))))


def compose_resnet(blocks: Sequence[int], width: int) -> Node:
    """A ResNet of basic blocks: so many of `width` channels, so many of twice as many, and so on."""
    widths = [width * 2**group for group, count in enumerate(blocks) for _ in range(count)]
    return whole(sequence(conv_norm_relu(width), conv(width, stride=2), *_blocks(width, widths)))


def _blocks(channels: int, widths: Sequence[int]) -> list[Node]:
    blocks = []
    for width in widths:
        stride = 1 if width == channels else 2
        module = sequence(conv_norm_relu(width, stride=stride), conv(width), NORM)
        shortcut = IDENTITY if width == channels else sequence(conv(width, kernel=1, stride=stride), NORM)
        blocks.append(sequence(residual(module, shortcut), RELU))
        channels = width
    return blocks
