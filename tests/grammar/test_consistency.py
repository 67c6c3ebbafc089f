"""Appendix A.4: consistency and expected length."""

from collections.abc import Callable
from itertools import accumulate
from random import Random
from statistics import fmean, stdev

import numpy as np
import pytest

from einspace.grammar import einspace_grammar
from einspace.grammar.consistency import critical_probability, expectation_matrix
from einspace.grammar.grammar import Copies, expanded
from einspace.operations import Operation
from einspace.operations.branching import Branching, sampled_branches


def test_the_paper_s_setting_is_consistent() -> None:
    """At p = 0.32 the spectral radius is 0.68 x 13/9 = 0.982, below one (figure 4)."""
    grammar = einspace_grammar(0.32)
    assert grammar.spectral_radius() == pytest.approx(0.68 * 13 / 9)
    assert grammar.is_consistent()
    assert not einspace_grammar(0.3).is_consistent()
    assert grammar.expected_length() == pytest.approx(101)


def test_the_critical_probability_is_four_thirteenths() -> None:
    """The radius is one at p(M -> C) = 4/13 = 0.3077, the paper's "> 0.31"."""
    assert critical_probability(lambda p: einspace_grammar(p).spectral_radius()) == pytest.approx(4 / 13, abs=1e-9)


def test_the_expanded_network_is_critical_elsewhere() -> None:
    """Counting copies as 2, 4 and 8, M -> B M A makes 14/3 modules: critical where (1 - p) 23/9 = 1."""
    assert critical_probability(lambda p: einspace_grammar(p).spectral_radius(expanded)) == pytest.approx(14 / 23, abs=1e-9)


def test_expected_length_by_the_linear_equations() -> None:
    """E[M] = p + (1-p)/3 (2 E[M] + 2 + 4/3 E[M] + 2 + E[M]) and E[S] the same without C: equations 33 to 39."""
    p = 0.5
    rest = (1 - p) / 3
    module = (p + 4 * rest) / (1 - rest * 13 / 3)
    assert einspace_grammar(p).expected_length() == pytest.approx((module * 13 / 3 + 4) / 3)
    assert einspace_grammar(0.3).expected_length() == float("inf")


def test_expected_length_of_the_expanded_network() -> None:
    """The same equations with (2 + 4 + 8) / 3 branches in place of (2 + 1 + 1) / 3; infinite from 14/23 down, where 4/13 is still fine."""
    p = 0.8
    rest = (1 - p) / 3
    module = (p + 4 * rest) / (1 - rest * 23 / 3)
    assert einspace_grammar(p).expected_length(expanded) == pytest.approx((module * 23 / 3 + 4) / 3)
    assert einspace_grammar(0.6).expected_length(expanded) == float("inf")
    assert einspace_grammar(0.6).expected_length() < 10


def test_expectation_matrix_by_hand() -> None:
    """Rows S and M hold the expected non-terminals of one expansion; the other symbols derive terminals only."""
    matrix = expectation_matrix(einspace_grammar(0.7).expectations())
    assert list(einspace_grammar(0.7).rules) == ["S", "M", "B", "A", "R1", "R2", "C"]
    assert matrix[0] == pytest.approx([0, 13 / 9, 1 / 3, 1 / 3, 1 / 3, 1 / 3, 0])
    assert matrix[1] == pytest.approx([0, 0.3 * 13 / 9, 0.1, 0.1, 0.1, 0.1, 0.7])
    assert not np.any(matrix[2:])
    assert expectation_matrix(einspace_grammar(0.7).expectations(expanded))[:2, 1] == pytest.approx([23 / 9, 0.3 * 23 / 9])


@pytest.mark.slow
@pytest.mark.parametrize(("p", "copies"), [(0.32, sampled_branches), (0.6, sampled_branches), (0.92, expanded), (0.97, expanded)])
def test_expected_length_by_simulation(p: float, copies: Copies) -> None:
    """Expanding the rules at random, features ignored, gives on average what the linear equations say."""
    grammar, rng = einspace_grammar(p), Random(0)
    weights = {symbol: list(accumulate(production.weight for production in rules)) for symbol, rules in grammar.rules.items()}

    def choose(symbol: str) -> tuple[str, ...] | Operation:
        return rng.choices(grammar.rules[symbol], cum_weights=weights[symbol])[0].expansion

    lengths = [_simulate(grammar.start, choose, copies) for _ in range(4_000)]
    assert fmean(lengths) == pytest.approx(grammar.expected_length(copies), abs=4 * stdev(lengths) / len(lengths) ** 0.5)


def _simulate(start: str, choose: Callable[[str], tuple[str, ...] | Operation], copies: Copies) -> int:
    """Terminals of one random derivation: a repeated branch is expanded once and counts `copies(b)` times."""
    length, waiting = 0, [(start, 1)]
    while waiting:
        symbol, count = waiting.pop()
        expansion = choose(symbol)
        if isinstance(expansion, Operation):
            length += count
        elif expansion == ("B", "M", "A"):
            branching = choose("B")
            assert isinstance(branching, Branching)
            length += count
            inner = [("M", count), ("M", count)] if branching.b == 2 else [("M", count * copies(branching.b))]
            waiting += [*inner, ("A", count)]
        else:
            waiting += [(part, count) for part in expansion]
    return length
