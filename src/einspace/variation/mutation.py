"""Mutation as in section 4.1: a new subtree at a node that is drawn uniformly."""

from dataclasses import dataclass
from random import Random

from einspace.derivation import Derivation, Memo, infer
from einspace.derivation.inference import Cost, copies_at, inputs_at
from einspace.features import Feature, Features
from einspace.normal_form import NormalForm, normal_form
from einspace.sampling import Choose, Sampler, chooser
from einspace.variation.child import Child, Known, Path, VariationReport, breed


@dataclass
class MutationReport(VariationReport):
    """Counts of the tries of mutation; pass one in, and mutation fills it."""


def mutate(
    parent: Derivation,
    inputs: Feature,
    sampler: Sampler,
    rng: Random,
    memo: Memo | None = None,
    normal: NormalForm | None = None,
    report: MutationReport | None = None,
) -> Child:
    """Draw a node uniformly, resample its subtree at the features that reach it, infer the rest; retry what is not valid.

    The child is valid, within the sampler's limits, and never the parent's architecture (canonical key).
    `memo` holds what is known of the parent, `normal` is its normal form, if known.
    Raises MutationError if the allowed tries give no child.
    """
    memo = Memo() if memo is None else memo
    report = MutationReport() if report is None else report
    choose = chooser(rng)
    normal = normal_form(parent) if normal is None else normal

    def propose(path: Path) -> Derivation:
        return resample(parent, (inputs,), path, sampler, choose, memo)

    known = [Known(infer(parent, (inputs,), memo), normal)]
    return breed(parent, inputs, sampler.limits, rng, memo, propose, known, report, "widen the limits")


def resample(parent: Derivation, inputs: Features, path: Path, sampler: Sampler, choose: Choose, memo: Memo) -> Derivation:
    """A new subtree for the node at the end of a path, by the rules; raises AttemptGivenUp if there is none within the limits."""
    node = parent.at(path)
    reaching = inputs_at(parent, inputs, path, memo)
    copies = copies_at(parent, path)
    whole, old = infer(parent, inputs, memo).cost, infer(node, reaching, memo).cost
    rest = Cost(*(a - copies * b for a, b in zip(whole, old, strict=True)))
    return sampler.attempt(node.symbol, reaching, choose, copies, rest, depth=len(path)).node
