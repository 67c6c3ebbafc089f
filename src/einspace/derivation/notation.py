"""Notation: the text of a derivation. Printing and parsing are inverses.

The text is the right-hand side of each production, `[in series]` and `{in parallel}`, terminals as A.2 writes them:

    [clone(b=2) {[[im2col(k=3,s=1,p=1) linear(d=64) col2im] [norm relu]] identity} add]
"""

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, cast

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from einspace.derivation.tree import Node
from einspace.errors import NotationError, UnknownNameError
from einspace.grammar import Grammar, Production
from einspace.operations import Branching, Operation
from einspace.operations.branching import drawn

MAX_LENGTH = 200_000
"""Longest text that is read, in characters; ResNet18 has 3,000."""

SYNTAX = r"""
start: item
?item: terminal | series
series: "[" (item | branches) (item | branches)+ "]"
branches: "{" item+ "}"
terminal: NAME ["(" setting ("," setting)* ")"]
setting: NAME "=" value
?value: INTEGER | BOOLEAN | axes
axes: "(" INTEGER ("," INTEGER)* ")"
BOOLEAN: "True" | "False"
INTEGER: /[0-9]{1,9}(?![0-9])/
NAME: /[a-zA-Z][a-zA-Z0-9-]{0,63}/
%ignore /\s+/
"""

SPOKEN = {
    "LSQB": "'['",
    "RSQB": "']'",
    "LBRACE": "'{'",
    "RBRACE": "'}'",
    "LPAR": "'('",
    "RPAR": "')'",
    "COMMA": "','",
    "EQUAL": "'='",
    "NAME": "an operation",
    "INTEGER": "a whole number",
    "BOOLEAN": "True or False",
    "$END": "the end",
}


def text(root: Node) -> str:
    """Print a derivation on one line."""
    parts: list[str] = []
    waiting: list[Node | Operation | str] = [root]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            parts.append(item)
        elif isinstance(item, Operation):
            parts.append(item.text)
        elif len(item.children) == 1:
            waiting.append(item.children[0])
        else:
            opened: list[Node | Operation | str] = ["["]
            last = len(item.children) - 1
            inner = item.branching is not None
            for position, child in enumerate(item.children):
                if position:
                    opened.append(" ")
                if inner and position == 1:
                    opened.append("{")
                opened.append(child)
                if inner and position == last - 1:
                    opened.append("}")
            waiting.extend(reversed([*opened, "]"]))
    return "".join(parts)


@dataclass(frozen=True)
class _Item:
    """A bracket of the text or a terminal, before it is known which production it belongs to."""

    position: int
    operation: Operation | None = None
    parts: "tuple[_Item, ...]" = ()
    branches: "tuple[_Item, ...] | None" = None


def parse(source: str, grammar: Grammar) -> Node:
    """Read a derivation of the grammar's start symbol; raises NotationError with the place and what was expected.

    A terminal outside the option sets, such as `linear(d=196)`, is read too: it is only never sampled.
    """
    if len(source) > MAX_LENGTH:
        raise NotationError(f"a text of {len(source):,} characters is too long, {MAX_LENGTH:,} are allowed", source[:80], 0)
    try:
        tree = _lark().parse(source)
    except UnexpectedInput as error:
        raise _syntax_error(error, source, grammar) from None
    return _Matcher(source, grammar).match(_items(cast("Tree[Token]", tree.children[0]), source, grammar), grammar.start)


@lru_cache(maxsize=1)
def _lark() -> "Lark":
    return Lark(SYNTAX, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def _syntax_error(error: UnexpectedInput, source: str, grammar: Grammar) -> NotationError:
    if isinstance(error, UnexpectedCharacters):
        expected, position = set(error.allowed or ()), error.pos_in_stream or 0
    elif isinstance(error, UnexpectedToken):
        token = error.token
        ended = token.type == "$END"
        expected, position = set(error.accepts or error.expected), len(source.rstrip()) if ended else token.start_pos or 0
    else:
        expected, position = set(error.expected if isinstance(error, UnexpectedEOF) else ()), len(source.rstrip())
    words = sorted({SPOKEN[name] for name in expected if name in SPOKEN})
    problem = "the text ends too early" if position >= len(source.rstrip()) else "this does not belong here"
    hint = "expected " + (" or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]) if words else ""
    return NotationError(problem, source, position, hint)


def _items(root: "Tree[Token]", source: str, grammar: Grammar) -> _Item:
    """Turn the syntax tree into items, from the leaves up, without recursion."""
    ready: dict[int, _Item] = {}
    for tree in root.iter_subtrees():  # children before their parents
        position = tree.meta.start_pos
        if tree.data == "terminal":
            ready[id(tree)] = _Item(position, _operation(tree, source, grammar))
        elif tree.data == "series":
            parts: list[_Item] = []
            branches: tuple[_Item, ...] | None = None
            for place, child in enumerate(cast("list[Tree[Token]]", tree.children)):
                if child.data != "branches":
                    parts.append(ready[id(child)])
                elif place == 1 and len(tree.children) == 3:
                    branches = tuple(ready[id(branch)] for branch in cast("list[Tree[Token]]", child.children))
                else:
                    hint = "write [branching {branches} aggregation]"
                    raise NotationError("braces stand between a branching and an aggregation", source, child.meta.start_pos, hint)
            ready[id(tree)] = _Item(position, None, tuple(parts), branches)
    return ready[id(root)]


def _operation(tree: "Tree[Token]", source: str, grammar: Grammar) -> Operation:
    name = cast("Token", tree.children[0])
    kind = grammar.operations.get(name)
    if kind is None:
        hint = str(UnknownNameError("operation", str(name), grammar.operations)).split(": ", 1)[1]
        raise NotationError(f"unknown operation {str(name)!r}", source, name.start_pos or 0, hint)
    wanted = {field.name: field for field in fields(kind)}
    example = next(p.expansion.text for p in grammar.productions if type(p.expansion) is kind)
    settings: dict[str, Any] = {}
    for setting in cast("list[Tree[Token]]", tree.children[1:]):
        key, value = cast("Token", setting.children[0]), setting.children[1]
        place = key.start_pos or 0
        if key not in wanted or key in settings:
            problem = f"{name} has {'two settings' if key in settings else 'no setting'} {str(key)!r}"
            raise NotationError(problem, source, place, f"write it as {example}")
        read = _value(value)
        if type(read).__name__ != _type_name(wanted[key].type):
            raise NotationError(f"{name} has a setting {str(key)!r} of another kind", source, place, f"write it as {example}")
        settings[str(key)] = read
    missing = [key for key, field in wanted.items() if key not in settings and field.default is field.default_factory]
    if missing:
        raise NotationError(f"{name} lacks its setting {missing[0]!r}", source, name.start_pos or 0, f"write it as {example}")
    return kind(**settings)


def _value(value: "Token | Tree[Token]") -> object:
    if isinstance(value, Tree):
        return tuple(int(cast("Token", axis)) for axis in value.children)
    return value == "True" if value.type == "BOOLEAN" else int(value)


def _type_name(annotation: object) -> str:
    name = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    return str(name).split("[")[0]


class _Matcher:
    """Finds the production behind each item: an item with n parts is an expansion of n symbols.

    From the leaves up, which symbols could derive each item; then from the root down, the first production whose parts can be derived.
    """

    def __init__(self, source: str, grammar: Grammar) -> None:
        self.source = source
        self.grammar = grammar
        self.units = {symbol: self.unit_chains(symbol) for symbol in grammar.rules}
        self.composite = [p for p in grammar.productions if isinstance(p.expansion, tuple) and len(p.expansion) > 1]
        self.symbols: dict[int, frozenset[str]] = {}

    def unit_chains(self, symbol: str) -> dict[str, tuple[str, ...]]:
        """The shortest chain of single symbols to each symbol that one leads to: M -> C is the chain (M, C)."""
        chains: dict[str, tuple[str, ...]] = {symbol: (symbol,)}
        waiting = [symbol]
        for last in waiting:
            for production in self.grammar.rules[last]:
                if isinstance(production.expansion, tuple) and len(production.expansion) == 1 and production.expansion[0] not in chains:
                    chains[production.expansion[0]] = (*chains[last], production.expansion[0])
                    waiting.append(production.expansion[0])
        return chains

    def find_symbols(self, root: _Item) -> None:
        """Note for each item the symbols that derive it."""
        order = [root]
        for item in order:
            order.extend((*item.parts, *(item.branches or ())))
        for item in reversed(order):
            if item.operation is not None:
                kind = type(item.operation)
                ends = {symbol for symbol in self.grammar.rules if self.grammar.derives(symbol, kind)}
            else:
                ends = {production.symbol for production in self.composite if self.fits(item, production)}
            self.symbols[id(item)] = frozenset(symbol for symbol, chains in self.units.items() if not ends.isdisjoint(chains))

    def fits(self, item: _Item, production: Production) -> bool:
        """Whether a production has the form of a bracket, and its symbols derive the parts."""
        return self.has_form(item, production) and all(symbol in self.symbols[id(part)] for part, symbol in self.parts(item, production))

    def has_form(self, item: _Item, production: Production) -> bool:
        """Whether a production has as many symbols as the bracket has parts, and branches if the bracket does."""
        if self.grammar.branches(production) != (item.branches is not None):
            return False
        return item.branches is not None or len(production.expansion) == len(item.parts)  # type: ignore[arg-type]

    def parts(self, item: _Item, production: Production) -> list[tuple[_Item, str]]:
        """The parts of a bracket, each with its symbol in a production of its form."""
        expansion = cast("tuple[str, ...]", production.expansion)
        if item.branches is None:
            return list(zip(item.parts, expansion, strict=True))
        first, last = item.parts
        return [(first, expansion[0]), *((branch, expansion[1]) for branch in item.branches), (last, expansion[2])]

    def match(self, root: _Item, start: str) -> Node:
        self.find_symbols(root)
        # Each goal is opened once (its parts become goals) and closed once (its nodes become its children).
        goals: list[tuple[_Item, str, Production | None]] = [(root, start, None)]
        built: list[Node] = []
        while goals:
            item, symbol, production = goals.pop()
            if item.operation is not None:
                built.append(self.terminal(item, item.operation, symbol))
            elif production is None:
                production = self.production(item, symbol)
                goals.append((item, symbol, production))
                goals.extend((part, part_symbol, None) for part, part_symbol in reversed(self.parts(item, production)))
            else:
                count = len(item.parts) + len(item.branches or ())
                node = Node(production.symbol, tuple(built[-count:]))
                del built[-count:]
                built.append(self.under(node, symbol))
        return built[0]

    def under(self, node: Node, symbol: str) -> Node:
        """The node as what `symbol` derives, through single symbols."""
        for above in reversed(self.units[symbol][node.symbol][:-1]):
            node = Node(above, (node,))
        return node

    def terminal(self, item: _Item, operation: Operation, symbol: str) -> Node:
        for end in self.units[symbol]:
            if self.grammar.derives(end, type(operation)):
                return self.under(Node(end, (operation,)), symbol)
        raise NotationError(*self.misplaced(operation, symbol, item.position))

    def production(self, item: _Item, symbol: str) -> Production:
        """The first production of a bracket whose parts can be derived; where none is, the first of its form, to show what is wrong."""
        formed = [p for end in self.units[symbol] for p in self.composite if p.symbol == end and self.has_form(item, p)]
        if not formed:
            raise NotationError(*self.no_production(item, symbol))
        if item.branches is not None:
            self.check_branches(item, item.branches)
        return next((production for production in formed if self.fits(item, production)), formed[0])

    def check_branches(self, item: _Item, branches: tuple[_Item, ...]) -> None:
        operation = item.parts[0].operation
        if not isinstance(operation, Branching):
            raise NotationError("braces follow a branching operation", self.source, item.parts[0].position, "for example clone(b=2)")
        allowed = drawn(operation.b)
        if len(branches) != allowed:
            hint = "a factor of 2 has two branches, another factor has one that is repeated"
            problem = f"{operation} takes {allowed} in its braces, not {len(branches)}"
            raise NotationError(problem, self.source, branches[-1].position, hint)

    def misplaced(self, operation: Operation, symbol: str, position: int) -> tuple[str, str, int, str]:
        if symbol == self.grammar.start:
            hint = "an architecture is a bracket: [a b], [r1 a r2] or [branching {a b} aggregation]"
            return f"{operation} alone is no architecture", self.source, position, hint
        names = [
            kind.name for kind in self.grammar.operations.values() if any(self.grammar.derives(end, kind) for end in self.units[symbol])
        ]
        return f"{operation} cannot stand here, where {symbol} is derived", self.source, position, f"expected {', '.join(names)}"

    def no_production(self, item: _Item, symbol: str) -> tuple[str, str, int, str]:
        right = [str(p).split(" -> ")[1] for p in self.composite if p.symbol in self.units[symbol]]
        found = "a bracket with braces" if item.branches is not None else f"a bracket of {len(item.parts)}"
        hint = f"{symbol} is {' or '.join(right)}" if right else f"{symbol} is a single operation"
        return f"{found} cannot stand here, where {symbol} is derived", self.source, item.position, hint
