"""What a run found: its trials as rows, the result of all of them, and how it is read from a study."""

from einspace.result.progress import Progress
from einspace.result.reading import attribute, collect, load_result
from einspace.result.result import TOP, BaselineRow, Best, Result, Spread
from einspace.result.row import INTERRUPTED, Row, best_of, ended, found_of, row_of, rows

__all__ = [
    "INTERRUPTED",
    "TOP",
    "BaselineRow",
    "Best",
    "Progress",
    "Result",
    "Row",
    "Spread",
    "attribute",
    "best_of",
    "collect",
    "ended",
    "found_of",
    "load_result",
    "row_of",
    "rows",
]
