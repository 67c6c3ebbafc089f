"""Source: data as they were read, and targets as they were recognised."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from einspace.networks.heads import Head
from einspace.reading.signals import Signals

SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("valid", "val", "validation", "dev"), "valid"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""Names of splits, as people write them."""


@dataclass(frozen=True, eq=False)
class Source:
    """Samples and targets of `train`, and of `valid` and `test` where they are given separately, with their metadata.

    `labels` are names of the classes, `notes` what was understood of the source, and `doubts` what can be understood otherwise too.
    `signals` are the columns of a table, and `size` is what images were scaled to. `shallow` says of images that 16 bits were brought to 0
    to 255 as those of 8, or that they were not; None where no image was read.
    """

    pools: Mapping[str, tuple[Any, Any]]
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    signals: Signals | None = None
    size: tuple[int, int] | None = None
    shallow: bool | None = None


@dataclass(frozen=True, eq=False)
class Targets:
    """Targets `y`, their kind and head, the names of the classes, notes about them, and doubts.

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
