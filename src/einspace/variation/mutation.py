"""Mutation as in section 4.1: a new subtree at a node that is drawn uniformly."""

from dataclasses import dataclass
from random import Random

from einspace.derivation import Derivation, Memo, infer
from einspace.derivation.inference import Cost, copies_at, inputs_at
from einspace.features import Features
from einspace.sampling import Choose, Sampler, chooser
from einspace.variation.child import Judge, Offspring, Path, VariationReport, breed


@dataclass
class MutationReport(VariationReport):
    """Counts of the tries of mutation; pass one in, and mutation fills it."""


def mutate(parent: Derivation, sampler: Sampler, rng: Random, judge: Judge[MutationReport]) -> Offspring:
    """Draw a node uniformly, resample its subtree at the features that reach it, infer the rest; retry what is not valid.

    The child is valid, within the limits, and never the parent's architecture (canonical key).
    Raises MutationError if the allowed tries give no child.
    """
    choose = chooser(rng)

    def propose(path: Path) -> Derivation:
        return resample(parent, (judge.inputs,), path, sampler, choose, judge.memo)

    return breed(parent, rng, propose, judge, "widen the limits")


def resample(parent: Derivation, inputs: Features, path: Path, sampler: Sampler, choose: Choose, memo: Memo) -> Derivation:
    """A new subtree for the node at the end of a path, by the rules; raises AttemptGivenUp if there is none within the limits."""
    node = parent.at(path)
    reaching = inputs_at(parent, inputs, path, memo)
    copies = copies_at(parent, path)
    whole, old = infer(parent, inputs, memo).cost, infer(node, reaching, memo).cost
    rest = Cost(*(a - copies * b for a, b in zip(whole, old, strict=True)))
    return sampler.attempt(node.symbol, reaching, choose, copies, rest, depth=len(path)).node
