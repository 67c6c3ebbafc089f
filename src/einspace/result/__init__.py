"""Result: the findings and the progress of a run, and the pages and tables of them."""

from einspace.result.entrant import Entrant
from einspace.result.reading import Following, collect, load_result, load_trials
from einspace.result.result import REPORT, TOP, Result

__all__ = ["REPORT", "TOP", "Entrant", "Following", "Result", "collect", "load_result", "load_trials"]
