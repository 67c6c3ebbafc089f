"""Children: the check, for every kind of variation, that a child is valid, within the limits, and a new architecture."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from random import Random
from typing import Generic, Literal, NamedTuple, TypeVar

from einspace.derivation import Derivation, Inferred, Memo, infer
from einspace.errors import MutationError, ShapeError
from einspace.features import Feature
from einspace.limits import Limits
from einspace.normal_form import NormalForm, normal_form
from einspace.operations import Branching
from einspace.operations.branching import sampled_branches
from einspace.sampling import AttemptGivenUp

TRIES = 2_000
"""The largest number of subtrees that are tried for one child."""

Path = tuple[int, ...]
"""Child positions that lead from the root to a node."""


class Offspring(NamedTuple):
    """A child: its derivation, its inferred outputs and cost, and its normal form if it was needed."""

    node: Derivation
    inferred: Inferred
    normal_form: NormalForm | None


class Known(NamedTuple):
    """An architecture that a child must not equal: its inferred outputs and cost, and its normal form."""

    inferred: Inferred
    normal_form: NormalForm

    def could_be(self, inferred: Inferred) -> bool:
        """True if a child may equal this architecture, since its outputs and parameters do: most children differ there already."""
        return self.inferred.outputs == inferred.outputs and self.inferred.cost.parameters == inferred.cost.parameters


@dataclass
class VariationReport:
    """Counts of the tries of variation; pass one in, and variation fills it."""

    children: int = 0
    misfits: int = 0
    """Tries whose new subtree does not fit the rest of the network."""
    outgrown: int = 0
    """Tries that were over a limit, or ran out of decisions."""
    unchanged: int = 0
    """Tries that gave a parent's architecture again."""
    paths: Counter[Path] = field(default_factory=Counter)
    """The number of times that the node at each path was drawn, for valid children or not."""
    path: Path | None = None
    """The path of the node that the last child replaced."""

    @property
    def tries(self) -> int:
        """Nodes that were drawn."""
        return self.paths.total()

    def reject(self, path: Path, reason: Literal["misfits", "outgrown", "unchanged"]) -> None:
        """Count a try at the node of a path that gave no child."""
        self.paths[path] += 1
        setattr(self, reason, getattr(self, reason) + 1)


Report_co = TypeVar("Report_co", bound=VariationReport, covariant=True)


@dataclass(frozen=True)
class Judge(Generic[Report_co]):
    """The judge of the children of one architecture or two.

    Args:
        inputs: The network's input.
        limits: Bound a child.
        memo: Holds what is known of the first parent's subtrees.
        known: The architectures that a child must not be.
        report: Counts each try, and what came of it.
    """

    inputs: Feature
    limits: Limits
    memo: Memo
    known: Collection[Known]
    report: Report_co

    def child(self, node: Derivation, path: Path) -> Offspring | None:
        """The child that a changed derivation is, or None where it is invalid, beyond the limits, or one of the `known`.

        Args:
            node: The whole derivation.
            path: Leads to the node below which it differs from the parent.
        """
        try:
            inferred = infer(node, (self.inputs,), self.memo)
        except ShapeError:
            self.report.reject(path, "misfits")
            return None
        if self.limits.objection(inferred.cost):
            self.report.reject(path, "outgrown")
            return None
        alike = {other.normal_form.digest for other in self.known if other.could_be(inferred)}
        computed = normal_form(node) if alike else None
        if computed is not None and computed.digest in alike:
            self.report.reject(path, "unchanged")
            return None
        self.report.paths[path] += 1
        self.report.children += 1
        self.report.path = path
        return Offspring(node, inferred, computed)


def draw(parent: Derivation, rng: Random) -> Path:
    """The path of a node of the derivation, uniformly."""
    return parent.path(rng.randrange(parent.size))


def breed(
    parent: Derivation, rng: Random, propose: Callable[[Path], Derivation | None], judge: Judge[VariationReport], hint: str
) -> Offspring:
    """Draw a node uniformly, put there what `propose` gives for its path, infer the rest; retry what is not valid.

    `propose` may raise AttemptGivenUp or ShapeError, and gives None where it has nothing. Only the spine above the new subtree is inferred
    again: the judge's memo has the rest.
    Raises MutationError, which ends in `hint`, if the allowed tries give no child.
    """
    report = judge.report
    for _ in range(TRIES):
        path = draw(parent, rng)
        try:
            subtree = propose(path)
        except AttemptGivenUp:
            report.reject(path, "outgrown")
            continue
        except ShapeError:
            report.reject(path, "misfits")
            continue
        if subtree is None:
            report.paths[path] += 1
        elif not keeps_branches(parent, path, subtree):
            report.reject(path, "misfits")
        elif subtree == parent.at(path):
            report.reject(path, "unchanged")
        elif child := judge.child(parent.replace(path, subtree), path):
            return child
    raise MutationError(f"no valid new child within {judge.limits} was found in {TRIES:,} tries: {hint}")


def keeps_branches(parent: Derivation, path: Path, subtree: Derivation) -> bool:
    """True if the module around a new branching node holds as many branches as its factor needs; True also for every other node."""
    above = parent.at(path[:-1]) if path else None
    if above is None or above.branching is None or path[-1] != 0:
        return True
    operation = subtree.terminal
    return isinstance(operation, Branching) and sampled_branches(operation.b) == sampled_branches(above.branching.b)
