"""Probabilities: half learnt, never without end, and nothing out of reach."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from einspace.features import Feature
from einspace.grammar import Grammar, Production, einspace_grammar, sequence_grammar
from einspace.learned import SHARE, Learned, Region, Uses, mixed, regions

GRAMMAR = einspace_grammar()
LARGE = 10**9


def of(grammar: Grammar, text: str) -> Production:
    """A production by how it is written."""
    return next(production for production in grammar.productions if str(production) == text)


def probability(grammar: Grammar, text: str) -> float:
    return grammar.probability(of(grammar, text))


def test_a_probability_is_what_one_computes_by_hand() -> None:
    """Of 13 computations, each with 1/13, relu was used 26 times: (26 + 1) / (26 + 13) is learnt, and half of that counts.

    A tenth of the modules are M M: of (10 + 4 (0.68 / 3)) / (100 + 4) the half, and half of 0.68 / 3.
    """
    assert len(GRAMMAR.rules["C"]) == 13
    uses = {of(GRAMMAR, "C -> relu"): 26, of(GRAMMAR, "M -> M M"): 10, of(GRAMMAR, "M -> C"): 90}
    found = mixed(GRAMMAR, uses)
    assert probability(found, "C -> relu") == pytest.approx(float(Fraction(1, 2) * Fraction(1, 13) + Fraction(1, 2) * Fraction(27, 39)))
    assert probability(found, "C -> norm") == pytest.approx(float(Fraction(1, 2) * Fraction(1, 13) + Fraction(1, 2) * Fraction(1, 39)))
    own = 0.68 / 3
    assert probability(found, "M -> M M") == pytest.approx(own / 2 + (10 + 4 * own) / 104 / 2)
    assert probability(found, "M -> C") == pytest.approx(0.32 / 2 + (90 + 4 * 0.32) / 104 / 2)
    assert probability(found, "M -> B M A") == pytest.approx(own / 2 + 4 * own / 104 / 2)


def test_where_nothing_was_used_the_probabilities_are_the_grammar_s() -> None:
    """In every region that no derivation has, such as deep ones."""
    uses = Uses({(Region(0, "Im"), of(GRAMMAR, "C -> relu")): 5})
    found = Learned.of(GRAMMAR, uses)
    assert set(found.grammars) == set(regions())
    for region, grammar in found.grammars.items():
        pairs = zip(grammar.productions, GRAMMAR.productions, strict=True)
        same = all(grammar.probability(one) == pytest.approx(GRAMMAR.probability(other)) for one, other in pairs)
        assert same == (region != Region(0, "Im"))
    weights = found.weigh("C", 2, (Feature((3, 8, 8)),))
    assert weights == tuple(production.weight for production in found.grammars[Region(0, "Im")].rules["C"])


@pytest.mark.parametrize("sequences", [False, True])
def test_what_would_grow_without_end_is_learnt_less(sequences: bool) -> None:
    """Where every module of the best splits in two and every branching has two branches, the radius is under 1; the rest is half learnt."""
    grammar = sequence_grammar() if sequences else GRAMMAR
    uses = {of(grammar, text): LARGE for text in ("M -> M M", "B -> clone(b=2)", "C -> relu")}
    found = mixed(grammar, uses)
    assert probability(grammar, "M -> M M") < probability(found, "M -> M M")
    assert grammar.spectral_radius() < found.spectral_radius() < 1
    assert probability(found, "C -> relu") == pytest.approx(0.5 + 0.5 * probability(grammar, "C -> relu"))


def test_a_grammar_without_an_end_keeps_the_probabilities_of_its_modules() -> None:
    """It is used within limits alone; which operations are drawn is learnt nevertheless."""
    grammar = einspace_grammar(0.2)
    assert not grammar.is_consistent()
    found = mixed(grammar, {of(grammar, text): 100 for text in ("M -> M M", "B -> clone(b=2)", "C -> relu")})
    assert found.spectral_radius() == pytest.approx(grammar.spectral_radius())
    assert probability(found, "M -> M M") == pytest.approx(probability(grammar, "M -> M M"))
    assert probability(found, "C -> relu") > 0.4


@pytest.mark.slow
@settings(max_examples=60)
@given(st.floats(0.315, 1, exclude_max=True), st.booleans(), st.data())
def test_no_history_makes_sampling_endless_or_a_production_unreachable(p: float, sequences: bool, data: st.DataObject) -> None:
    """Whatever was counted, the radius is under 1 as the grammar's is, and each production keeps half of its probability."""
    grammar = (sequence_grammar if sequences else einspace_grammar)(p)
    places = st.dictionaries(st.sampled_from(grammar.productions), st.one_of(st.integers(1, 9), st.integers(LARGE, LARGE * LARGE)))
    found = mixed(grammar, data.draw(places))
    assert found.spectral_radius() < 1 or not grammar.is_consistent()
    for before, after in zip(grammar.productions, found.productions, strict=True):
        assert (before.symbol, before.expansion) == (after.symbol, after.expansion)
        assert after.weight >= (1 - SHARE) * grammar.probability(before) * (1 - 1e-12)
    for options in found.rules.values():
        assert sum(option.weight for option in options) == pytest.approx(1)
