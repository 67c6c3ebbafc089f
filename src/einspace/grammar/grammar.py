"""Grammar: the rules of section 3.3 with their probabilities, as data."""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from numbers import Real

from einspace.errors import GrammarError, cut
from einspace.operations import Branching, Group, Operation
from einspace.operations.branching import sampled_branches

Copies = Callable[[int], int]
"""A function from a branching factor b to the number of times that a branch is counted."""


def expanded(b: int) -> int:
    """Branches that are built: every copy."""
    return b


@dataclass(frozen=True)
class Production:
    """One rule `symbol -> expansion` with its weight.

    Args:
        symbol: The non-terminal on the left.
        expansion: A string of non-terminals, or one terminal.
        weight: Any real number, NumPy's too; it is kept as a float.

    Raises:
        GrammarError: The weight is not a number.
    """

    symbol: str
    expansion: tuple[str, ...] | Operation
    weight: float = 1.0

    def __post_init__(self) -> None:
        given: object = self.weight
        try:
            weight = float(given) if isinstance(given, Real) else None
        except OverflowError:
            weight = None
        if weight is None:
            raise GrammarError(f"production {self} needs a number as its weight, not {cut(repr(given))}")
        object.__setattr__(self, "weight", weight)

    def __str__(self) -> str:
        right = self.expansion.text if isinstance(self.expansion, Operation) else " ".join(self.expansion)
        return f"{self.symbol} -> {right}"


@dataclass(frozen=True)
class Grammar:
    """A parameterised probabilistic context-free grammar.

    The probability of a production is its weight over the sum of the weights of its symbol. A production whose first symbol
    derives branching operations is a *branching module*: its symbols are B, M, A, and M stands for the branches (section 3.4).

    Args:
        productions: All productions. Of two that derive the same text, the first is read.
        start: The start symbol.

    Raises:
        GrammarError: The grammar cannot derive anything, holds a symbol to no purpose or a weight that is not above 0, or has an operation
            whose text cannot be read back.
    """

    productions: tuple[Production, ...]
    start: str = "S"

    def __post_init__(self) -> None:
        if self.start not in self.rules:
            raise GrammarError(f"the grammar has no production for its start symbol {self.start!r}")
        for production in self.productions:
            if not production.weight > 0 or production.weight == float("inf"):
                raise GrammarError(f"production {production} needs a weight above 0, not {production.weight}")
            if isinstance(production.expansion, tuple):
                if not production.expansion:
                    raise GrammarError(f"a production of {production.symbol!r} derives nothing: it needs a symbol or an operation")
                for symbol in production.expansion:
                    if symbol not in self.rules:
                        raise GrammarError(f"production {production} uses {symbol!r}, which no production derives")
                if self.branches(production) and len(production.expansion) != 3:
                    raise GrammarError(f"production {production} branches, so it needs three symbols: branching, branch, aggregation")
            else:
                self._check_writable(production.expansion)
        self._check_productive()
        self._check_reachable()

    def _check_writable(self, option: Operation) -> None:
        """Raise GrammarError for an operation that the notation cannot write, or cannot tell from another one by its name."""
        if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9-]{0,63}", option.name):
            raise GrammarError(f"an operation's name is made of letters, digits and -, unlike {option.name!r}")
        if self.operations[option.name] is not type(option):
            raise GrammarError(f"two operation classes are named {option.name!r}")
        for name, value in option.settings:
            if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_]{0,63}", name):
                raise GrammarError(f"a setting's name is made of letters, digits and _ after a letter, unlike {name!r} of {option}")
            numbers = value if isinstance(value, tuple) and value else (value,)
            if any(type(number) is not int or not 0 <= number < 10**9 for number in numbers) and type(value) is not bool:
                kinds = "a whole number from 0, True or False, or a tuple of whole numbers"
                raise GrammarError(f"the setting {name!r} of {option} must be {kinds}, so that its text can be read back")
        try:
            type(option)(**dict(option.settings))
        except TypeError as error:
            raise GrammarError(f"{option} cannot be made from its settings, so its text cannot be read back: {error}") from None

    def _check_productive(self) -> None:
        productive: set[str] = set()
        while True:
            found = {
                p.symbol for p in self.productions if isinstance(p.expansion, Operation) or productive.issuperset(p.expansion)
            } - productive
            if not found:
                break
            productive |= found
        if lost := [symbol for symbol in self.rules if symbol not in productive]:
            raise GrammarError(f"symbol {lost[0]!r} is unproductive: no terminal can ever be derived from it")

    def _check_reachable(self) -> None:
        reached, waiting = {self.start}, [self.start]
        while waiting:
            for production in self.rules[waiting.pop()]:
                if isinstance(production.expansion, tuple):
                    fresh = set(production.expansion) - reached
                    reached |= fresh
                    waiting += sorted(fresh)
        if lost := [symbol for symbol in self.rules if symbol not in reached]:
            raise GrammarError(f"symbol {lost[0]!r} is unreachable: nothing derives it from {self.start!r}")

    @cached_property
    def rules(self) -> dict[str, tuple[Production, ...]]:
        """The productions of each symbol, in order."""
        rules: dict[str, list[Production]] = {}
        for production in self.productions:
            rules.setdefault(production.symbol, []).append(production)
        return {symbol: tuple(productions) for symbol, productions in rules.items()}

    @cached_property
    def options(self) -> dict[type[Operation], list[Operation]]:
        """The terminals of each operation class, in order."""
        found: dict[type[Operation], list[Operation]] = {}
        for production in self.productions:
            if isinstance(production.expansion, Operation):
                found.setdefault(type(production.expansion), []).append(production.expansion)
        return found

    @cached_property
    def operations(self) -> dict[str, type[Operation]]:
        """The operation classes that the terminals belong to, by name: the vocabulary of the notation."""
        return {kind.name: kind for kind in self.options}

    def derives(self, symbol: str, kind: type[Operation]) -> bool:
        """Say whether the symbol has terminals of an operation class.

        Args:
            symbol: A non-terminal.
            kind: The class of the operation.
        """
        return kind in self._kinds.get(symbol, ())

    @cached_property
    def _kinds(self) -> dict[str, frozenset[type[Operation]]]:
        return {
            symbol: frozenset(type(p.expansion) for p in productions if isinstance(p.expansion, Operation))
            for symbol, productions in self.rules.items()
        }

    def branches(self, production: Production) -> bool:
        """True if the production is a branching module, B M A."""
        return isinstance(production.expansion, tuple) and any(
            kind.group is Group.BRANCHING for kind in self._kinds[production.expansion[0]]
        )

    def probability(self, production: Production) -> float:
        """p(symbol -> expansion | symbol), before the features at hand rule any option out."""
        return production.weight / sum(p.weight for p in self.rules[production.symbol])

    def branching_factors(self, symbol: str) -> list[tuple[int, float]]:
        """The factors that a branching symbol can take, each with its probability."""
        return [(p.expansion.b, self.probability(p)) for p in self.rules[symbol] if isinstance(p.expansion, Branching)]

    def expectations(self, copies: Copies = sampled_branches) -> dict[str, dict[str, float]]:
        """The expected number of each non-terminal that one expansion of a non-terminal generates (A.4).

        `copies` says how often the branch of a module with a branching factor is counted; once for a repeated branch if not given.
        """
        found: dict[str, dict[str, float]] = {}
        for symbol, productions in self.rules.items():
            row = found[symbol] = dict.fromkeys(self.rules, 0.0)
            for production in productions:
                for other, count in self._generated(production, copies):
                    row[other] += self.probability(production) * count
        return found

    def _generated(self, production: Production, copies: Copies) -> list[tuple[str, float]]:
        """The non-terminals of an expansion, each with its expected number."""
        if isinstance(production.expansion, Operation):
            return []
        if not self.branches(production):
            return [(symbol, 1.0) for symbol in production.expansion]
        branching, branch, aggregation = production.expansion
        factor = sum(probability * copies(b) for b, probability in self.branching_factors(branching))
        return [(branching, 1.0), (branch, factor), (aggregation, 1.0)]

    def spectral_radius(self, copies: Copies = sampled_branches) -> float:
        """Largest absolute eigenvalue of the expectation matrix (A.4), copies of a repeated branch counted once."""
        from einspace.grammar import consistency  # which loads SciPy

        return consistency.spectral_radius(self.expectations(copies))

    def is_consistent(self) -> bool:
        """True if sampling ends with probability one: the spectral radius is below one (A.4)."""
        return self.spectral_radius() < 1

    def expected_length(self, copies: Copies = sampled_branches) -> float:
        """Expected number of sampled terminals (equations 33 to 39); infinite if the grammar is not consistent."""
        from einspace.grammar import consistency  # which loads SciPy

        terminals = {
            symbol: sum(self.probability(production) for production in productions if isinstance(production.expansion, Operation))
            for symbol, productions in self.rules.items()
        }
        return consistency.expected_lengths(self.expectations(copies), terminals)[self.start]

    @cached_property
    def fingerprint(self) -> str:
        """A short hash of all rules and probabilities: other options are other probabilities, hence another search space."""
        lines = [self.start, *(f"{production} {self.probability(production)!r}" for production in self.productions)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def terminals(symbol: str, operations: Iterable[type[Operation]]) -> list[Production]:
    """All options of the operations that name `symbol`, each with weight 1: uniform (section 3.7)."""
    return [Production(symbol, option) for kind in operations if symbol in kind.symbols for option in kind.options()]
