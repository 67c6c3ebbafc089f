"""Source: what was read, before anything is recognised of the arrays themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
    """

    pools: Mapping[str, tuple[Any, Any]]
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
