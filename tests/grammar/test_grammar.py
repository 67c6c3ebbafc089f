"""The rules of section 3.3, as data."""

import json
from dataclasses import field, make_dataclass
from fractions import Fraction

import numpy as np
import pytest

from einspace.errors import GrammarError
from einspace.grammar import Grammar, Production, einspace_grammar, grammar_data, grammar_of
from einspace.operations import OPERATIONS, Clone, Linear, Operation, Permute, Relu


def _with_setting(name: str, default: object = 3) -> Operation:
    """An operation with a setting of this name."""
    made: Operation = make_dataclass("Odd", [(name, int, default)], bases=(Relu,), namespace={"name": "odd"}, frozen=True)()
    return made


def test_rules_of_section_3_3() -> None:
    """S has the three composite modules, M has the computation module too, and the terminals are those of equations 10 to 26."""
    grammar = einspace_grammar()
    shapes = {symbol: [p.expansion for p in rules if isinstance(p.expansion, tuple)] for symbol, rules in grammar.rules.items()}
    assert shapes["S"] == [("M", "M"), ("B", "M", "A"), ("R1", "M", "R2")]
    assert shapes["M"] == [*shapes["S"], ("C",)]
    counts = {symbol: len(rules) for symbol, rules in grammar.rules.items()}
    assert counts == {"S": 3, "M": 4, "B": 12, "A": 12, "R1": 14, "R2": 8, "C": 13}


def test_im2col_only_opens_and_col2im_only_closes_a_routing_module() -> None:
    """The convolutional prior of section 3.4."""
    grammar = einspace_grammar()
    assert grammar.derives("R1", OPERATIONS["im2col"])
    assert grammar.derives("R2", OPERATIONS["col2im"])
    assert not grammar.derives("R1", OPERATIONS["col2im"])
    assert not grammar.derives("R2", OPERATIONS["im2col"])


def test_probabilities_of_section_3_7() -> None:
    """p(M -> C) = 0.32, the other modules share the rest, S is uniform, and so are the options."""
    grammar = einspace_grammar()
    by_text = {str(p): grammar.probability(p) for p in grammar.productions}
    assert by_text["M -> C"] == pytest.approx(0.32)
    assert by_text["M -> B M A"] == pytest.approx(0.68 / 3)
    assert by_text["S -> M M"] == pytest.approx(1 / 3)
    assert by_text["C -> linear(d=64)"] == pytest.approx(1 / 13)


def test_fingerprint_tells_grammars_apart() -> None:
    """Other probabilities are another search space, the same ones are the same in every process."""
    assert einspace_grammar().fingerprint == einspace_grammar(0.32).fingerprint
    assert einspace_grammar().fingerprint != einspace_grammar(0.33).fingerprint


@pytest.mark.parametrize("p", [0.0, -0.1, 1.1, float("nan")])
def test_a_probability_outside_its_range_is_refused(p: float) -> None:
    """p(M -> C) lies in (0, 1]."""
    with pytest.raises(GrammarError, match="above 0 and at most 1"):
        einspace_grammar(p)


@pytest.mark.parametrize(
    ("productions", "message"),
    [
        ([Production("M", Relu())], "no production for its start symbol 'S'"),
        ([Production("S", ("M", "M"))], "uses 'M', which no production derives"),
        ([Production("S", Relu()), Production("S", ("M", "M")), Production("M", ("M", "M"))], "'M' is unproductive"),
        ([Production("S", Relu()), Production("M", Relu())], "'M' is unreachable"),
        ([Production("S", Relu(), 0.0)], "weight above 0"),
        ([Production("S", ("B", "C")), Production("B", Clone(2)), Production("C", Relu())], "needs three symbols"),
        ([Production("S", ())], "'S' derives nothing"),
        ([Production("S", Linear(0.5))], "setting 'd' of linear.d=0.5. must be a whole number"),  # type: ignore[arg-type]
        ([Production("S", Linear(-1))], "setting 'd' of linear.d=-1. must be"),
        ([Production("S", Permute(()))], "setting 'o' of permute"),
        ([Production("S", Relu()), Production("S", type("Other", (Relu,), {})())], "two operation classes are named 'relu'"),
        ([Production("S", type("Other", (Relu,), {"name": "re lu"})())], "letters, digits and -, unlike 're lu'"),
        ([Production("S", _with_setting("_k"))], "made of letters, digits and _ after a letter, unlike '_k' of odd\\(_k=3\\)"),
        ([Production("S", _with_setting("größe"))], "unlike 'größe'"),
        ([Production("S", _with_setting("k" * 65))], "unlike 'kkk"),
        ([Production("S", _with_setting("k", field(init=False, default=3)))], "odd\\(k=3\\) cannot be made from its settings"),
    ],
)
def test_a_grammar_that_cannot_work_is_refused(productions: list[Production], message: str) -> None:
    """The error names the symbol or the production at fault."""
    with pytest.raises(GrammarError, match=message):
        Grammar(tuple(productions))


@pytest.mark.parametrize("weight", [np.float64(0.3), np.float32(0.1), np.int64(3), Fraction(1, 3), 2])
def test_a_weight_of_any_kind_of_number_comes_back_from_json(weight: float) -> None:
    """It is a float from the start, so that a stored grammar has the fingerprint of the one that was searched."""
    grammar = Grammar((*einspace_grammar().productions, Production("C", Linear(7), weight)))
    assert type(grammar.productions[-1].weight) is float
    assert grammar_of(json.loads(json.dumps(grammar_data(grammar)))).fingerprint == grammar.fingerprint


@pytest.mark.parametrize("weight", ["0.3", None, 1j, np.array([1.0, 2.0]), pytest.param(10**400, id="too large")])
def test_a_weight_that_is_no_number_is_refused(weight: object) -> None:
    """The production is named where it is made."""
    with pytest.raises(GrammarError, match="production C -> relu needs a number as its weight, not "):
        Production("C", Relu(), weight)  # type: ignore[arg-type]


@pytest.mark.parametrize("weight", [0.0, -1, float("nan"), float("inf"), np.float64("nan")])
def test_a_weight_that_is_no_share_is_refused(weight: float) -> None:
    """Weights are above 0 and finite."""
    with pytest.raises(GrammarError, match="weight above 0"):
        Grammar((Production("S", Relu(), weight),))
