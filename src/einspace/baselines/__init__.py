"""Baselines (section 4.2, B.1): networks that people designed, as derivations of the grammar at any image shape.

They seed a search and are what it has to beat. A new one is a function from an input feature to a derivation, and its line in `BASELINES`.
"""

from collections.abc import Callable, Iterable

from einspace.baselines.mixer import mixer_tiny, mlp_mixer
from einspace.baselines.resnet import resnet8, resnet18
from einspace.baselines.vit import vit, vit_tiny
from einspace.baselines.wideresnet import wrn16_4
from einspace.derivation.tree import Node
from einspace.errors import GrammarError, NetworkError, NotationError, UnknownNameError
from einspace.features import Feature
from einspace.space import Architecture, EinSpace

BASELINES: dict[str, tuple[Callable[[Feature], Node], str]] = {
    "resnet18": (resnet18, "residual network of 18 layers, with a strided convolution in place of the pooling (B.1)"),
    "wrn16-4": (wrn16_4, "wide residual network of 16 layers, four times as wide (B.1)"),
    "vit": (vit, "vision transformer: 4 layers, width 512, 4 heads, patches of 4 (B.1)"),
    "mlp-mixer": (mlp_mixer, "MLP-Mixer: 8 layers, width 512, patches of 4 (B.1)"),
    "resnet8": (resnet8, "small residual network: 3 blocks of 16, 32 and 64 channels"),
    "vit-tiny": (vit_tiny, "small vision transformer: 2 layers, width 64, 4 heads of 16"),
    "mixer-tiny": (mixer_tiny, "small MLP-Mixer: 2 layers, width 64"),
}
"""Every baseline by its name: the function from an input to a derivation, and what it is in one line."""


def names() -> tuple[str, ...]:
    """The names of all baselines."""
    return tuple(BASELINES)


def get(name: str, shape: Feature | Iterable[int]) -> Architecture:
    """Build a baseline at an input (C, H, W).

    Raises UnknownNameError for another name, NetworkError for an input (S, D) in Col mode, and ShapeError for an input that is no
    shape or is smaller than a patch.

    >>> get("resnet18", (3, 64, 64)).output.shape
    (512, 4, 4)
    """
    if name not in BASELINES:
        raise UnknownNameError("baseline", name, names())
    inputs = Feature.of(shape)
    if inputs.mode != "Im":
        raise NetworkError(f"the baseline {name} takes images (C, H, W), but the input is {inputs}")
    function, _ = BASELINES[name]
    return EinSpace(inputs).architecture(function(inputs))


def within(space: EinSpace, name: str) -> Architecture:
    """Build a baseline as an architecture of a space; raises GrammarError where the grammar does not derive it, and what `get` raises."""
    try:
        return space.parse(str(get(name, space.input)))
    except NotationError as error:
        raise GrammarError(f"the baseline {name} is no architecture of this grammar: {error.problem}") from None


__all__ = ["BASELINES", "get", "names", "within"]
