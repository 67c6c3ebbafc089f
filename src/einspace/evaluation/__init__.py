"""Evaluation: train and score one architecture, and record the outcome.

`attempt`, `objective`, `evaluate` and `training` are modules of their own that import torch; what is here does not.
"""

from einspace.evaluation.outcome import Context, Evaluation, NotANumber, Objective, Outcome, Request, Seconds, Watch
from einspace.evaluation.work import Work

__all__ = ["Context", "Evaluation", "NotANumber", "Objective", "Outcome", "Request", "Seconds", "Watch", "Work"]
