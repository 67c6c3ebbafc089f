"""Options: the settings of a search one by one, each by its key, its flags, and what it may be."""

from collections.abc import Iterator
from typing import Any

from pydantic.fields import FieldInfo

from einspace.config.model import Flags, Group, SearchSettings


def groups() -> dict[str, type[Group]]:
    """The groups within the settings, by the key that holds them; the settings themselves under an empty one."""
    nested = {name: field.annotation for name, field in SearchSettings.model_fields.items()}
    return {"": SearchSettings} | {name: kind for name, kind in nested.items() if isinstance(kind, type) and issubclass(kind, Group)}


def leaves() -> dict[str, FieldInfo]:
    """Every option by its key, a group's name and a point before those of a group.

    >>> list(leaves())[:2], "limits.min_parameters" in leaves()
    (['task', 'strategy'], True)
    """
    return dict(_leaves())


def _leaves() -> Iterator[tuple[str, FieldInfo]]:
    inner = groups()
    for name, field in SearchSettings.model_fields.items():
        if name in inner:
            yield from ((f"{name}.{key}", leaf) for key, leaf in inner[name].model_fields.items())
        else:
            yield name, field


def flags(key: str) -> tuple[str, ...]:
    """The flags of an option.

    >>> flags("recipe.epochs_search"), flags("limits.min_parameters")
    (('--epochs',), ('--min-parameters',))
    """
    for extra in leaves()[key].metadata:
        if isinstance(extra, Flags):
            return extra.names
    return ("--" + key.split(".")[-1].replace("_", "-"),)


def parameter(key: str) -> str:
    """The name that the command gives an option: its key without points."""
    return key.replace(".", "_")


def allowed(field: FieldInfo, nothing: str = "null") -> str:
    """What an option may be, in words; a file calls it null where it is not given.

    >>> allowed(leaves()["trials"]), allowed(leaves()["time_limit"])
    ('a whole number of at least 1', 'a number over 0, or null')
    """
    kinds = {int: "a whole number", float: "a number", str: "a text", list[str]: "a list of texts"}
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
