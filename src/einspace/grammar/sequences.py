"""The 1-D variant: the modules of equation 8 for sequences (S, D), with convolutions along the sequence in place of those over images."""

from einspace.grammar.einspace import COMPUTATION_PROBABILITY, TERMINAL_SYMBOLS, module_grammar
from einspace.grammar.grammar import Grammar, terminals
from einspace.operations import OPERATIONS, Col2im, Concat, GroupDim, Im2col, Operation, Permute
from einspace.operations.sequences import BatchNorm, Window


def sequence_grammar(computation_probability: float = COMPUTATION_PROBABILITY) -> Grammar:
    """Make the grammar of sequences: only what Col mode has, with convolutions along the sequence.

    Args:
        computation_probability: p(M -> C | M).

    Raises:
        GrammarError: The probability is outside (0, 1].

    >>> [str(production) for production in sequence_grammar().rules["R1"]][-3:]
    ['R1 -> window(k=8,s=8,p=0)', 'R1 -> permute(o=(2,1))', 'R1 -> identity']
    """
    known: tuple[type[Operation], ...] = (Window, BatchNorm, *OPERATIONS.values())
    kinds = [kind for kind in known if kind not in (Im2col, Col2im)]
    options = [option for symbol in TERMINAL_SYMBOLS for option in terminals(symbol, kinds)]
    return module_grammar(computation_probability, [option for option in options if _in_col_mode(option.expansion)])


def _in_col_mode(option: tuple[str, ...] | Operation) -> bool:
    """True if a sequence has the axes that an option names."""
    if isinstance(option, GroupDim | Concat):
        return option.dim <= 2
    return not isinstance(option, Permute) or len(option.o) == 2
