"""Report: the page that every search leaves in its run's folder."""

from einspace.callbacks.base import Callback
from einspace.result import Result


class WriteReport(Callback):
    """Writes `report.html` when the search is over. Every search has this callback, beside those that it is given."""

    name = "report"

    def finish(self, result: Result) -> None:
        """Write the page; raises RunError where that cannot be."""
        result.report()
