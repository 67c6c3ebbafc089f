"""Named grammars: those that a search can be asked for by name, and the one in which texts at an input are read."""

from collections.abc import Callable

from einspace.errors import UnknownNameError
from einspace.features import Feature
from einspace.grammar.einspace import COMPUTATION_PROBABILITY, einspace_grammar
from einspace.grammar.grammar import Grammar
from einspace.grammar.sequences import sequence_grammar

PAPER_GRAMMAR, SEQUENCE_GRAMMAR = "paper", "sequences"
"""The names of the paper's grammar and of its 1-D variant."""

GRAMMARS: dict[str, Callable[[float], Grammar]] = {PAPER_GRAMMAR: einspace_grammar, SEQUENCE_GRAMMAR: sequence_grammar}
"""Every named grammar, as a function of p(M -> C)."""


def named_grammar(name: str, computation_probability: float = COMPUTATION_PROBABILITY) -> Grammar:
    """The grammar of a name; raises UnknownNameError for another name, and GrammarError for a probability outside (0, 1].

    >>> "window" in named_grammar("sequences").operations, "window" in named_grammar("paper").operations
    (True, False)
    """
    if name not in GRAMMARS:
        raise UnknownNameError("grammar", name, GRAMMARS)
    return GRAMMARS[name](computation_probability)


def widest(inputs: Feature) -> str:
    """The name of the grammar that has every architecture at an input that one of the named grammars has.

    A sequence (S, D) never becomes an image, so what the paper's grammar has for it, that of sequences has too, beside convolutions.

    >>> widest(Feature((3, 8, 8))), widest(Feature((24, 6)))
    ('paper', 'sequences')
    """
    return PAPER_GRAMMAR if inputs.mode == "Im" else SEQUENCE_GRAMMAR
