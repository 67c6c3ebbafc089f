"""Evaluations as they are stored."""

import json
from dataclasses import dataclass
from math import nan
from typing import Any

import pytest
from pydantic import TypeAdapter

from einspace.evaluation import Evaluation, Outcome


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {"outcome": "fine"},
        {"outcome": "ok", "value": "0.5"},
        {"outcome": "ok", "value": True},
        {"outcome": "ok", "value": nan},
        {"outcome": "ok", "losses": [1, "2"]},
        {"outcome": "ok", "reason": 5},
        {"outcome": "ok", "attempts": 1.5},
        {"outcome": "ok", "seconds": {"train": None}},
        {"outcome": "ok", "epochs": [1.0]},
    ],
)
def test_stored_data_of_wrong_types(data: Any) -> None:
    """Nothing but an evaluation's own data becomes one."""
    with pytest.raises(ValueError, match="Evaluation"):
        Evaluation.from_json(data)


def test_stored_inside_of_another_record() -> None:
    """A record that has an evaluation is written and read by its own adapter; what is not finite is null there too."""

    @dataclass(frozen=True)
    class Trial:
        number: int
        evaluation: Evaluation | None = None

    adapter = TypeAdapter(Trial)
    trial = Trial(3, Evaluation(Outcome.NAN, losses=(1.0, nan), scores=(0.5,), latency=None))
    data = json.loads(json.dumps(adapter.dump_python(trial, mode="json"), allow_nan=False))
    assert adapter.validate_python(data) == Trial(3, Evaluation(Outcome.NAN, losses=(1.0, None), scores=(0.5,)))
    assert adapter.validate_python({"number": 3}) == Trial(3)
