"""Learner: the probabilities that follow from the trials of a search; its cache saves time and changes no result."""

from collections.abc import Callable, Sequence
from functools import lru_cache

from einspace.grammar import Grammar
from einspace.known import best, known
from einspace.learned.probabilities import Learned
from einspace.learned.uses import Uses, uses
from einspace.space import Architecture
from einspace.trial import Trial

BEST = 4
"""The part of the known trials that is learnt from, as a denominator: the best quarter."""

KEPT = 5_000
"""Architectures whose uses are kept."""


class Learner:
    """Learns for one search.

    Args:
        grammar: The grammar of its space.
        read: Gives the architecture of a text of that space.
        initial: How many initial members the search has.
    """

    def __init__(self, grammar: Grammar, read: Callable[[str], Architecture], initial: int) -> None:
        self._grammar, self._read, self._initial = grammar, read, initial
        self._uses_of = lru_cache(KEPT)(self._uses)
        self._fitted: tuple[tuple[str, ...], Learned] | None = None

    def learned(self, history: Sequence[Trial]) -> Learned | None:
        """The counts of productions in the best quarter of the known trials; None while they are too few (`known`)."""
        trials = known(history, self._initial)
        if not trials:
            return None
        texts = tuple(trial.text for trial in best(trials, len(trials) // BEST))  # where two are as good, the first to end
        if self._fitted is None or self._fitted[0] != texts:
            self._fitted = texts, Learned.of(self._grammar, sum(map(self._uses_of, texts), Uses()))
        return self._fitted[1]

    def _uses(self, text: str) -> Uses:
        architecture = self._read(text)
        return uses(architecture.node, (architecture.input,), self._grammar)
