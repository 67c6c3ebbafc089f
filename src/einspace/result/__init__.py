"""Result: what a run found, and how far it is."""

from einspace.result.progress import Progress
from einspace.result.reading import FINALS, SESSION, collect, load_result, load_trials, proposal_of, validated
from einspace.result.result import TOP, Entrant, Result, Spread
from einspace.result.trained import Trained, trained

__all__ = [
    "FINALS",
    "SESSION",
    "TOP",
    "Entrant",
    "Progress",
    "Result",
    "Spread",
    "Trained",
    "collect",
    "load_result",
    "load_trials",
    "proposal_of",
    "trained",
    "validated",
]
