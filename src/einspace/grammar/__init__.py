"""The grammar (section 3.3), its probabilities (section 3.7) and its consistency (A.4)."""

from einspace.grammar.einspace import COMPUTATION_PROBABILITY, einspace_grammar
from einspace.grammar.grammar import Grammar, Production, terminals
from einspace.grammar.named import GRAMMARS, PAPER_GRAMMAR, WIDEST_GRAMMAR, named_grammar, usual_grammar
from einspace.grammar.recurrent import recurrent_grammar
from einspace.grammar.sequences import sequence_grammar
from einspace.grammar.stored import grammar_data, grammar_of

__all__ = [
    "COMPUTATION_PROBABILITY",
    "GRAMMARS",
    "PAPER_GRAMMAR",
    "WIDEST_GRAMMAR",
    "Grammar",
    "Production",
    "einspace_grammar",
    "grammar_data",
    "grammar_of",
    "named_grammar",
    "recurrent_grammar",
    "sequence_grammar",
    "terminals",
    "usual_grammar",
]
