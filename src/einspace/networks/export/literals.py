"""Literals: values as Python source."""

import json
from math import isfinite
from types import EllipsisType

import torch

from einspace.networks.export.layout import Call, Expression, bracketed, keyword


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
