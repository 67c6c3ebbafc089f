"""Report: the page that a search leaves in its run's folder."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import Any

from einspace.callbacks.base import Callback
from einspace.errors import EinspaceError
from einspace.result import REPORT, Result
from einspace.result.report import is_page_of

HURRY = 3.0
"""Seconds that pictures for the report of an interrupted search may take."""


class WriteReport(Callback):
    """Writes `report.html` when a search is over or was interrupted. A search has this callback beside those that it is given.

    A page that shows all of the run already stays as it is.

    Args:
        read: Gives what an interrupted search has found by then.
    """

    name = "report"
    unfinished = "`einspace report {run}` writes it"

    def __init__(self, read: Callable[[], Result]) -> None:
        self._read = read
        self._waiting = False

    def start(self, run: Path, settings: Mapping[str, Any]) -> None:
        """Note that a page is to be written."""
        self._waiting = True

    def finish(self, result: Result) -> None:
        """Write the page; raises RunError where that cannot be."""
        self._write(result, inf)

    def close(self) -> None:
        """Write the page of an interrupted search."""
        if not self._waiting:
            return
        with suppress(EinspaceError):  # what ended the search, such as its database, is said by the search
            self._write(self._read(), HURRY)

    def _write(self, result: Result, seconds: float) -> None:
        self._waiting = False
        if not is_page_of(result.run / REPORT, result):
            result.report(seconds=seconds)
