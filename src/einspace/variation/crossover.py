"""Crossover: a subtree of one derivation takes the place of a subtree of another that has the same symbol and lets the rest fit.

The symbol makes the child a derivation of the grammar, inference makes it a network. The paper names it as
future work (section 4.1).
"""

from dataclasses import dataclass
from random import Random

from einspace.derivation import Derivation
from einspace.variation.child import Judge, Offspring, Path, VariationReport, breed


@dataclass
class CrossoverReport(VariationReport):
    """Counts of the tries of crossover; pass one in, and crossover fills it."""

    unmatched: int = 0
    """Tries at a symbol that the second parent does not have."""


def crossover(first: Derivation, second: Derivation, rng: Random, judge: Judge[CrossoverReport]) -> Offspring:
    """Draw a node of the first parent uniformly, put there one of the second's of the same symbol, uniformly; retry what is not valid.

    The child is the first parent with a part of the second. It is valid, within the limits, and neither parent's architecture
    (canonical key).
    Raises MutationError if the allowed tries give no child.
    """
    donors: dict[str, list[Derivation]] = {}
    for node in second.walk():
        donors.setdefault(node.symbol, []).append(node)

    def propose(path: Path) -> Derivation | None:
        matching = donors.get(first.at(path).symbol)
        if matching is None:
            judge.report.unmatched += 1
            return None
        return matching[rng.randrange(len(matching))]

    return breed(first, rng, propose, judge, "take parents that differ more, or widen the limits")
