"""A baseline at an input: what `get` and the functions of `sizes` share."""

from collections.abc import Callable, Iterable

from einspace.derivation.tree import Node
from einspace.errors import NetworkError
from einspace.features import Feature
from einspace.space import Architecture, EinSpace

Shape = Feature | Iterable[int]


def at_image(name: str, function: Callable[[Feature], Node], shape: Shape) -> Architecture:
    """The architecture of a derivation at an input (C, H, W); raises NetworkError in Col mode, and ShapeError where it does not fit."""
    inputs = Feature.of(shape)
    if inputs.mode != "Im":
        raise NetworkError(f"the baseline {name} takes images (C, H, W), but the input is {inputs}")
    return EinSpace(inputs).architecture(function(inputs))
