"""Probabilities: between those of the grammar and those of productions that were used, so that everything stays reachable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from einspace.features import Features
from einspace.grammar import Grammar, Production
from einspace.learned.uses import Region, Uses, regions
from einspace.operations import Branching

SHARE = 0.5
"""The part that is learnt; the rest is the grammar's own."""

LEAST = 2**-12
"""The smallest learnt part of the probabilities that decide the size; below it nothing of them is learnt."""


@dataclass(frozen=True)
class Learned:
    """A grammar for each region."""

    grammars: Mapping[Region, Grammar]

    @classmethod
    def of(cls, grammar: Grammar, found: Uses) -> "Learned":
        """Learn from uses. A region where nothing was used has the grammar's own probabilities."""
        at: dict[Region, dict[Production, int]] = {region: {} for region in regions()}
        for (region, production), count in found.items():
            at[region][production] = count
        return cls({region: mixed(grammar, counts) for region, counts in at.items()})

    def weigh(self, symbol: str, depth: int, features: Features) -> Sequence[float]:
        """The weights of a symbol's productions, as `EinSpace.weighted` takes them."""
        return self._weights[Region.of(depth, features)][symbol]

    @cached_property
    def _weights(self) -> dict[Region, dict[str, tuple[float, ...]]]:
        return {
            region: {symbol: tuple(production.weight for production in options) for symbol, options in grammar.rules.items()}
            for region, grammar in self.grammars.items()
        }


def mixed(grammar: Grammar, counts: Mapping[Production, int]) -> Grammar:
    """The grammar with probabilities of which `SHARE` is learnt, and less of what would let sampling grow without end (A.4).

    Before anything is counted each of the k productions of a symbol has k times its own probability, which is 1 where all are equal.

    The number of branches and modules decide how large a sample is expected to be. Of the symbols that derive them, the part that is learnt
    is halved until the spectral radius is below 1; it is nothing where that of the grammar itself is not.
    """
    learnt, share = _estimated(grammar, counts), SHARE
    sizing = {
        symbol for symbol, options in grammar.rules.items() if any(isinstance(option.expansion, tuple | Branching) for option in options)
    }
    while True:
        shares = [share if production.symbol in sizing else SHARE for production in grammar.productions]
        weights = [(1 - part) * grammar.probability(p) + part * learnt[p] for part, p in zip(shares, grammar.productions, strict=True)]
        found = replace(grammar, productions=tuple(map(_weighted, grammar.productions, weights)))
        if share == 0 or found.is_consistent():
            return found
        share = share / 2 if share > LEAST else 0


def _estimated(grammar: Grammar, counts: Mapping[Production, int]) -> dict[Production, float]:
    """The probabilities of productions by their counts, smoothed."""
    found: dict[Production, float] = {}
    for options in grammar.rules.values():
        total = len(options) + sum(counts.get(option, 0) for option in options)
        found |= {option: (counts.get(option, 0) + len(options) * grammar.probability(option)) / total for option in options}
    return found


def _weighted(production: Production, weight: float) -> Production:
    return replace(production, weight=weight)
