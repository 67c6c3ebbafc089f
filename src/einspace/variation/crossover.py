"""Crossover: a subtree of one derivation takes the place of a subtree of another that has the same symbol and lets the rest fit.

The symbol makes the child a derivation of the grammar, inference makes it a network. The paper names it as
future work (section 4.1).
"""

from dataclasses import dataclass
from random import Random

from einspace.derivation import Derivation, Memo, infer
from einspace.features import Feature
from einspace.limits import Limits
from einspace.normal_form import NormalForm, normal_form
from einspace.variation.child import Child, Known, Path, VariationReport, breed


@dataclass
class CrossoverReport(VariationReport):
    """Counts of the tries of crossover; pass one in, and crossover fills it."""

    unmatched: int = 0
    """Tries at a symbol that the second parent does not have."""


def crossover(
    first: Derivation,
    second: Derivation,
    inputs: Feature,
    limits: Limits,
    rng: Random,
    memo: Memo | None = None,
    normals: tuple[NormalForm, NormalForm] | None = None,
    report: CrossoverReport | None = None,
) -> Child:
    """Draw a node of the first parent uniformly, put there one of the second's of the same symbol, uniformly; retry what is not valid.

    The child is the first parent with a part of the second. It is valid at `inputs`, within the limits, and neither parent's
    architecture (canonical key). `memo` holds what is known of the first parent, `normals` are the parents' normal forms, if known.
    Raises MutationError if the allowed tries give no child.
    """
    memo = Memo() if memo is None else memo
    report = CrossoverReport() if report is None else report
    normals = (normal_form(first), normal_form(second)) if normals is None else normals
    donors: dict[str, list[Derivation]] = {}
    for node in second.walk():
        donors.setdefault(node.symbol, []).append(node)

    def propose(path: Path) -> Derivation | None:
        matching = donors.get(first.at(path).symbol)
        if matching is None:
            report.unmatched += 1
            return None
        return matching[rng.randrange(len(matching))]

    known = [Known(infer(node, (inputs,), memo), normal) for node, normal in zip((first, second), normals, strict=True)]
    return breed(first, inputs, limits, rng, memo, propose, known, report, "take parents that differ more, or widen the limits")
