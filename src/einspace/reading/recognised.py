"""Targets: the record of what targets were recognised as."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from einspace.networks.heads import Head


@dataclass(frozen=True, eq=False)
class Targets:
    """Targets `y`, their kind and head, the names of the classes, what there is to say about them, and what can be read otherwise.

    `y` is int64 (N,) for classes and int64 (N, h, w) for a class for each pixel, float32 for labels and masks, and in the type that was
    given for numbers (N, K) and fields (N, C, h, w), which are normalised before they are cast.
    """

    kind: str
    y: NDArray[Any]
    head: Head
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    values: tuple[int | str, ...] = ()
    """Classes, or no and yes of masks, as the targets spell them; none where they are numbered from 0."""
