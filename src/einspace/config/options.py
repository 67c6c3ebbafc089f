"""Options: the settings of a search one by one, each with its key, its flags and its allowed values."""

from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, get_type_hints

from pydantic import StrictInt
from pydantic.fields import FieldInfo

from einspace.config.model import OptionGroup, SearchSettings

FLAGS = {
    "computation_probability": ("-p", "--probability"),
    "recipe.epochs_search": ("--epochs",),
    "recipe.epochs_final": ("--final-epochs",),
    "limits.operations": ("--max-operations",),
    "limits.parameters": ("--max-parameters",),
    "limits.activation_bytes": ("--max-activation-bytes",),
    "limits.flops": ("--max-flops",),
    "data_folder": ("--data",),
}
"""The flags of the options whose flag is not their own name."""


@cache
def leaves() -> dict[str, FieldInfo]:
    """Every option by its key, a group's name and a point before those of a group.

    >>> list(leaves())[:2], "limits.min_parameters" in leaves()
    (['task', 'strategy'], True)
    """
    found: dict[str, FieldInfo] = {}
    for name, field in SearchSettings.model_fields.items():
        inner = _within(field.annotation)
        found |= {f"{name}.{key}": leaf for key, leaf in inner.items()} if inner else {name: field}
    return found


def groups() -> dict[str, list[str]]:
    """The names of the options in each group; under an empty name, those of the settings themselves, with the groups."""
    inner = {name: list(_within(field.annotation)) for name, field in SearchSettings.model_fields.items()}
    return {"": list(inner)} | {name: within for name, within in inner.items() if within}


def _within(kind: Any) -> dict[str, FieldInfo]:
    """The options that a group has; none for a kind of value."""
    if is_dataclass(kind):
        hints = get_type_hints(kind, include_extras=True)
        return {field.name: FieldInfo.from_annotated_attribute(hints[field.name], field.default) for field in fields(kind)}
    return kind.model_fields if isinstance(kind, type) and issubclass(kind, OptionGroup) else {}


def flags(key: str) -> tuple[str, ...]:
    """The flags of an option.

    >>> flags("recipe.epochs_search"), flags("limits.min_parameters")
    (('--epochs',), ('--min-parameters',))
    """
    return FLAGS.get(key, ("--" + key.split(".")[-1].replace("_", "-"),))


def allowed(field: FieldInfo, nothing: str = "null") -> str:
    """The values that an option may have, in words; a file calls it null where it is not given.

    >>> allowed(leaves()["trials"]), allowed(leaves()["time_limit"]), allowed(leaves()["report"])
    ('a whole number of at least 1, or null', 'a number over 0, or null', 'true or false')
    """
    numbers = {int: "a whole number", StrictInt: "a whole number", float: "a number"}
    kinds = {**numbers, bool: "true or false", str: "a text", list[str]: "a list of texts"}
    union: tuple[Any, ...] = getattr(field.annotation, "__args__", ())
    members = (field.annotation,) if field.annotation in kinds else union
    bounds = [
        f"{word} {value:g}"
        for extra in field.metadata
        for name, word in (("ge", "of at least"), ("gt", "over"), ("le", "at most"), ("lt", "under"))
        if (value := getattr(extra, name, None)) is not None
    ]
    said = " or ".join(kinds[kind] for kind in members if kind in kinds) + (" " if bounds else "") + " and ".join(bounds)
    return said + (f", or {nothing}" if type(None) in members else "")
