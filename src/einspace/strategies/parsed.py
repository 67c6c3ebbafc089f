"""Parsed: the architectures of the latest texts, so that a parent is read once and not for each of its children."""

from collections import OrderedDict

from einspace.grammar import GRAMMARS, Grammar, named_grammar
from einspace.space import Architecture, EinSpace

KEPT = 500
"""Architectures that are kept."""


class Parsed:
    """Reads texts of a space. An architecture that was made here, and need not be read, is handed in by `keep`.

    What is mutated should be a copy (`EinSpace.architecture`): an architecture remembers all that was inferred for its mutants.
    """

    def __init__(self, space: EinSpace) -> None:
        self._space = space
        self._kept: OrderedDict[str, Architecture] = OrderedDict()
        self._exact = any(_rules(space.grammar) == _rules(named_grammar(name)) for name in GRAMMARS)

    def __call__(self, text: str) -> Architecture:
        """The architecture of a text; raises what `EinSpace.parse` raises."""
        if text not in self._kept:
            self._keep(text, self._space.parse(text))
        self._kept.move_to_end(text)
        return self._kept[text]

    def keep(self, architecture: Architecture, text: str) -> None:
        """Remember the architecture of a text, unless the grammar is the user's own: it may read the text as another derivation."""
        if self._exact:
            self._keep(text, architecture)

    def _keep(self, text: str, architecture: Architecture) -> None:
        self._kept[text] = architecture
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)


def _rules(grammar: Grammar) -> set[object]:
    """The productions without their probabilities."""
    return {(production.symbol, production.expansion) for production in grammar.productions}
