"""Variation of derivations: mutation as in section 4.1."""

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from einspace.derivation import Inferred, Memo, Node, infer
from einspace.derivation.inference import Cost, copies_at, inputs_at
from einspace.errors import MutationError, ShapeError
from einspace.features import Feature, Features
from einspace.graph import Series, series
from einspace.operations.branching import drawn
from einspace.sampling import AttemptGivenUp, Choose, Sampler, chooser

TRIES = 2_000
"""How many subtrees one mutation may try."""


class Mutation(NamedTuple):
    """A child: its derivation, what inference says of it, its normal form if that was needed, and the path of the resampled node."""

    node: Node
    inferred: Inferred
    series: Series | None
    path: tuple[int, ...]


@dataclass
class MutationReport:
    """What mutation had to do; hand one in to see it filled."""

    children: int = 0
    misfits: int = 0
    """Tries whose new subtree does not fit the rest of the network."""
    outgrown: int = 0
    """Tries that were over a limit, or ran out of decisions."""
    unchanged: int = 0
    """Tries that gave the parent's architecture again."""

    @property
    def tries(self) -> int:
        """Subtrees that were resampled."""
        return self.children + self.misfits + self.outgrown + self.unchanged


def mutate(
    parent: Node,
    inputs: Feature,
    sampler: Sampler,
    rng: Random,
    memo: Memo | None = None,
    normal: Series | None = None,
    report: MutationReport | None = None,
) -> Mutation:
    """Draw a node uniformly, resample its subtree at the features that reach it, infer the rest; retry what is not valid.

    The child is valid, within the sampler's limits, and never the parent's architecture (canonical key).
    `memo` holds what is known of the parent, `normal` is its normal form, if known.
    Raises MutationError if the allowed tries give no child.
    """
    memo = Memo() if memo is None else memo
    report = MutationReport() if report is None else report
    choose = chooser(rng)
    normal = series(parent) if normal is None else normal
    own = infer(parent, (inputs,), memo)
    for _ in range(TRIES):
        path = parent.path(rng.randrange(parent.size))
        try:
            child = parent.replace(path, resample(parent, (inputs,), path, sampler, choose, memo))
            inferred = infer(child, (inputs,), memo)
        except AttemptGivenUp:
            report.outgrown += 1
            continue
        except ShapeError:
            report.misfits += 1
            continue
        if sampler.limits.outgrown(inferred.cost) or inferred.cost.parameters < sampler.limits.min_parameters:
            report.outgrown += 1
            continue
        if child.at(path) != parent.at(path):
            # What computes the same has the same outputs and the same weights: most children are told apart by that alone.
            told = inferred.outputs != own.outputs or inferred.cost.parameters != own.cost.parameters
            computed = None if told else series(child)
            if computed is None or computed.digest != normal.digest:
                report.children += 1
                return Mutation(child, inferred, computed, path)
        report.unchanged += 1
    raise MutationError(f"no valid new child within {sampler.limits} was found in {TRIES:,} tries: widen the limits")


def resample(parent: Node, inputs: Features, path: tuple[int, ...], sampler: Sampler, choose: Choose, memo: Memo) -> Node:
    """A new subtree for the node at the end of a path, by the rules; raises AttemptGivenUp, or ShapeError if it cannot stand there.

    A branching node keeps to a factor that has as many branches as there are.
    """
    node = parent.at(path)
    reaching = inputs_at(parent, inputs, path, memo)
    copies = copies_at(parent, path)
    whole, old = infer(parent, inputs, memo).cost, infer(node, reaching, memo).cost
    rest = Cost(*(a - copies * b for a, b in zip(whole, old, strict=True)))
    subtree, outputs, _ = sampler.attempt(node.symbol, reaching, choose, copies, rest)
    above = parent.at(path[:-1]) if path else None
    if above is not None and above.branching is not None and path[-1] == 0 and drawn(above.branching.b) != drawn(len(outputs)):
        raise ShapeError(subtree.terminal, f"{drawn(len(outputs))} branches", reaching)
    return subtree
