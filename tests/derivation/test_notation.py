"""The notation: golden texts, bad texts with the place of the mistake, hostile texts."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pytest
from torch import nn

from einspace import EinSpace
from einspace.derivation import infer, parse, text
from einspace.errors import LimitError, NotationError, ShapeError
from einspace.features import Feature, Features
from einspace.grammar import Grammar, Production, einspace_grammar
from einspace.operations import Computation

FIGURE_3 = "[clone(b=2) {[[im2col(k=3,s=1,p=1) linear(d=64) col2im] [norm relu]] identity} add]"

REPEATED = "[clone(b=4) {[[im2col(k=1,s=1,p=0) linear(d=16) col2im] relu]} concat(dim=1,b=4)]"

HEAD = (
    "[clone(b=2) {[[clone(b=2) {linear(d=64) [identity linear(d=64) permute(o=(2,1))]} matmul(scaled=True)] softmax] linear(d=64)}"
    " matmul(scaled=False)]"
)


@pytest.mark.parametrize(
    ("source", "before", "after", "parameters"),
    [
        (FIGURE_3, (64, 32, 32), (64, 32, 32), (9 * 64 + 1) * 64 + 2 * 64),
        (REPEATED, (3, 8, 8), (64, 8, 8), 4 * (3 + 1) * 16),
        (HEAD, (10, 32), (10, 64), 3 * (32 + 1) * 64),
        ("[relu linear(d=196)]", (5, 7), (5, 196), 8 * 196),
    ],
    ids=["figure 3", "repeated branch", "attention head", "outside the options"],
)
def test_golden_texts(source: str, before: tuple[int, ...], after: tuple[int, ...], parameters: int) -> None:
    """The texts of the design are read, printed as they were, and mean what figure 3 and section 3.4 say."""
    node = parse(source, einspace_grammar())
    assert text(node) == source
    inferred = infer(node, (Feature(before),))
    assert inferred.outputs[0].shape == after
    assert inferred.cost.parameters == parameters


def test_figure_3_is_the_tree_of_the_paper() -> None:
    """Every production of figure 3 is one node: S -> B M A, and below it M -> M M, M -> R1 M R2, M -> C."""
    root = parse(FIGURE_3, einspace_grammar())
    assert "".join(f"{node.symbol} " for node in root.walk()) == "S B M M R1 M C R2 M M C M C M C A "
    assert root.repeats == 1
    assert parse(REPEATED, einspace_grammar()).repeats == 4


@pytest.mark.parametrize(
    "spaced",
    ["[relu[relu norm]]", "  [ relu\n\t[relu   norm] ]\n", "[relu\r\n[relu norm]]"],
)
def test_white_space_is_free(spaced: str) -> None:
    """Lines and blanks may be put anywhere between two words; printing gives the one line."""
    assert text(parse(spaced, einspace_grammar())) == "[relu [relu norm]]"


def test_settings_have_any_order_and_defaults() -> None:
    """Settings are named, so their order is free; one with a default may be left out."""
    node = parse("[im2col(p=1, s=1 ,k=3) [clone(b=2) {relu relu} matmul] col2im]", einspace_grammar())
    assert text(node) == "[im2col(k=3,s=1,p=1) [clone(b=2) {relu relu} matmul(scaled=False)] col2im]"


@dataclass(frozen=True)
class Windows(Computation):
    """Settings as people name and annotate them."""

    name = "windows"
    kernel_size: Literal[3, 5]
    axes: Sequence[int]
    at_most: int | None = 4
    Both2: bool = False

    def layer(self, inputs: Features) -> nn.Module:
        return nn.Identity()


def test_settings_of_any_annotation_are_read_back() -> None:
    """A setting takes what the options of the grammar have there: a number, a truth value or a tuple, whatever it is annotated as."""
    options = (Windows(3, (1, 2)), Windows(5, (2, 1, 3), 4, Both2=True))
    grammar = Grammar((*einspace_grammar().productions, *(Production("C", option) for option in options)))
    for option in (*options, Windows(5, (7,), 8)):
        assert parse(f"[{option} relu]", grammar).nodes[0].nodes[0].terminal == option
    for wrong in ("kernel_size=True,axes=(1,2)", "kernel_size=3,axes=1", "kernel_size=3,axes=(1,2),Both2=1"):
        with pytest.raises(NotationError, match="of another kind"):
            parse(f"[windows({wrong}) relu]", grammar)


MALFORMED = [
    # the text; the column, from 1; a part of the problem
    ("", 1, "ends too early"),
    ("   ", 1, "ends too early"),
    ("relu", 1, "relu alone is not an architecture"),
    ("linear(d=64)", 1, "alone is not an architecture"),
    ("[]", 2, "does not belong"),
    ("[relu]", 6, "does not belong"),
    ("[relu relu relu relu]", 1, "a bracket of 4"),
    (" [[relu relu] [relu]]", 20, "does not belong"),
    ("[relu relu", 11, "ends too early"),
    ("[relu relu   \n", 11, "ends too early"),
    ("[relu relu]]", 12, "does not belong"),
    ("[relu relu] x", 13, "does not belong"),
    ("[relu, relu]", 6, "does not belong"),
    ("[relu relu()]", 12, "does not belong"),
    ("[relu norn]", 7, "unknown operation 'norn'"),
    ("[Relu relu]", 2, "unknown operation 'Relu'"),
    ("[linear relu]", 2, "linear lacks its setting 'd'"),
    ("[im2col(k=3) relu col2im]", 2, "im2col lacks its setting 's'"),
    ("[linear(64) relu]", 9, "does not belong"),
    ("[linear(d) relu]", 10, "does not belong"),
    ("[linear(d=) relu]", 11, "does not belong"),
    ("[linear(d=64 relu]", 14, "does not belong"),
    ("[linear(d=-1) relu]", 11, "does not belong"),
    ("[linear(d=1.5) relu]", 12, "does not belong"),
    ("[linear(d='64') relu]", 11, "does not belong"),
    ("[linear(d=1234567890) relu]", 11, "does not belong"),
    ("[linear(d=True) relu]", 9, "setting 'd' of another kind"),
    ("[linear(d=(1,2)) relu]", 9, "setting 'd' of another kind"),
    ("[permute(o=2) relu identity]", 10, "setting 'o' of another kind"),
    ("[clone(b=2) {relu relu} matmul(scaled=2)]", 32, "setting 'scaled' of another kind"),
    ("[matmul(scaled=yes) relu]", 16, "does not belong"),
    ("[linear(d=64,d=64) relu]", 14, "two settings 'd'"),
    ("[linear(d=64,e=1) relu]", 14, "no setting 'e'"),
    ("[permute(o=(2,1) relu identity]", 18, "does not belong"),
    ("[clone(b=2) {relu} add]", 14, "takes 2 in its braces, not 1"),
    ("[clone(b=4) {relu relu} add]", 19, "takes 1 in its braces, not 2"),
    ("[clone(b=2) relu add]", 2, "clone(b=2) cannot stand here"),
    ("[clone(b=2) {} add]", 14, "does not belong"),
    ("{relu relu}", 1, "does not belong"),
    ("[{relu relu} add]", 2, "braces stand between"),
    ("[clone(b=2) {relu relu}]", 13, "braces stand between"),
    ("[clone(b=2) {relu relu} add add]", 13, "braces stand between"),
    ("[clone(b=2) {relu {relu}} add]", 19, "does not belong"),
    ("[clone(b=2) {relu relu} add}", 28, "does not belong"),
    ("[relu {relu relu} add]", 2, "braces follow a branching operation"),
    ("[clone(b=2) {relu relu} relu]", 25, "relu cannot stand here, where A is derived"),
    ("[clone(b=2) {relu add} add]", 19, "add cannot stand here, where M is derived"),
    ("[relu linear(d=64) col2im]", 2, "relu cannot stand here, where R1 is derived"),
    ("[col2im relu col2im]", 2, "col2im cannot stand here, where R1 is derived"),
    ("[im2col(k=3,s=1,p=1) relu relu]", 27, "relu cannot stand here, where R2 is derived"),
    ("[add relu]", 2, "add cannot stand here, where M is derived"),
]


@pytest.mark.parametrize(("source", "column", "problem"), MALFORMED, ids=[source for source, _, _ in MALFORMED])
def test_a_bad_text_is_refused_at_its_place(source: str, column: int, problem: str) -> None:
    """Every mistake gives one NotationError that names it, the column, and puts a caret under it."""
    with pytest.raises(NotationError) as caught:
        parse(source, einspace_grammar())
    assert problem in caught.value.problem
    assert caught.value.position == column - 1
    message, _, caret = str(caught.value).split("\n")
    assert f"line 1, column {column}" in message
    assert caret == " " * (column + 1) + "^"


@pytest.mark.parametrize(
    ("source", "place", "shown"),
    [("[relu\n norn]", "line 2, column 2", "norn]"), ("[relu\n\t[relu\n  norn]]", "line 3, column 3", "norn]]")],
)
def test_a_mistake_in_a_later_line_is_shown_in_that_line(source: str, place: str, shown: str) -> None:
    """Lines are counted, and only the line of the mistake is shown, its caret under the mistake."""
    with pytest.raises(NotationError) as caught:
        parse(source, einspace_grammar())
    message, line, caret = str(caught.value).split("\n")
    assert place in message
    assert line[caret.index("^") :] == shown


def test_hints_say_what_was_expected() -> None:
    """The nearest name, what may follow, and how a setting is written."""
    for source, hint in (
        ("[relu norn]", "did you mean norm?"),
        ("[relu relu", "']'"),
        ("[linear relu]", "write it as linear(d=16)"),
        ("[linear(16) relu]", "expected the name of a setting"),
        ("[col2im relu col2im]", "expected im2col, permute, identity"),
        ("[clone(b=4) {relu relu} add]", "one that is repeated"),
    ):
        with pytest.raises(NotationError) as caught:
            parse(source, einspace_grammar())
        assert hint in caught.value.hint


HOSTILE = {
    "100,000 opening brackets": "[" * 100_000,
    "100,000 closing brackets": "]" * 100_000,
    "100,000 opening braces": "[" + "{" * 100_000,
    "10 MB of operations": "[" + "relu " * 2_000_000 + "]",
    "10 MB of blanks": " " * 10_000_000,
    "5,000 digits": "[linear(d=" + "9" * 5_000 + ") relu]",
    "a name of 900,000 letters": "[" + "x" * 900_000 + " relu]",
    "full-width digits": "[linear(d=\uff16\uff14) relu]",
    "Arabic digits": "[linear(d=\u0666\u0664) relu]",
    "a superscript": "[linear(d=6\u00b2) relu]",
    "Cyrillic letters that look Latin": "[r\u0435lu relu]",
    "a combining accent": "[relu re\u0301lu]",
    "a right-to-left override": "[relu \u202erelu]",
    "a zero-width space": "[relu \u200brelu]",
    "a byte order mark": "\ufeff[relu relu]",
    "a zero byte": "[relu \0relu]",
    "a lone surrogate": "[relu \ud800]",
    "an emoji": "[\U0001f642 relu]",
    "code": "[__import__('os') relu]",
    "99,000 nested brackets": "[" * 99_000 + "relu" + "]" * 99_000,
    "100,000 nested brackets": "[" * 100_000 + "relu" + "]" * 100_000,
    "100,000 nested brackets of two": "[relu " * 100_000 + "relu" + "]" * 100_000,
    "one bracket of 39,000": "[" + "relu " * 39_000 + "]",
    "40,000 settings": "[linear(" + ",".join(["d=1"] * 40_000) + ") relu]",
    "100,000 accents on one letter": "[relu" + "\u0301" * 100_000 + " relu]",
}


@pytest.mark.slow
@pytest.mark.parametrize("source", HOSTILE.values(), ids=list(HOSTILE))
def test_a_hostile_text_ends_in_an_error_at_once(source: str) -> None:
    """No depth, length or character overflows a stack, hangs or passes: a short NotationError before 20 seconds of the processor."""
    started = time.process_time()
    with pytest.raises(NotationError) as caught:
        parse(source, einspace_grammar())
    assert time.process_time() - started < 20
    assert len(str(caught.value)) < 1_000


@pytest.mark.slow
def test_a_deep_text_is_read_and_printed_without_recursion() -> None:
    """5,000 nested brackets, five times Python's recursion limit, are an architecture like any other."""
    source = "[relu " * 5_000 + "relu" + "]" * 5_000
    node = parse(source, einspace_grammar())
    assert text(node) == source
    assert infer(node, (Feature((2, 3)),)).cost.terminals == 5_001


@pytest.mark.parametrize(
    "source",
    [
        "[clone(b=999999999) {relu} add]",
        "[clone(b=0) {relu} add]",
        "[group-dim(dim=1,b=0) {relu} add]",
        "[group-dim(dim=0,b=2) {relu relu} add]",
        "[im2col(k=0,s=1,p=0) relu identity]",
        "[im2col(k=3,s=0,p=1) relu identity]",
        "[linear(d=0) relu]",
        f"[permute(o=({','.join(['1'] * 50_000)})) relu identity]",
    ],
)
def test_hostile_numbers_fit_no_feature(source: str) -> None:
    """A text can ask for anything, but what is inferred stays small, and so does the message."""
    with pytest.raises(ShapeError) as caught:
        infer(parse(source, einspace_grammar()), (Feature((3, 8, 8)),))
    assert len(str(caught.value)) < 300


def test_a_text_that_stands_for_a_trillion_operations_is_counted_but_not_laid_out() -> None:
    """Costs are those of the expansion, at the price of the derivation; only the network would not fit into memory."""
    architecture = EinSpace((3, 8, 8)).parse("[clone(b=1024) {" * 4 + "relu" + "} add]" * 4)
    assert architecture.terminals == sum(2 * 1024**i for i in range(4)) + 1024**4
    with pytest.raises(LimitError, match="at most 1,000,000"):
        architecture.graph()
