"""EinSpace: the public face of grammar, derivations, sampling and variation."""

from collections.abc import Iterable
from copy import copy
from random import Random
from typing import Self, TypeVar

from einspace.architecture import Architecture, memo_of
from einspace.derivation import Derivation, Inferred, infer, parse
from einspace.errors import GrammarError, LimitError
from einspace.features import Feature
from einspace.grammar import COMPUTATION_PROBABILITY, PAPER_GRAMMAR, Grammar, named_grammar
from einspace.limits import Limits
from einspace.sampling import Sampler, SamplingReport, Weigh, chooser
from einspace.variation import CrossoverReport, EditReport, MutationReport, VariationReport, crossover, edit, mutate, widened
from einspace.variation.child import Judge, Known, Offspring

__all__ = ["Architecture", "EinSpace"]

_Report = TypeVar("_Report", bound=VariationReport)


class EinSpace:
    """The search space at an input: sample, mutate, and read architectures.

    Args:
        input_shape: (C, H, W) or (S, D), without the batch axis.
        computation_probability: p(M -> C | M) of a named grammar; None: that of the paper (section 3.7).
        limits: The largest architecture that is wanted; None: the defaults of `Limits`.
        grammar: "paper", as without one, "sequences", with convolutions along a sequence, "recurrent", with scans along it besides, or a
            `Grammar`, which has its own probabilities.

    Raises:
        ShapeError: The input shape does not have two or three positive axes.
        UnknownNameError: There is no grammar of this name.
        GrammarError: The probability is outside (0, 1], it is given beside a `Grammar`, or sampling need not end (A.4) and
            `limits.operations` does not bound it.

    >>> space = EinSpace((3, 32, 32))
    >>> architecture = space.parse("[clone(b=2) {relu identity} add]")
    >>> architecture.output.shape, architecture.parameters
    ((3, 32, 32), 0)
    >>> space.sample(Random(0)) == space.sample(Random(0))
    True
    """

    def __init__(
        self,
        input_shape: Feature | Iterable[int],
        computation_probability: float | None = None,
        limits: Limits | None = None,
        grammar: Grammar | str | None = None,
    ) -> None:
        if isinstance(grammar, Grammar) and computation_probability is not None:
            raise GrammarError("a grammar has its own probabilities: give either a grammar or a computation probability")
        self.input = Feature.of(input_shape)
        self.limits = Limits() if limits is None else limits
        if not isinstance(grammar, Grammar):
            grammar = named_grammar(
                grammar or PAPER_GRAMMAR, COMPUTATION_PROBABILITY if computation_probability is None else computation_probability
            )
        self.grammar = grammar
        if self.limits.operations is None and not self.grammar.is_consistent():
            raise GrammarError(
                f"the grammar is not consistent: its spectral radius is {self.grammar.spectral_radius():.4f}, and must be below 1 (A.4), "
                "or limits.operations must bound the architectures"
            )
        self._sampler = Sampler(self.grammar, self.limits)

    def within(self, limits: Limits) -> Self:
        """The same space with other limits.

        Args:
            limits: The largest architecture that is wanted.
        """
        other = copy(self)
        other.limits, other._sampler = limits, self._sampler.within(limits)
        return other

    def weighted(self, weigh: Weigh) -> Self:
        """A copy of the space whose samples and mutants are drawn with other weights than the grammar's.

        Args:
            weigh: Gives the weights of a symbol's productions, in the grammar's order and above 0, from the symbol, the depth of its node
                in the derivation and the features that reach it; such as `Learned.weigh` (`einspace.learned`).
        """
        other = copy(self)
        other._sampler = self._sampler.weighted(weigh)
        return other

    def sample(self, rng: Random, report: SamplingReport | None = None) -> Architecture:
        """Sample an architecture that is valid and within the limits (section 3.6).

        Args:
            rng: The only source of randomness.
            report: Counts the attempts, if given.

        Raises:
            LimitError: No such architecture was found.
        """
        node, outputs, cost = self._sampler.sample((self.input,), chooser(rng), report)
        return Architecture(node, self.input, Inferred(outputs, cost))

    def mutate(self, architecture: Architecture, rng: Random, report: MutationReport | None = None) -> Architecture:
        """Derive a valid child within the limits that differs from its parent, by sampling one of its subtrees anew (section 4.1).

        Args:
            architecture: The parent.
            rng: The only source of randomness.
            report: Counts the attempts, if given.

        Raises:
            MutationError: No such child was found.
            LimitError: The parent takes another input than the space.
        """
        judge = self._judge(MutationReport() if report is None else report, architecture)
        return self._architecture(mutate(architecture.node, self._sampler, rng, judge))

    def edit(self, architecture: Architecture, rng: Random, report: EditReport | None = None, first: str | None = None) -> Architecture:
        """Change an architecture as people would by hand: widths, a block, a kernel or a stride.

        The child is valid, within the limits, and differs from its parent.

        Args:
            architecture: The parent.
            rng: The only source of randomness.
            report: Counts the attempts, if given.
            first: The kind of edit that is tried first; None: it is drawn.

        Raises:
            MutationError: There is nothing to edit.
            LimitError: The parent takes another input than the space.

        >>> space = EinSpace((8, 8))
        >>> str(space.edit(space.parse("[linear(d=2048) relu]"), Random(0)))
        '[linear(d=1024) relu]'
        """
        judge = self._judge(EditReport() if report is None else report, architecture)
        return self._architecture(edit(architecture.node, self.grammar, rng, judge, first))

    def widen(self, architecture: Architecture, report: EditReport | None = None) -> Architecture:
        """Double all widths of an architecture, as far as the grammar has such layers.

        Args:
            architecture: The parent.
            report: Counts the attempts, if given.

        Raises:
            MutationError: The grammar has no wider one within the limits.
            LimitError: The parent takes another input than the space.

        >>> space = EinSpace((8, 8))
        >>> str(space.widen(space.parse("[linear(d=16) relu]")))
        '[linear(d=32) relu]'
        """
        judge = self._judge(EditReport() if report is None else report, architecture)
        return self._architecture(widened(architecture.node, self.grammar, judge))

    def crossover(self, first: Architecture, second: Architecture, rng: Random, report: CrossoverReport | None = None) -> Architecture:
        """Put a part of the second architecture into the first: the child is valid, within the limits, and equals neither.

        Args:
            first: The parent that gives the frame.
            second: The parent that gives the part.
            rng: The only source of randomness.
            report: Counts the attempts, if given.

        Raises:
            MutationError: No such child was found.
            LimitError: A parent takes another input than the space.
        """
        judge = self._judge(CrossoverReport() if report is None else report, first, second)
        return self._architecture(crossover(first.node, second.node, rng, judge))

    def parse(self, source: str) -> Architecture:
        """Read an architecture.

        Args:
            source: The text of its derivation.

        Raises:
            NotationError: The text is not a derivation of the grammar.
            ShapeError: The derivation does not fit the input.
        """
        return self.architecture(parse(source, self.grammar))

    def architecture(self, node: Derivation) -> Architecture:
        """Put a derivation at this space's input.

        Raises:
            ShapeError: The derivation does not fit the input.
        """
        return Architecture(node, self.input)

    def _judge(self, report: _Report, *parents: Architecture) -> Judge[_Report]:
        """The judge of the children of some parents; raises LimitError for a parent of another input."""
        for parent in parents:
            if parent.input != self.input:
                raise LimitError(f"the architecture takes {parent.input}, but the space {self.input}")
        memo = memo_of(parents[0])
        known = [Known(infer(parent.node, (self.input,), memo), parent.normal_form) for parent in parents]
        return Judge(self.input, self.limits, memo, known, report)

    def _architecture(self, child: Offspring) -> Architecture:
        return Architecture(child.node, self.input, child.inferred, child.normal_form)
