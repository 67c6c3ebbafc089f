"""Edits by hand: one of them at a place that is drawn at random, and the next kind where one finds nothing to do."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from random import Random
from typing import NamedTuple

from einspace.derivation import Derivation
from einspace.errors import MutationError
from einspace.grammar import Grammar
from einspace.variation.child import Judge, Offspring, VariationReport
from einspace.variation.edits.blocks import drop_block, repeat_block
from einspace.variation.edits.site import Candidate, Site
from einspace.variation.edits.widths import doubled, narrow, widen
from einspace.variation.edits.windows import change_kernel, change_stride

CANDIDATES = 50
"""The largest number of changed derivations of one kind that are tried."""


class Edit(NamedTuple):
    """A kind of edit: a function from an architecture to changed derivations in random order, its weight, and its description in a line."""

    candidates: Callable[[Site, Random], Iterator[Candidate]]
    weight: float
    description: str


EDITS: dict[str, Edit] = {
    "widen": Edit(widen, 3, "all widths of the network or of a module doubled"),
    "narrow": Edit(narrow, 1, "all widths of the network or of a module halved"),
    "repeat": Edit(repeat_block, 1, "a block followed by itself"),
    "drop": Edit(drop_block, 1, "a block left out of a sequence"),
    "kernel": Edit(change_kernel, 1, "another kernel of a convolution, or patches of another size"),
    "stride": Edit(change_stride, 1, "another stride of a convolution, or of a block with its shortcut"),
}
"""Every kind of edit by its name."""


@dataclass
class EditReport(VariationReport):
    """Counts of the tries of an edit; pass one in, and the edit fills it."""

    words: str = ""
    """The last child's edit, such as "all widths x 2"."""
    kind: str = ""
    """The last child's kind of edit."""
    made: Counter[str] = field(default_factory=Counter)
    """Children by the kind of their edit."""
    idle: Counter[str] = field(default_factory=Counter)
    """The number of times that a kind was drawn and gave no valid new architecture."""


def edit(parent: Derivation, grammar: Grammar, rng: Random, judge: Judge[EditReport], first: str | None = None) -> Offspring:
    """Draw a kind of edit by weight, and take the first of its changed derivations that is valid; draw another kind where there is none.

    Args:
        parent: A derivation that fits the input.
        grammar: What the child must be a derivation of: an edit puts in nothing that the grammar does not derive.
        rng: The only source of randomness.
        judge: Says which changed derivation is a child, and fills its report.
        first: The kind of edit that is tried first; drawn as the others if None.

    Returns:
        A valid child within the limits, never the parent's architecture (canonical key). The report's path leads to the node that holds
        all changes.

    Raises:
        MutationError: No kind finds anything to do.
    """
    site = Site(parent, judge.inputs, grammar, judge.memo)
    left = dict(EDITS)
    while left:
        drawn = rng.choices(list(left), [one.weight for one in left.values()])[0]
        kind = first if first in left else drawn
        for candidate in islice(left.pop(kind).candidates(site, rng), CANDIDATES):
            child = _made(candidate, kind, judge)
            if child is not None:
                return child
        judge.report.idle[kind] += 1
    raise MutationError(
        f"none of the edits {', '.join(EDITS)} gives a valid new architecture within {judge.limits}: mutate it, or widen the limits"
    )


def widened(parent: Derivation, grammar: Grammar, judge: Judge[EditReport]) -> Offspring:
    """The network with all its widths doubled: the edit "widen" of the whole network, without a draw.

    Args:
        parent: A derivation that fits the input.
        grammar: What the child must be a derivation of.
        judge: Says which changed derivation is a child, and fills its report.

    Returns:
        A valid child within the limits.

    Raises:
        MutationError: There is none.
    """
    candidate = doubled(Site(parent, judge.inputs, grammar, judge.memo))
    child = None if candidate is None else _made(candidate, "widen", judge)
    if child is None:
        judge.report.idle["widen"] += 1
        raise MutationError(f"there is no network of twice the width within {judge.limits}: edit or mutate it, or raise the limits")
    return child


def _made(candidate: Candidate, kind: str, judge: Judge[EditReport]) -> Offspring | None:
    """The child of a candidate, which the report then names; None where it is no valid new architecture."""
    child = judge.child(candidate.node, candidate.path)
    if child is not None:
        judge.report.words, judge.report.kind = candidate.words, kind
        judge.report.made[kind] += 1
    return child
