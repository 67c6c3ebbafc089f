"""Result: what a run found, and how far it is."""

from einspace.result.reading import collect, load_result, load_trials
from einspace.result.result import REPORT, TOP, Entrant, Progress, Result
from einspace.result.trained import Trained, trained

__all__ = ["REPORT", "TOP", "Entrant", "Progress", "Result", "Trained", "collect", "load_result", "load_trials", "trained"]
