"""Heads as data, in which a run stores its head, and back."""

from collections.abc import Mapping
from dataclasses import Field, fields, is_dataclass
from typing import Any

from einspace.errors import NetworkError
from einspace.networks.heads.base import Head


def head_data(head: Head) -> dict[str, Any]:
    """A head as JSON can hold it: the name of its class, and its fields.

    >>> from einspace.networks.heads.pooled import Classification
    >>> head_of(head_data(Classification(10))) == Classification(10)
    True
    """
    own: list[str] = [field.name for field in fields(head)] if is_dataclass(head) else []
    values = {name: getattr(head, name) for name in own}
    return {"kind": type(head).__name__, **{name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}}


def head_of(data: Mapping[str, Any]) -> Head:
    """The head of what `head_data` gave; raises NetworkError for a class that is not defined here."""
    known = {kind.__name__: kind for kind in _below(Head)}  # type: ignore[type-abstract]
    if data.get("kind") not in known:
        names = ", ".join(sorted(known))
        raise NetworkError(f"there is no head {data.get('kind')!r} here: import the module of your own head first; known are {names}")
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items() if name != "kind"}
    try:
        return known[data["kind"]](**values)
    except TypeError as error:
        raise NetworkError(f"the head {data['kind']} cannot be made of {values}: {error}") from None


def later_options(kind: str) -> dict[str, Any]:
    """The defaults of options that a head of this class has had only since some data of it were written.

    >>> later_options("Regression")
    {'grid': 1, 'dropout': 0.0}
    """
    found = next((known for known in _below(Head) if known.__name__ == kind), None)  # type: ignore[type-abstract]
    own: Mapping[str, Field[Any]] = getattr(found, "__dataclass_fields__", {})
    return {name: own[name].default for name in ("grid", "dropout") if name in own}


def _below(kind: type[Head]) -> list[type[Head]]:
    below = [found for child in kind.__subclasses__() for found in (child, *_below(child))]
    return [found for found in below if not getattr(found, "__abstractmethods__", None)]
