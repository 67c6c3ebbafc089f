"""Options: the productions of a symbol, and whether a terminal fits the features at hand."""

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

from einspace.derivation import Derivation, Inferred
from einspace.derivation.inference import NODE, apply
from einspace.errors import ShapeError
from einspace.features import Features
from einspace.grammar import Grammar
from einspace.operations import Operation

REMEMBERED = 10_000
"""The number of inputs whose results a terminal remembers."""


class Terminal:
    """A production that derives a terminal, with the remembered results of its operation by features."""

    __slots__ = ("_seen", "node", "operation")

    def __init__(self, symbol: str, operation: Operation) -> None:
        self.operation = operation
        self.node = Derivation(symbol, (operation,))
        self._seen: dict[Features, Inferred | None] = {}

    def __str__(self) -> str:
        return self.operation.text

    def at(self, inputs: Features) -> Inferred | None:
        """Outputs and cost of the node at these features; None where it does not fit."""
        try:
            return self._seen[inputs]
        except KeyError:
            pass
        if len(self._seen) >= REMEMBERED:
            self._seen.clear()
        try:
            outputs, cost = apply(self.operation, inputs)
        except ShapeError:
            found = None
        else:
            found = Inferred(outputs, cost.plus(NODE))
        self._seen[inputs] = found
        return found


class Rule(NamedTuple):
    """A production that derives non-terminals."""

    symbol: str
    expansion: tuple[str, ...]
    branches: bool

    def __str__(self) -> str:
        return " ".join(self.expansion)


Option = Terminal | Rule
Options = tuple[tuple[Option, ...], tuple[float, ...]]
"""The options of a decision, and their weights."""

Choose = Callable[[Sequence[Option], Sequence[float]], int]
"""Picks the index of one option, by weight."""


Weigh = Callable[[str, int, Features], Sequence[float]]
"""Gives the weights of a symbol's productions, in their order, at a depth of the derivation and at the features that reach it."""


def options(grammar: Grammar) -> dict[str, Options]:
    """The options of each symbol, before any feature rules one out."""
    found: dict[str, Options] = {}
    for symbol, productions in grammar.rules.items():
        choices = tuple(
            Terminal(symbol, production.expansion)
            if isinstance(production.expansion, Operation)
            else Rule(symbol, production.expansion, grammar.branches(production))
            for production in productions
        )
        found[symbol] = choices, tuple(production.weight for production in productions)
    return found


def chooser(rng: Random) -> Choose:
    """Choose by weight with a random generator."""
    random = rng.random

    def choose(options: Sequence[Option], weights: Sequence[float]) -> int:
        remaining = random() * sum(weights)
        for index, weight in enumerate(weights):
            remaining -= weight
            if remaining < 0:
                return index
        return len(options) - 1

    return choose
