"""The grammar of the paper: section 3.3, the options of A.2, the probabilities of section 3.7."""

from collections.abc import Iterable

from einspace.errors import GrammarError
from einspace.grammar.grammar import Grammar, Production, terminals
from einspace.operations import OPERATIONS

COMPUTATION_PROBABILITY = 0.32
"""p(M -> C | M) in all experiments of the paper (section 3.7)."""

SEQUENTIAL = ("M", "M")
BRANCHING = ("B", "M", "A")
ROUTING = ("R1", "M", "R2")
COMPUTATION = ("C",)
TERMINAL_SYMBOLS = ("B", "A", "R1", "R2", "C")
"""The symbols that derive operations only."""


def einspace_grammar(computation_probability: float = COMPUTATION_PROBABILITY) -> Grammar:
    """Make the grammar of equation 8.

    Args:
        computation_probability: p(M -> C | M).

    Raises:
        GrammarError: The probability is outside (0, 1].

    >>> grammar = einspace_grammar()
    >>> [str(production) for production in grammar.rules["M"]]
    ['M -> M M', 'M -> B M A', 'M -> R1 M R2', 'M -> C']
    """
    options = [option for symbol in TERMINAL_SYMBOLS for option in terminals(symbol, OPERATIONS.values())]
    return module_grammar(computation_probability, options)


def module_grammar(computation_probability: float, options: Iterable[Production]) -> Grammar:
    """The modules of equation 8 over any terminals of B, A, R1, R2 and C; raises GrammarError for a probability outside (0, 1]."""
    p = computation_probability
    if not 0 < p <= 1:
        raise GrammarError(f"the computation probability p(M -> C) must be above 0 and at most 1, not {p}")
    modules = (SEQUENTIAL, BRANCHING, ROUTING)
    rest = (1 - p) / len(modules)
    productions = [Production("S", module) for module in modules]
    if rest > 0:
        productions += [Production("M", module, rest) for module in modules]
    productions.append(Production("M", COMPUTATION, p))
    return Grammar((*productions, *options))
