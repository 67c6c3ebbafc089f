"""Consistency of a grammar (A.4): does sampling end with probability one, and how long is what it gives?"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from einspace.operations import Operation
from einspace.operations.branching import sampled_branches

if TYPE_CHECKING:
    from einspace.grammar.grammar import Grammar, Production

Copies = Callable[[int], int]
"""How often the branch of a module with factor b is counted."""


def expanded(b: int) -> int:
    """Branches that are built: every copy."""
    return b


def expectation_matrix(grammar: "Grammar", copies: Copies = sampled_branches) -> NDArray[np.float64]:
    """Expected number of each non-terminal (column) that one expansion of a non-terminal (row) generates (A.4)."""
    index = {symbol: i for i, symbol in enumerate(grammar.rules)}
    matrix = np.zeros((len(index), len(index)))
    for production in grammar.productions:
        for symbol, count in _counts(grammar, production, copies):
            matrix[index[production.symbol], index[symbol]] += grammar.probability(production) * count
    return matrix


def spectral_radius(grammar: "Grammar", copies: Copies = sampled_branches) -> float:
    """Largest absolute eigenvalue of the expectation matrix; the grammar is consistent below one."""
    return float(max(abs(np.linalg.eigvals(expectation_matrix(grammar, copies)))))


def expected_length(grammar: "Grammar", copies: Copies = sampled_branches) -> float:
    """Expected number of terminals of an architecture (equations 33 to 39), infinite if the grammar is not consistent."""
    if spectral_radius(grammar, copies) >= 1:
        return float("inf")
    symbols = list(grammar.rules)
    alone = np.array([sum(grammar.probability(p) for p in grammar.rules[s] if isinstance(p.expansion, Operation)) for s in symbols])
    lengths = np.linalg.solve(np.eye(len(symbols)) - expectation_matrix(grammar, copies), alone)
    return float(lengths[symbols.index(grammar.start)])


def critical_probability(family: "Callable[[float], Grammar]", copies: Copies = sampled_branches) -> float:
    """The p at which the spectral radius of `family(p)` is one, found numerically (figure 4)."""
    return float(brentq(lambda p: spectral_radius(family(p), copies) - 1, 1e-6, 1 - 1e-6, xtol=1e-12))


def _counts(grammar: "Grammar", production: "Production", copies: Copies) -> list[tuple[str, float]]:
    if isinstance(production.expansion, Operation):
        return []
    if not grammar.branches(production):
        return [(symbol, 1.0) for symbol in production.expansion]
    branching, branch, aggregation = production.expansion
    factor = sum(probability * copies(b) for b, probability in grammar.branching_factors(branching))
    return [(branching, 1.0), (branch, factor), (aggregation, 1.0)]
