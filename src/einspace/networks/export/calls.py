"""Calls: one call of a traced graph as an expression."""

import inspect
import operator
from collections.abc import Callable, Mapping
from typing import Any, cast

import torch
from torch import fx
from torch.nn import functional

from einspace.networks.export.layers import attribute, refuse
from einspace.networks.export.layout import Expression, bracketed, call, literal, slice_literal
from einspace.networks.export.trace import operation_of

SYMBOLS = {
    operator.add: "+",
    operator.sub: "-",
    operator.mul: "*",
    operator.truediv: "/",
    operator.floordiv: "//",
    operator.pow: "**",
    operator.matmul: "@",
}
IN_PLACE = {operator.iadd: "add_", operator.isub: "sub_", operator.imul: "mul_", operator.itruediv: "div_"}


class _Loose(str):
    """An expression with an operator outside of all brackets."""

    __slots__ = ()


Names = Callable[[fx.Node], Expression]
"""A function that gives the expression for the value of another call."""


def expression(node: fx.Node, names: Names, operations: Mapping[str, str]) -> Expression:
    """The call of a node, or its place where it is a weight; raises ExportError for a function that PyTorch lacks."""
    try:
        arguments = [_value(value, names) for value in node.args]
        keywords = {name: _value(value, names) for name, value in _changed(node).items()}
    except TypeError as error:
        raise refuse(operation_of(node, operations), str(error)) from None
    if node.op == "get_attr":
        return attribute(str(node.target))
    if node.op == "call_module":
        return call(attribute(str(node.target)), arguments, keywords)
    if node.op == "call_method":
        return call(f"{_whole(arguments[0])}.{node.target}", arguments[1:], keywords)
    function = cast("Callable[..., Any]", node.target)
    if function in SYMBOLS and len(arguments) == 2:
        return _Loose(f"{_whole(arguments[0])} {SYMBOLS[function]} {_whole(arguments[1])}")
    if function in IN_PLACE and isinstance(node.args[0], fx.Node):
        return call(f"{_whole(arguments[0])}.{IN_PLACE[function]}", arguments[1:], keywords)
    if function is operator.getitem:
        return f"{_whole(arguments[0])}[{_index(node.args[1], names)}]"
    if function is operator.neg:
        return _Loose(f"-{_whole(arguments[0])}")
    if function is getattr and len(node.args) == 2:
        return f"{_whole(arguments[0])}.{node.args[1]}"
    name = _name(function)
    if name is None:
        raise refuse(operation_of(node, operations), f"its layer calls {getattr(function, '__name__', function)}, which is not PyTorch's")
    return call(name, arguments, keywords)


def _name(function: Callable[..., Any]) -> str | None:
    """The name under which PyTorch has a function, such as `torch.cat`; None for another function."""
    name = getattr(function, "__name__", "")
    for prefix, module in (("torch.", torch), ("functional.", functional)):
        if getattr(module, name, None) is function:
            return f"{prefix}{name}"
    return None


def _changed(node: fx.Node) -> dict[str, Any]:
    """The keyword arguments that differ from the defaults of the function."""
    if not node.kwargs or node.op != "call_function":
        return dict(node.kwargs)
    try:
        parameters = inspect.signature(cast("Callable[..., Any]", node.target)).parameters
    except ValueError:  # written in C++
        return dict(node.kwargs)
    defaults = {name: parameter.default for name, parameter in parameters.items()}
    return {name: value for name, value in node.kwargs.items() if isinstance(value, fx.Node) or value != defaults.get(name, node)}


def _value(value: object, names: Names) -> Expression:
    if isinstance(value, fx.Node):
        return names(value)
    if isinstance(value, tuple | list):
        return bracketed([_value(item, names) for item in value], list if isinstance(value, list) else tuple)
    return literal(value)


def _index(index: object, names: Names) -> str:
    if isinstance(index, tuple) and len(index) > 0:
        return ", ".join(_index(part, names) for part in index) + ("," if len(index) == 1 else "")
    if isinstance(index, slice):
        parts = (None if part is None else str(_value(part, names)) for part in (index.start, index.stop, index.step))
        return slice_literal(*parts)
    return str(_value(index, names))


def _whole(written: Expression) -> str:
    """An expression, in parentheses where it has an operator outside of brackets."""
    return f"({written})" if isinstance(written, _Loose) else str(written)
