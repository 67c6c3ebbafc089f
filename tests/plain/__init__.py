"""The baselines as a user of PyTorch writes them by hand: they know nothing of einspace.

They prove that the space contains these networks (`tests/baselines/test_plain.py`) and are the yardstick of speed. Each takes the shape of
its input without the batch axis, and ends in the head of B.1 (mean over all but the channels, a linear layer) unless `classes` is None.
"""

from tests.plain.densenet import PlainDenseNet
from tests.plain.mixer import PlainMixer
from tests.plain.permutator import PlainPermutator
from tests.plain.recurrent import plain_gru, plain_lru, plain_mamba
from tests.plain.resmlp import PlainResMLP
from tests.plain.resnet import PlainResNet, PlainResNet18, PlainWideResNet
from tests.plain.series import PlainSeriesResNet
from tests.plain.vit import PlainViT

__all__ = [
    "PlainDenseNet",
    "PlainMixer",
    "PlainPermutator",
    "PlainResMLP",
    "PlainResNet",
    "PlainResNet18",
    "PlainSeriesResNet",
    "PlainViT",
    "PlainWideResNet",
    "plain_gru",
    "plain_lru",
    "plain_mamba",
]
