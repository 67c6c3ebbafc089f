"""Consistency of a grammar (A.4): the conditions under which sampling ends with probability one, and the expected length of a sample.

Everything follows from the expected number of each non-terminal that one expansion of a non-terminal generates, `Grammar.expectations`.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

Expectations = Mapping[str, Mapping[str, float]]
"""For each non-terminal, the expected number of each non-terminal in one expansion of it."""


def expectation_matrix(expectations: Expectations) -> NDArray[np.float64]:
    """The expectations as a matrix: a row for each non-terminal that is expanded, a column for each one that it generates."""
    return np.array([[row.get(symbol, 0.0) for symbol in expectations] for row in expectations.values()])


def spectral_radius(expectations: Expectations) -> float:
    """Largest absolute eigenvalue of the expectation matrix; the grammar is consistent below one."""
    return float(max(abs(np.linalg.eigvals(expectation_matrix(expectations)))))


def expected_lengths(expectations: Expectations, terminals: Mapping[str, float]) -> dict[str, float]:
    """Expected number of terminals that each non-terminal derives (equations 33 to 39), infinite if the grammar is not consistent.

    Args:
        expectations: Of the grammar.
        terminals: The probability that one expansion of a non-terminal is a terminal.
    """
    if spectral_radius(expectations) >= 1:
        return dict.fromkeys(expectations, float("inf"))
    alone = np.array([terminals[symbol] for symbol in expectations])
    lengths = np.linalg.solve(np.eye(len(alone)) - expectation_matrix(expectations), alone)
    return dict(zip(expectations, map(float, lengths), strict=True))


def critical_probability(radius: Callable[[float], float]) -> float:
    """The p at which a spectral radius that depends on p is one, found numerically (figure 4)."""
    return float(brentq(lambda p: radius(p) - 1, 1e-6, 1 - 1e-6, xtol=1e-12))
