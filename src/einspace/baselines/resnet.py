"""ResNets (B.1: a strided convolution in place of the pooling in the stem), and small ones: for few pixels, and for targets of each pixel.

At a sequence (S, D) the convolutions go along it, and a shortcut that halves it has a kernel of 3, for the grammar has none of 1. The norm
is over samples and tokens, as that of an image is over samples and pixels.
"""

from collections.abc import Sequence

from einspace.baselines.blocks import IDENTITY, RELU, batch_norm, conv, conv_norm_relu, residual
from einspace.derivation.build import sequence, whole
from einspace.derivation.tree import Derivation
from einspace.features import Feature


def resnet18(inputs: Feature) -> Derivation:
    """(C, H, W) -> (512, h, w), where four halvings that round up take H to h and W to w: (3, 64, 64) -> (512, 4, 4)."""
    return compose_resnet(inputs, (2, 2, 2, 2), 64)


def resnet34(inputs: Feature) -> Derivation:
    """(C, H, W) -> (512, h, w): ResNet18 with more blocks of each width."""
    return compose_resnet(inputs, (3, 4, 6, 3), 64)


def resnet8(inputs: Feature) -> Derivation:
    """(C, H, W) -> (64, ceil(H / 4), ceil(W / 4)), or (S, D) -> (ceil(S / 4), 64): three blocks, and no strided convolution in the stem."""
    return _small(inputs, 16)


def resnet8_wide(inputs: Feature) -> Derivation:
    """(C, H, W) -> (128, ceil(H / 4), ceil(W / 4)), or (S, D) -> (ceil(S / 4), 128): resnet8 with twice the channels."""
    return _small(inputs, 32)


def resnet14_flat(inputs: Feature) -> Derivation:
    """(C, H, W) -> (16, H, W): six blocks of 16 channels without strides, so that a prediction for each pixel sees 27 x 27 pixels."""
    return whole(sequence(conv_norm_relu(16), *_blocks(16, (16,) * 6, False)))


def compose_resnet(inputs: Feature, blocks: Sequence[int], width: int) -> Derivation:
    """A ResNet of basic blocks: `blocks[0]` of them have `width` channels, `blocks[1]` have twice as many, and so on."""
    series = inputs.mode != "Im"
    widths = [width * 2**group for group, count in enumerate(blocks) for _ in range(count)]
    return whole(sequence(conv_norm_relu(width, series=series), conv(width, stride=2, series=series), *_blocks(width, widths, series)))


def _small(inputs: Feature, width: int) -> Derivation:
    series = inputs.mode != "Im"
    return whole(sequence(conv_norm_relu(width, series=series), *_blocks(width, (width, 2 * width, 4 * width), series)))


def _blocks(channels: int, widths: Sequence[int], series: bool) -> list[Derivation]:
    blocks = []
    for width in widths:
        stride = 1 if width == channels else 2
        module = sequence(conv_norm_relu(width, stride=stride, series=series), conv(width, series=series), batch_norm(series))
        shortcut = IDENTITY if width == channels else sequence(conv(width, 3 if series else 1, stride, series), batch_norm(series))
        blocks.append(sequence(residual(module, shortcut), RELU))
        channels = width
    return blocks
