"""Result: what a run found, and how far it is."""

from einspace.result.reading import collect, load_result, load_trials
from einspace.result.result import REPORT, TOP, Entrant, Progress, Result

__all__ = ["REPORT", "TOP", "Entrant", "Progress", "Result", "collect", "load_result", "load_trials"]
