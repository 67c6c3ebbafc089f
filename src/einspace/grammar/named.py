"""Named grammars: those that a search can be asked for by name, and the one in which texts are read."""

from collections.abc import Callable

from einspace.errors import UnknownNameError
from einspace.features import Feature
from einspace.grammar.einspace import COMPUTATION_PROBABILITY, einspace_grammar
from einspace.grammar.grammar import Grammar
from einspace.grammar.recurrent import recurrent_grammar
from einspace.grammar.sequences import sequence_grammar

PAPER_GRAMMAR, SEQUENCE_GRAMMAR, RECURRENT_GRAMMAR = "paper", "sequences", "recurrent"
"""The names of the paper's grammar, of its 1-D variant and of the one with recurrence."""

GRAMMARS: dict[str, Callable[[float], Grammar]] = {
    PAPER_GRAMMAR: einspace_grammar,
    SEQUENCE_GRAMMAR: sequence_grammar,
    RECURRENT_GRAMMAR: recurrent_grammar,
}
"""Every named grammar, as a function of p(M -> C)."""

WIDEST_GRAMMAR = RECURRENT_GRAMMAR
"""The name of the grammar that has every architecture that one of the named grammars has, in which texts of any of them are read."""


def named_grammar(name: str, computation_probability: float = COMPUTATION_PROBABILITY) -> Grammar:
    """The grammar of a name; raises UnknownNameError for another name, and GrammarError for a probability outside (0, 1].

    >>> "window" in named_grammar("sequences").operations, "window" in named_grammar("paper").operations
    (True, False)
    """
    if name not in GRAMMARS:
        raise UnknownNameError("grammar", name, GRAMMARS)
    return GRAMMARS[name](computation_probability)


def usual_grammar(inputs: Feature) -> str:
    """The name of the grammar that searches of an input have, where none is named.

    A sequence (S, D) never becomes an image, so what the paper's grammar has for it, that of sequences has too, beside convolutions.

    >>> usual_grammar(Feature((3, 8, 8))), usual_grammar(Feature((24, 6)))
    ('paper', 'sequences')
    """
    return PAPER_GRAMMAR if inputs.mode == "Im" else SEQUENCE_GRAMMAR
