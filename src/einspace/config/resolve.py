"""The settings of one call: a file, over which the command line wins, checked against the model."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from einspace.config.file import read
from einspace.config.model import SearchSettings, allowed, flags, groups, leaves
from einspace.config.origin import Origin
from einspace.errors import SettingError, UnknownNameError


def load(path: Path | None, given: Mapping[str, Any]) -> tuple[SearchSettings, Origin]:
    """The settings of a file, if there is one, with those that were `given` on the command line, by their keys, in place of the file's.

    Raises SettingError that names the file, the line, the key, the value and what is allowed, for every mistake a line.
    """
    values, lines = ({}, {}) if path is None else read(path)
    origin = {name: values.pop(name) for name in Origin.model_fields if name in values}
    inner = groups()
    for name in inner:
        if name and values.get(name, {}) is None:
            del values[name]  # a group's name with nothing below it
    for key, value in given.items():
        group, _, name = key.rpartition(".")
        holder = values.setdefault(group, {}) if group else values
        if isinstance(holder, dict):
            holder[name] = value
    mistakes: list[str] = []
    try:
        stored = Origin(**origin)
    except ValidationError as error:
        mistakes += [
            f"{_place(path, lines, _key(e))}{_key(e)} is written by einspace and cannot be read: {e['msg']}" for e in error.errors()
        ]
    try:
        settings = SearchSettings(**values)
    except ValidationError as error:
        told = {_key(e): _told(e) for e in sorted(error.errors(), key=lambda e: lines.get(_key(e), 0))}
        mistakes += [f"{_place(path, lines, key) if key not in given else ''}{line}" for key, line in told.items()]
    if mistakes:
        raise SettingError("\n".join(mistakes))
    if stored.grammar is not None:
        raise SettingError(
            f"{_place(path, lines, 'grammar')}this run searched a grammar of its own ({stored.grammar}), which only Python can give: "
            "call search(..., grammar=...)"
        )
    return settings, stored


def _place(path: Path | None, lines: Mapping[str, int], key: str) -> str:
    """Where a key stands: the file and the line, or that of the group it should be in."""
    if path is None:
        return ""
    line = lines.get(key)
    return f"{path}: " if line is None else f"{path}, line {line}: "


def _key(error: ErrorDetails) -> str:
    """The key that an error is about; what comes after an option's own key is a place inside of its value."""
    known = leaves()
    key = ""
    for part in error["loc"]:
        if key in known:
            break
        key = f"{key}.{part}" if key else str(part)
    return key


def _told(error: ErrorDetails) -> str:
    """One mistake in one line."""
    key, value = _key(error), error["input"]
    known = leaves()
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if error["type"] == "extra_forbidden":
        return _unknown(key)
    if error["type"] == "missing":
        return f"{key} is missing: give it as `einspace search {key.upper()}`, or as `{key}:` in a settings file"
    if key not in known:
        return f"{key} must hold settings of its own, {', '.join(groups()[key].model_fields)}, not {_shown(value)}"
    hint = "; put it in quotes" if "text" in allowed(known[key]) and isinstance(value, int | float | date) else ""
    return f"{key} must be {allowed(known[key])}, not {_shown(value)}{hint}"


def _unknown(key: str) -> str:
    """An unknown key, with the known one of that name or flag in another group, else with the nearest of its own."""
    group, _, name = key.rpartition(".")
    fitting = tuple(groups()[group].model_fields)
    flag = "--" + name.replace("_", "-")
    elsewhere = [known for known in leaves() if flag in flags(known) or known.split(".")[-1] == name]
    if elsewhere:
        return f"unknown setting {key!r}: did you mean {' or '.join(elsewhere)}? {_nested(elsewhere[0])}"
    return str(UnknownNameError(f"setting of {group}" if group else "setting", name, fitting))


def _nested(key: str) -> str:
    group, _, name = key.rpartition(".")
    return f"In a file it is `{name}:` below `{group}:`" if group else f"In a file it is `{name}:` at the margin"


def _shown(value: object) -> str:
    text = str(value) if isinstance(value, date) else repr(value)
    return text if len(text) <= 80 else text[:79] + "…"
