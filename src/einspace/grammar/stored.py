"""Stored grammars: a grammar as JSON can hold it, and the grammar again where its operations are defined."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any

from einspace.errors import GrammarError
from einspace.grammar.grammar import Grammar, Production
from einspace.operations import Operation

MAIN = ("__main__", "__mp_main__")
"""The names of the program that was started, in it and in its workers."""


def grammar_data(grammar: Grammar) -> dict[str, Any]:
    """Start symbol, productions with their weights, and for each operation the class that it is, as `module:Class`.

    >>> from einspace.grammar import einspace_grammar
    >>> data = grammar_data(einspace_grammar())
    >>> data["operations"]["clone"], data["productions"][0]
    ('einspace.operations.branching:Clone', ['S', ['M', 'M'], 1.0])
    >>> grammar_of(data) == einspace_grammar()
    True
    """
    return {
        "start": grammar.start,
        "operations": {name: _place(kind) for name, kind in grammar.operations.items()},
        "productions": [[p.symbol, _right(p.expansion), p.weight] for p in grammar.productions],
    }


def grammar_of(data: Mapping[str, Any]) -> Grammar:
    """The grammar of what `grammar_data` gave. No module is imported for it: its operations must be defined already.

    Raises GrammarError for an operation that is not, and for data of another form.
    """
    defined = list(_below(Operation))  # type: ignore[type-abstract]
    known = {f"{kind.__module__}:{kind.__qualname__}": kind for kind in defined} | {_place(kind): kind for kind in defined}
    try:
        for name, place in data["operations"].items():
            if place not in known:
                module, _, kind = str(place).partition(":")
                raise GrammarError(f"the operation {name} is not defined here: import the module {module} first, which has it as {kind}")
        kinds = {name: known[place] for name, place in data["operations"].items()}
        productions = [Production(symbol, _expansion(right, kinds), weight) for symbol, right, weight in data["productions"]]
        return Grammar(tuple(productions), data["start"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise GrammarError(f"the stored grammar cannot be read: {type(error).__name__}: {error}") from None


def _right(expansion: tuple[str, ...] | Operation) -> Any:
    if not isinstance(expansion, Operation):
        return list(expansion)
    return {"name": expansion.name, "settings": dict(expansion.settings)}


def _expansion(right: Any, kinds: Mapping[str, type[Operation]]) -> tuple[str, ...] | Operation:
    if isinstance(right, list):
        return tuple(map(str, right))
    settings = {name: tuple(value) if isinstance(value, list) else value for name, value in right["settings"].items()}
    return kinds[right["name"]](**settings)


def _place(kind: type) -> str:
    """The module and the name of a class; for one of the program that was started, the module that another program imports it from.

    What that program is called, its own functions know: in `sys.modules` another module stands in its place while workers start.
    """
    module = kind.__module__
    if module in MAIN:
        main: dict[str, Any] = next((part.__globals__ for part in vars(kind).values() if isinstance(part, FunctionType)), {})
        spec, file = main.get("__spec__"), main.get("__file__")
        module = spec.name if spec is not None else Path(file).stem if file else module
    return f"{module}:{kind.__qualname__}"


def _below(kind: type[Operation]) -> Iterator[type[Operation]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)
