"""Appendix A.4: consistency and expected length."""

import pytest

from einspace.grammar import einspace_grammar
from einspace.grammar.consistency import critical_probability, expanded, expected_length, spectral_radius


def test_the_paper_s_setting_is_consistent() -> None:
    """At p = 0.32 the spectral radius is 0.68 x 13/9 = 0.982, below one (figure 4)."""
    grammar = einspace_grammar(0.32)
    assert spectral_radius(grammar) == grammar.spectral_radius() == pytest.approx(0.68 * 13 / 9)
    assert grammar.is_consistent()
    assert not einspace_grammar(0.3).is_consistent()
    assert grammar.expected_length() == pytest.approx(101)


def test_the_critical_probability_is_four_thirteenths() -> None:
    """The radius is one at p(M -> C) = 4/13 = 0.3077, the paper's "> 0.31"."""
    assert critical_probability(einspace_grammar) == pytest.approx(4 / 13, abs=1e-9)


def test_the_expanded_network_is_critical_elsewhere() -> None:
    """Counting copies as 2, 4 and 8, M -> B M A makes 14/3 modules: critical where (1 - p) 23/9 = 1."""
    assert critical_probability(einspace_grammar, expanded) == pytest.approx(14 / 23, abs=1e-9)


def test_expected_length_by_the_linear_equations() -> None:
    """E[M] = p + (1-p)/3 (2 E[M] + 2 + 4/3 E[M] + 2 + E[M]) and E[S] the same without C: equations 33 to 39."""
    p = 0.5
    rest = (1 - p) / 3
    module = (p + 4 * rest) / (1 - rest * 13 / 3)
    assert expected_length(einspace_grammar(p)) == pytest.approx((module * 13 / 3 + 4) / 3)
    assert expected_length(einspace_grammar(0.3)) == float("inf")
