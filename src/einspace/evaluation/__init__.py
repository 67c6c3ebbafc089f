"""Evaluation: train and score one architecture, and say how it ended.

`attempt`, `evaluate` and `train` live in modules of their own that import torch; what is here does not.
"""

from einspace.evaluation.outcome import Evaluation, NotANumber, Outcome, Request, Seconds, Watch

__all__ = ["Evaluation", "NotANumber", "Outcome", "Request", "Seconds", "Watch"]
