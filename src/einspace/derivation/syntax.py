"""Syntax: from a text to its brackets and operations, before it is known which productions they belong to."""

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, cast

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from einspace.errors import NotationError, UnknownNameError
from einspace.grammar import Grammar
from einspace.operations import Operation

SYNTAX = r"""
start: item
?item: terminal | series
series: "[" (item | branches) (item | branches)+ "]"
branches: "{" item+ "}"
terminal: NAME ["(" setting ("," setting)* ")"]
setting: SETTING "=" value
?value: INTEGER | BOOLEAN | axes
axes: "(" INTEGER ("," INTEGER)* ")"
BOOLEAN: "True" | "False"
INTEGER: /[0-9]{1,9}(?![0-9])/
NAME: /[a-zA-Z][a-zA-Z0-9-]{0,63}/
SETTING: /[a-zA-Z][a-zA-Z0-9_]{0,63}/
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
    "SETTING": "the name of a setting",
    "INTEGER": "a whole number",
    "BOOLEAN": "True or False",
    "$END": "the end",
}


@dataclass(frozen=True)
class Item:
    """A bracket of the text or a terminal, and where it stands."""

    position: int
    operation: Operation | None = None
    parts: "tuple[Item, ...]" = ()
    branches: "tuple[Item, ...] | None" = None


def read(source: str, grammar: Grammar) -> Item:
    """The items of a text, with the grammar's operations; raises NotationError with the place and what was expected."""
    try:
        tree = _lark().parse(source)
    except UnexpectedInput as error:
        raise _syntax_error(error, source) from None
    return _items(cast("Tree[Token]", tree.children[0]), source, grammar)


@lru_cache(maxsize=1)
def _lark() -> "Lark":
    return Lark(SYNTAX, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def _syntax_error(error: UnexpectedInput, source: str) -> NotationError:
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


def _items(root: "Tree[Token]", source: str, grammar: Grammar) -> Item:
    """Turn the syntax tree into items, from the leaves up, without recursion."""
    ready: dict[int, Item] = {}
    for tree in root.iter_subtrees():  # children before their parents
        position = tree.meta.start_pos
        if tree.data == "terminal":
            ready[id(tree)] = Item(position, _operation(tree, source, grammar))
        elif tree.data == "series":
            parts: list[Item] = []
            branches: tuple[Item, ...] | None = None
            for number, child in enumerate(cast("list[Tree[Token]]", tree.children)):
                if child.data != "branches":
                    parts.append(ready[id(child)])
                elif number == 1 and len(tree.children) == 3:
                    branches = tuple(ready[id(branch)] for branch in cast("list[Tree[Token]]", child.children))
                else:
                    hint = "write [branching {branches} aggregation]"
                    raise NotationError("braces stand between a branching and an aggregation", source, child.meta.start_pos, hint)
            ready[id(tree)] = Item(position, None, tuple(parts), branches)
    return ready[id(root)]


def _operation(tree: "Tree[Token]", source: str, grammar: Grammar) -> Operation:
    name = cast("Token", tree.children[0])
    kind = grammar.operations.get(name)
    if kind is None:
        hint = str(UnknownNameError("operation", str(name), grammar.operations)).split(": ", 1)[1]
        raise NotationError(f"unknown operation {str(name)!r}", source, name.start_pos or 0, hint)
    wanted = {field.name: field for field in fields(kind)}
    options = grammar.options[kind]
    example = options[0].text
    settings: dict[str, Any] = {}
    for setting in cast("list[Tree[Token]]", tree.children[1:]):
        key, value = cast("Token", setting.children[0]), setting.children[1]
        place = key.start_pos or 0
        if key not in wanted or key in settings:
            problem = f"{name} has {'two settings' if key in settings else 'no setting'} {str(key)!r}"
            raise NotationError(problem, source, place, f"write it as {example}")
        read = _value(value)
        if type(read) not in {type(getattr(option, key)) for option in options}:
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
