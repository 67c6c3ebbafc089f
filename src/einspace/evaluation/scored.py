"""Scored: the score that a user's objective or metric returns, as a float."""

from decimal import Decimal
from math import nan
from numbers import Real
from typing import Any


def scored(score: Any) -> float:
    """A score of Python, or a single one of NumPy or PyTorch, as a float; raises TypeError for anything else, so that nothing is cut off.

    >>> import numpy as np
    >>> scored(np.array(0.5)), scored(Decimal("0.25"))
    (0.5, 0.25)
    >>> scored(True)
    Traceback (most recent call last):
    TypeError: a score is a single number, not True
    """
    value = score.item() if getattr(score, "shape", None) == () and not hasattr(score, "mask") else score
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        raise TypeError(f"a score is a single number, not {score!r:.100}")
    if isinstance(value, Decimal) and value.is_nan():
        return nan
    try:
        return float(value)
    except OverflowError:
        raise TypeError(f"a score is a number that a float can hold, not {score!r:.100}") from None
