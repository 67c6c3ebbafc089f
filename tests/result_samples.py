"""Runs for tests of reports: searches whose scores follow from the text, with names and tracebacks that try to be HTML."""

from pathlib import Path
from typing import Any

from tests.study_samples import EVOLUTION, SMALL, ThreadExecutor, good, score, small_task

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
