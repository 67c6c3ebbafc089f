"""Baselines (section 4.2, B.1): networks that people designed, as derivations of the grammar at any image; ResNets, and those
over tokens, take sequences too. Recurrent ones are of the grammar with recurrence alone.

They are initial members of a search and the networks that it has to beat. `get` gives one by its name, and `resnet`, `wide_resnet`,
`densenet`, `vit`, `mixer`, `resmlp`, `permutator`, `gru`, `lru` and `mamba` give one of a size of your choice. A new one is a function from
an input feature to a derivation, and its line in `BASELINES`.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

from einspace.baselines.densenet import densenet40
from einspace.baselines.inputs import at
from einspace.baselines.mixer import mixer_tiny, mlp_mixer
from einspace.baselines.permutator import vision_permutator
from einspace.baselines.recurrent import gru_tiny, mamba_tiny
from einspace.baselines.resmlp import resmlp_s12
from einspace.baselines.resnet import resnet8, resnet8_wide, resnet14_flat, resnet18, resnet34
from einspace.baselines.sizes import densenet, gru, lru, mamba, mixer, permutator, resmlp, resnet, vit, wide_resnet
from einspace.baselines.vit import vit_small, vit_tiny
from einspace.baselines.wideresnet import wrn16_4, wrn28_10
from einspace.derivation.notation import parse
from einspace.derivation.tree import Derivation
from einspace.errors import GrammarError, NotationError, UnknownNameError
from einspace.features import Feature
from einspace.grammar import Grammar
from einspace.space import Architecture, EinSpace


class Baseline(NamedTuple):
    """The function from an input to a derivation, what it is in one line, and whether it takes sequences (S, D) beside images."""

    function: Callable[[Feature], Derivation]
    description: str
    sequences: bool = False


BASELINES: dict[str, Baseline] = {
    "resnet18": Baseline(resnet18, "residual network of 18 layers, with a strided convolution in place of the pooling (B.1)", True),
    "wrn16-4": Baseline(wrn16_4, "wide residual network of 16 layers, four times as wide (B.1)"),
    "vit": Baseline(vit_small, "vision transformer: 4 layers, width 512, 4 heads, patches of 4 (B.1)", True),
    "mlp-mixer": Baseline(mlp_mixer, "MLP-Mixer: 8 layers, width 512, patches of 4 (B.1)", True),
    "resnet34": Baseline(resnet34, "residual network of 34 layers, with the stem of resnet18", True),
    "wrn28-10": Baseline(wrn28_10, "wide residual network of 28 layers, ten times as wide"),
    "densenet40": Baseline(densenet40, "DenseNet of 40 layers that add 12 channels each, with strided convolutions for the pooling"),
    "resmlp": Baseline(resmlp_s12, "ResMLP: 12 layers, width 384, patches of 4, with linear layers in place of the affine ones", True),
    "permutator": Baseline(vision_permutator, "Vision Permutator: 8 layers, width 256, 8 segments, patches of 4"),
    "resnet8": Baseline(resnet8, "small residual network: 3 blocks of 16, 32 and 64 channels", True),
    "resnet8-wide": Baseline(resnet8_wide, "resnet8 with twice the channels: 32, 64 and 128", True),
    "resnet14-flat": Baseline(resnet14_flat, "small residual network without strides, for targets of each pixel: 6 blocks of 16 channels"),
    "vit-tiny": Baseline(vit_tiny, "small vision transformer: 2 layers, width 64, 4 heads of 16", True),
    "mixer-tiny": Baseline(mixer_tiny, "small MLP-Mixer: 2 layers, width 64", True),
    "gru-tiny": Baseline(gru_tiny, "small recurrent network: 2 minimal GRUs with MLPs, width 64; in the grammar with recurrence", True),
    "mamba-tiny": Baseline(mamba_tiny, "small state-space network: 2 Mamba blocks, width 64; in the grammar with recurrence", True),
}
"""Every baseline by its name."""


def names() -> tuple[str, ...]:
    """The names of all baselines."""
    return tuple(BASELINES)


def get(name: str, shape: Feature | Iterable[int]) -> Architecture:
    """Build a baseline at an input.

    A ResNet of a sequence is in the grammar of sequences, and a recurrent network in that with recurrence.

    Args:
        name: One of `names()`.
        shape: (C, H, W), or (S, D) where the baseline takes a sequence.

    Raises:
        UnknownNameError: There is no such baseline.
        NetworkError: The input is a sequence, and the baseline takes none.
        ShapeError: The input is not a shape, or is smaller than a patch.

    >>> get("resnet18", (3, 64, 64)).output.shape
    (512, 4, 4)
    """
    if name not in BASELINES:
        raise UnknownNameError("baseline", name, names())
    function, _, sequences = BASELINES[name]
    return at(name, function, shape, sequences)


def within(space: EinSpace, name: str) -> Architecture:
    """Build a baseline as an architecture of a space.

    Args:
        space: The space, whose input the baseline gets.
        name: One of `names()`.

    Raises:
        GrammarError: The grammar of the space does not derive the baseline.
        UnknownNameError, NetworkError, ShapeError: As `get`.
    """
    found = _derived(name, space.input, space.grammar)
    if isinstance(found, str):
        raise GrammarError(f"the baseline {name} is not an architecture of this grammar: {found}")
    return Architecture(found.node, found.input, found._inferred)


@lru_cache(maxsize=128)
def _derived(name: str, shape: Feature, grammar: Grammar) -> Architecture | str:
    """The baseline, parsed in a grammar, or the reason why the grammar does not derive it; cached, since a search asks repeatedly."""
    text = str(get(name, shape))
    try:
        return Architecture(parse(text, grammar), shape)
    except NotationError as error:
        return error.problem


__all__ = [
    "BASELINES",
    "densenet",
    "get",
    "gru",
    "lru",
    "mamba",
    "mixer",
    "names",
    "permutator",
    "resmlp",
    "resnet",
    "vit",
    "wide_resnet",
    "within",
]
