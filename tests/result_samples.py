"""Runs for tests of reports: searches whose scores follow from the text, with names and tracebacks that try to be HTML."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.study_samples import EVOLUTION, SMALL, ThreadExecutor, good, score, small_task

from einspace.errors import RunError
from einspace.evaluation.outcome import Evaluation, Outcome, Request
from einspace.result import Result
from einspace.study import search

HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"


def sometimes_hostile(request: Request) -> Evaluation:
    """A third fails, with a message that a page must not take for markup."""
    if not request.final and 0.3 < score(request.text) < 0.6:
        return Evaluation(Outcome.ERROR, reason=f"ValueError: {HOSTILE}", traceback=f"Traceback\n  {HOSTILE}")
    return good(request)


def searched(folder: Path, run: str = "test", **options: Any) -> Result:
    """A short search."""
    settings: dict[str, Any] = {"trials": 16, "workers": 1, "seed": 0, "limits": SMALL, "run": run, "runs": folder, **EVOLUTION, **options}
    executor = settings.pop("executor", None) or ThreadExecutor(sometimes_hostile)
    return search(small_task(), executor=executor, **settings)


def check_option_is_off(run: Callable[..., Result], folder: Path, option: str) -> None:
    """An option that `run` turns on is off unless it is asked for, under both protocols, and no run goes on with another choice."""
    for protocol in ("einspace", "paper"):
        found = run(folder, 2, run=protocol, protocol=protocol, **{option: None})
        assert found.settings[option] is False
        assert run(folder, 2, run=f"{protocol}-on", protocol=protocol).settings[option] is True
        with pytest.raises(RunError, match=f"{option}: false there, true here"):
            run(folder, 3, run=protocol, protocol=protocol)
