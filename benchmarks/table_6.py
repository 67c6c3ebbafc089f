"""Why table 6 differs from ours: the paper's rows, ours, and those of a sampler with the options of the authors' code.

    python benchmarks/table_6.py [--samples 2000]

The figures of one p are drawn with the same seeds as those of `einspace grammar --table6`.
"""

import argparse
from typing import Any

from einspace.features import Feature, Features
from einspace.grammar import einspace_grammar
from einspace.operations import GroupDim
from einspace.reporting.complexity import LIMITS, take
from einspace.reporting.published import BRANCHING_FACTOR, NONTERMINALS, TABLE_6, TERMINALS
from einspace.sampling import Sampler

PARTS = (TERMINALS, NONTERMINALS, BRANCHING_FACTOR)


class Narrow(Sampler):
    """Leaves out what the authors' code leaves out: every group-dim whose factor exceeds any axis of the feature."""

    def options(self, symbol: str, inputs: Features) -> tuple[tuple[Any, ...], tuple[float, ...]]:
        """The productions that are left, and their weights."""
        options, weights = super().options(symbol, inputs)
        if symbol != "B":
            return options, weights
        terminals = [option.node.terminal for option in options]  # type: ignore[union-attr]
        kept = [i for i, terminal in enumerate(terminals) if not (isinstance(terminal, GroupDim) and terminal.b > min(inputs[0].shape))]
        return tuple(options[i] for i in kept), tuple(weights[i] for i in kept)


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
        for name, kind in (("ours", Sampler), ("narrow", Narrow)):
            census = take(kind(einspace_grammar(p), LIMITS), image, samples, f"0:{p:g}")
            rows[name] = {part: census.spread(part) for part in PARTS}
        for name, row in rows.items():
            terminals, nonterminals, branching = (row[part] for part in PARTS)
            sizes = f"{terminals.median:7.2f} {terminals.mean:9.2f}   {nonterminals.median:6.2f} {nonterminals.mean:9.2f}"
            print(f"{p:<4g} {name:<8}{sizes}     {branching.median:6.2f} {branching.mean:7.2f} {branching.deviation:7.2f}")


if __name__ == "__main__":
    main()
