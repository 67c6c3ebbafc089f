"""Source: what was read, before anything is recognised of the arrays themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from einspace.reading.signals import Signals

SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("valid", "val", "validation", "dev"), "valid"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""Names of splits, as people write them."""


@dataclass(frozen=True, eq=False)
class Source:
    """Samples and targets of `train`, and of `valid` and `test` where they are given apart, with what is known besides.

    `labels` are names of the classes, `notes` what was understood of the source, and `doubts` what can be understood otherwise too.
    `signals` are the columns of a table, and `size` is what images were scaled to.
    """

    pools: Mapping[str, tuple[Any, Any]]
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    signals: Signals | None = None
    size: tuple[int, int] | None = None
