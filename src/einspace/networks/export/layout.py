"""Layout: values and calls as expressions of Python source, on lines of 88 letters, as formatters leave them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from types import EllipsisType

import torch

WIDTH = 88
"""Letters of a line: the default of `ruff format` and of `black`; what fits here, they leave as it is with longer lines too."""


@dataclass(frozen=True)
class Call:
    """Items between brackets, `opening` with what stands before them: `Call("torch.cat(", ("[a, b]", "dim=1"), ")")`."""

    opening: str
    items: "tuple[Expression, ...]"
    closing: str

    def __str__(self) -> str:
        lone = self.opening == "(" and len(self.items) == 1  # a tuple of one
        return self.opening + ", ".join(map(str, self.items)) + ("," if lone else "") + self.closing


Expression = str | Call


def statement(before: str, expression: Expression, comment: str = "", depth: int = 2) -> list[str]:
    """The lines of `before expression  # comment`, at a depth of indentation: one if that fits, else one for each item.

    A comment that does not fit is left out.

    >>> statement("x = ", Call("f(", ("a", "b"), ")"), "(n, 3)", depth=1)
    ['    x = f(a, b)  # (n, 3)']
    """
    indent = "    " * depth
    flat = f"{indent}{before}{expression}"
    tail = f"  # {comment}" if comment else ""
    if len(flat) + len(tail) <= WIDTH:
        return [flat + tail]
    if isinstance(expression, str) or not expression.items:
        return [flat]
    lines = [f"{indent}{before}{expression.opening}"]
    for item in expression.items:
        lines += _item(item, depth + 1)
    return [*lines, f"{indent}{expression.closing}{tail}"]


def _item(item: Expression, depth: int) -> list[str]:
    flat = f"{'    ' * depth}{item},"
    if len(flat) <= WIDTH or isinstance(item, str) or not item.items:
        return [flat]
    lines = statement("", item, depth=depth)
    return [*lines[:-1], f"{lines[-1]},"] if len(lines) > 1 else [f"{lines[0]},"]


def keyword(name: str, value: Expression) -> Expression:
    """`name=value`."""
    return f"{name}={value}" if isinstance(value, str) else Call(f"{name}={value.opening}", value.items, value.closing)


def bracketed(values: Sequence[Expression], kind: type) -> Call:
    """A tuple or a list."""
    return Call("(", tuple(values), ")") if kind is tuple else Call("[", tuple(values), "]")


def literal(value: object) -> Expression:
    """A value that stands in a traced graph or in a layer's constructor; raises TypeError for one that cannot be written down.

    >>> str(literal((1, None, "none", [2.5, True])))
    '(1, None, "none", [2.5, True])'
    """
    if isinstance(value, slice):
        return slice_literal(*(None if part is None else str(literal(part)) for part in (value.start, value.stop, value.step)))
    if isinstance(value, float) and not isfinite(value):
        return f'float("{value}")'
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, EllipsisType):
        return "..."
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, tuple | list):
        return bracketed([literal(item) for item in value], list if isinstance(value, list) else tuple)
    if isinstance(value, torch.dtype | torch.memory_format | torch.layout):
        return str(value)
    raise TypeError(f"{value!r} cannot be written as source")


def slice_literal(start: str | None, stop: str | None, step: str | None) -> str:
    """`start:stop:step`, a step of 1 left out.

    >>> slice_literal(None, "4", "1"), slice_literal(None, None, "2")
    (':4', '::2')
    """
    return f"{start or ''}:{stop or ''}" + (f":{step}" if step not in (None, "1") else "")


def call(function: str, positional: list[Expression], keywords: dict[str, Expression]) -> Call:
    """`function(positional, key=value)`."""
    return Call(f"{function}(", (*positional, *(keyword(name, value) for name, value in keywords.items())), ")")
