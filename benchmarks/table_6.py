"""Why table 6 differs from ours: the paper's rows, ours, and those of a sampler with the options of the authors' code.

    python benchmarks/table_6.py [--samples 2000]

The figures of one p are drawn with the same seeds as those of `einspace grammar --table6`.
"""

import argparse
from dataclasses import dataclass, replace

from einspace.errors import ShapeError
from einspace.features import Feature, Features
from einspace.grammar import Grammar, einspace_grammar
from einspace.operations import GroupDim
from einspace.reporting.complexity import LIMITS, take
from einspace.reporting.published import BRANCHING_FACTOR, NONTERMINALS, TABLE_6, TERMINALS
from einspace.sampling import Sampler

PARTS = (TERMINALS, NONTERMINALS, BRANCHING_FACTOR)


@dataclass(frozen=True)
class Narrow(GroupDim):
    """Leaves out what the authors' code leaves out: every group-dim whose factor exceeds any axis of the feature."""

    def infer(self, inputs: Features) -> Features:
        """Every axis counts, not only the one that is split."""
        if self.b > min(inputs[0].shape):
            raise ShapeError(self, f"axes of at least {self.b}", inputs)
        return super().infer(inputs)


def narrow(grammar: Grammar) -> Grammar:
    """The grammar with these options in place of its own."""
    productions = [
        replace(p, expansion=Narrow(p.expansion.dim, p.expansion.b)) if isinstance(p.expansion, GroupDim) else p
        for p in grammar.productions
    ]
    return Grammar(tuple(productions), grammar.start)


def main() -> None:
    """Print medians and means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=2_000)
    samples = parser.parse_args().samples
    image = Feature.of((3, 32, 32))
    print("              terminals          non-terminals      branching factor")
    print("p    row        median    mean     median    mean     median    mean     std")
    for p in (0.9, 0.8, 0.7, 0.6, 0.5, 0.4):
        rows = {"paper": {part: TABLE_6[part][p] for part in PARTS}}
        for name, grammar in (("ours", einspace_grammar(p)), ("narrow", narrow(einspace_grammar(p)))):
            census = take(Sampler(grammar, LIMITS), image, samples, f"0:{p:g}")
            rows[name] = {part: census.statistics(part) for part in PARTS}
        for name, row in rows.items():
            terminals, nonterminals, branching = (row[part] for part in PARTS)
            sizes = f"{terminals.median:7.2f} {terminals.mean:9.2f}   {nonterminals.median:6.2f} {nonterminals.mean:9.2f}"
            print(f"{p:<4g} {name:<8}{sizes}     {branching.median:6.2f} {branching.mean:7.2f} {branching.deviation:7.2f}")


if __name__ == "__main__":
    main()
