"""The grammar with recurrence (section 5): the paper's, with windows along sequences, a gated scan and products of branches."""

from einspace.grammar.einspace import COMPUTATION_PROBABILITY, TERMINAL_SYMBOLS, module_grammar
from einspace.grammar.grammar import Grammar, Production, terminals
from einspace.operations import OPERATIONS, Operation
from einspace.operations.recurrent import CausalWindow, Multiply, Scan
from einspace.operations.sequences import BatchNorm, Window

PRODUCT_WEIGHT = 4.0
"""The weight of a product among the aggregations, each of the others having 1: it fits two equal branches alone, which are seldom drawn."""


def recurrent_grammar(computation_probability: float = COMPUTATION_PROBABILITY) -> Grammar:
    """Make the grammar of images and sequences with recurrence.

    It derives everything that `einspace_grammar` and `sequence_grammar` derive.

    Args:
        computation_probability: p(M -> C | M).

    Raises:
        GrammarError: The probability is outside (0, 1].

    >>> [str(production) for production in recurrent_grammar().rules["C"]][:2]
    ['C -> scan(reverse=False)', 'C -> scan(reverse=True)']
    """
    kinds: tuple[type[Operation], ...] = (Scan, CausalWindow, Window, BatchNorm, *OPERATIONS.values())
    options = [option for symbol in TERMINAL_SYMBOLS for option in terminals(symbol, kinds)]
    products = [Production(symbol, option, PRODUCT_WEIGHT) for symbol in Multiply.symbols for option in Multiply.options()]
    return module_grammar(computation_probability, [*options, *products])
