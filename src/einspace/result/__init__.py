"""Result: what a run found, and how far it is."""

from einspace.result.progress import Progress
from einspace.result.reading import FINALS, SESSION, collect, load_result, load_trials, proposal_of, validated
from einspace.result.result import REPORT, TOP, Entrant, Result, Spread

__all__ = [
    "FINALS",
    "REPORT",
    "SESSION",
    "TOP",
    "Entrant",
    "Progress",
    "Result",
    "Spread",
    "collect",
    "load_result",
    "load_trials",
    "proposal_of",
    "validated",
]
