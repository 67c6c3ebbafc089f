"""Matching: which productions derive the brackets and operations of a text."""

from typing import cast

from einspace.derivation.syntax import Item
from einspace.derivation.tree import Derivation
from einspace.errors import NotationError
from einspace.grammar import Grammar, Production
from einspace.operations import Branching, Operation
from einspace.operations.branching import sampled_branches


class Matcher:
    """Finds the production behind each item: an item with n parts is an expansion of n symbols.

    From the leaves up, which symbols could derive each item; then from the root down, the first production whose parts can be derived.
    """

    def __init__(self, source: str, grammar: Grammar) -> None:
        self.source = source
        self.grammar = grammar
        self.units = {symbol: self._unit_chains(symbol) for symbol in grammar.rules}
        self.composite = [p for p in grammar.productions if isinstance(p.expansion, tuple) and len(p.expansion) > 1]
        self.symbols: dict[int, frozenset[str]] = {}

    def match(self, root: Item, start: str) -> Derivation:
        """The derivation of `start` whose text was read; raises NotationError with the place where nothing can be derived."""
        self._find_symbols(root)
        # Each goal is opened once (its parts become goals) and closed once (its nodes become its children).
        goals: list[tuple[Item, str, Production | None]] = [(root, start, None)]
        built: list[Derivation] = []
        while goals:
            item, symbol, production = goals.pop()
            if item.operation is not None:
                built.append(self._terminal(item, item.operation, symbol))
            elif production is None:
                production = self._production(item, symbol)
                goals.append((item, symbol, production))
                goals.extend((part, part_symbol, None) for part, part_symbol in reversed(self._parts(item, production)))
            else:
                count = len(item.parts) + len(item.branches or ())
                node = Derivation(production.symbol, tuple(built[-count:]))
                del built[-count:]
                built.append(self._under(node, symbol))
        return built[0]

    def _unit_chains(self, symbol: str) -> dict[str, tuple[str, ...]]:
        """The shortest chain of single symbols to each symbol that one leads to: M -> C is the chain (M, C)."""
        chains: dict[str, tuple[str, ...]] = {symbol: (symbol,)}
        waiting = [symbol]
        for last in waiting:
            for production in self.grammar.rules[last]:
                if isinstance(production.expansion, tuple) and len(production.expansion) == 1 and production.expansion[0] not in chains:
                    chains[production.expansion[0]] = (*chains[last], production.expansion[0])
                    waiting.append(production.expansion[0])
        return chains

    def _find_symbols(self, root: Item) -> None:
        """Note for each item the symbols that derive it."""
        order = [root]
        for item in order:
            order.extend((*item.parts, *(item.branches or ())))
        for item in reversed(order):
            if item.operation is not None:
                kind = type(item.operation)
                ends = {symbol for symbol in self.grammar.rules if self.grammar.derives(symbol, kind)}
            else:
                ends = {production.symbol for production in self.composite if self._fits(item, production)}
            self.symbols[id(item)] = frozenset(symbol for symbol, chains in self.units.items() if not ends.isdisjoint(chains))

    def _fits(self, item: Item, production: Production) -> bool:
        """True if a production has the form of a bracket, and its symbols derive the parts."""
        return self._has_form(item, production) and all(symbol in self.symbols[id(part)] for part, symbol in self._parts(item, production))

    def _has_form(self, item: Item, production: Production) -> bool:
        """True if a production has as many symbols as the bracket has parts, and branches if the bracket does."""
        if self.grammar.branches(production) != (item.branches is not None):
            return False
        return item.branches is not None or len(production.expansion) == len(item.parts)  # type: ignore[arg-type]

    def _parts(self, item: Item, production: Production) -> list[tuple[Item, str]]:
        """The parts of a bracket, each with its symbol in a production of its form."""
        expansion = cast("tuple[str, ...]", production.expansion)
        if item.branches is None:
            return list(zip(item.parts, expansion, strict=True))
        first, last = item.parts
        return [(first, expansion[0]), *((branch, expansion[1]) for branch in item.branches), (last, expansion[2])]

    def _under(self, node: Derivation, symbol: str) -> Derivation:
        """A node of `symbol` that derives the given node through single symbols; the node itself where it is of `symbol`."""
        for above in reversed(self.units[symbol][node.symbol][:-1]):
            node = Derivation(above, (node,))
        return node

    def _terminal(self, item: Item, operation: Operation, symbol: str) -> Derivation:
        for end in self.units[symbol]:
            if self.grammar.derives(end, type(operation)):
                return self._under(Derivation(end, (operation,)), symbol)
        raise NotationError(*self._misplaced(operation, symbol, item.position))

    def _production(self, item: Item, symbol: str) -> Production:
        """The first production of a bracket whose parts can be derived; where none is, the first of its form, to show what is wrong."""
        formed = [p for end in self.units[symbol] for p in self.composite if p.symbol == end and self._has_form(item, p)]
        if not formed:
            raise NotationError(*self._no_production(item, symbol))
        if item.branches is not None:
            self._check_branches(item, item.branches)
        return next((production for production in formed if self._fits(item, production)), formed[0])

    def _check_branches(self, item: Item, branches: tuple[Item, ...]) -> None:
        operation = item.parts[0].operation
        if not isinstance(operation, Branching):
            raise NotationError("braces follow a branching operation", self.source, item.parts[0].position, "for example clone(b=2)")
        allowed = sampled_branches(operation.b)
        if len(branches) != allowed:
            hint = "a factor of 2 has two branches, another factor has one that is repeated"
            problem = f"{operation} takes {allowed} in its braces, not {len(branches)}"
            raise NotationError(problem, self.source, branches[-1].position, hint)

    def _misplaced(self, operation: Operation, symbol: str, position: int) -> tuple[str, str, int, str]:
        if symbol == self.grammar.start:
            hint = "an architecture is a bracket: [a b], [r1 a r2] or [branching {a b} aggregation]"
            return f"{operation} alone is not an architecture", self.source, position, hint
        names = [
            kind.name for kind in self.grammar.operations.values() if any(self.grammar.derives(end, kind) for end in self.units[symbol])
        ]
        return f"{operation} cannot stand here, where {symbol} is derived", self.source, position, f"expected {', '.join(names)}"

    def _no_production(self, item: Item, symbol: str) -> tuple[str, str, int, str]:
        right = [str(p).split(" -> ")[1] for p in self.composite if p.symbol in self.units[symbol]]
        found = "a bracket with braces" if item.branches is not None else f"a bracket of {len(item.parts)}"
        hint = f"{symbol} is {' or '.join(right)}" if right else f"{symbol} is a single operation"
        return f"{found} cannot stand here, where {symbol} is derived", self.source, item.position, hint
