"""Records: our JSON in a study, with a checksum, so that a byte that a disk has changed is noticed."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

SUM = "checksum"
"""The name of the checksum in a record."""


def sealed(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record with its checksum."""
    return {**record, SUM: _sum(record)}


def unsealed(stored: object) -> dict[str, Any]:
    """The record without its checksum; raises ValueError where that does not fit.

    >>> unsealed(sealed({"number": 3}))
    {'number': 3}
    """
    if not isinstance(stored, dict):
        raise ValueError(f"a record is {type(stored).__name__}")
    record = {name: value for name, value in stored.items() if name != SUM}
    if stored.get(SUM) != _sum(record):
        raise ValueError("a record does not match its checksum")
    return record


def _sum(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:16]
