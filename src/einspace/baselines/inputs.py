"""A baseline as an architecture at an input, for `get` and the functions of `sizes`."""

from collections.abc import Callable, Iterable

from einspace.derivation.tree import Derivation
from einspace.errors import NetworkError
from einspace.features import Feature
from einspace.grammar import WIDEST_GRAMMAR
from einspace.space import Architecture, EinSpace

Shape = Feature | Iterable[int]


def at(name: str, function: Callable[[Feature], Derivation], shape: Shape, sequences: bool = False) -> Architecture:
    """The architecture of a derivation at an input (C, H, W), and (S, D) too if it takes `sequences`.

    Raises NetworkError for a sequence otherwise, and ShapeError where it does not fit.
    """
    inputs = Feature.of(shape)
    if inputs.mode != "Im" and not sequences:
        raise NetworkError(f"the baseline {name} takes images (C, H, W), but the input is {inputs}")
    return EinSpace(inputs, grammar=WIDEST_GRAMMAR).architecture(function(inputs))
