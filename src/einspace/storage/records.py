"""Records: our JSON in a study, with a checksum against damage by the disk, and our trial in one of Optuna's trials."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from einspace.evaluation.outcome import Outcome
from einspace.trial import Trial

RECORD = "trial"
"""The attribute of Optuna's trials that holds ours."""

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


def trial_of(number: int, state: str, value: float | None, attributes: Mapping[str, Any]) -> Trial | None:
    """Our trial in one of Optuna's, of which these are the number, the state, the value and the attributes.

    None for one without a record that waits: somebody has put it there with Optuna's tools, for one of ours has its record from the
    beginning. Raises ValueError, TypeError, LookupError or AttributeError for one that is damaged.
    """
    if RECORD not in attributes:
        if state == "WAITING":
            return None
        raise ValueError(f"the record of Optuna's trial {number} is missing")
    trial = Trial.from_json(unsealed(attributes[RECORD]))
    if state == "COMPLETE" and (trial.outcome is not Outcome.OK or trial.value != value):
        raise ValueError(f"trial {trial.number} has the value {value} but no evaluation that gave it")
    return trial


def _sum(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:16]
