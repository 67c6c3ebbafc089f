"""The settings of one call: a file, over which the command line wins, checked against the model."""

from collections.abc import Mapping
from datetime import date
from itertools import accumulate
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from einspace.config.model import RunSettings, SearchSettings
from einspace.config.options import allowed, flags, groups, leaves
from einspace.config.origin import ONLY_PYTHON, Origin
from einspace.config.protocol import PAPER
from einspace.errors import SettingError, UnknownNameError, cut
from einspace.files.yaml import read


def load(path: Path | None, given: Mapping[str, Any]) -> tuple[SearchSettings, Origin]:
    """The settings of a file, if there is one, and in their place those that were `given` on the command line, by their keys.

    Raises SettingError with a line for every mistake: the file, the line, the key, the value and what is allowed.
    """
    values, lines = ({}, {}) if path is None else read(path)
    origin = {name: values.pop(name) for name in Origin.model_fields if name in values}
    inner = groups()
    if origin:  # a run's file has options of its strategy, which the one given now may not take
        values = {name: value for name, value in values.items() if name not in _useless(given.get("strategy", values.get("strategy")))}
        values.setdefault("protocol", PAPER)  # a file of a version that had only the paper's protocol
    for name in inner:
        if name and values.get(name, {}) is None:
            del values[name]  # a group's name with nothing below it
    for one, other in (("trials", "iterations"), ("iterations", "trials")):
        if one in given:  # both bound the search: the one on the command line wins
            values.pop(other, None)
    for key, value in given.items():
        group, _, name = key.rpartition(".")
        holder = values.setdefault(group, {}) if group else values
        if isinstance(holder, dict):
            holder[name] = value
    mistakes: list[str] = []
    try:
        written = Origin(**origin)
    except ValidationError as error:
        for e in error.errors():
            mistakes.append(f"{_place(path, lines, _key(e))}{_key(e)} is written by einspace and cannot be read: {e['msg']}")
    try:
        settings = SearchSettings(**values)
    except ValidationError as error:
        told = {_key(e): _told(e) for e in sorted(error.errors(), key=lambda e: lines.get(_key(e), 0))}
        mistakes += [f"{_place(path, lines, key) if key not in given else ''}{line}" for key, line in told.items()]
    if mistakes:
        raise SettingError(*(line for mistake in mistakes for line in mistake.splitlines()))
    for key, name in ONLY_PYTHON.items():
        if (own := getattr(written, key)) is not None:
            place = _place(path, lines, key)
            raise SettingError(f"{place}this run had another {name} ({own}), which only Python can give: call search(..., {name}=...)")
    return settings, written


def stored(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that a run stores of a call, checked; raises SettingError with a line for every mistake."""
    try:
        return RunSettings(**{name: values[name] for name in RunSettings.model_fields}).model_dump()
    except ValidationError as error:
        raise SettingError(*(line for e in error.errors() for line in _told(e, "None").splitlines())) from None


def _useless(strategy: object) -> set[str]:
    """Options of other strategies that this one does not take; empty for an unknown strategy."""
    from einspace import strategies

    known = {name: set(strategies.options(name)) for name in strategies.names()}
    return set().union(*known.values()) - known[strategy] if strategy in known else set()


def _place(path: Path | None, lines: Mapping[str, int], key: str) -> str:
    """The place of a key, for a message: the file and the line of the key; empty without a file."""
    line = f", line {lines[key]}" if key in lines else ""
    return "" if path is None else f"{path}{line}: "


def _key(error: ErrorDetails) -> str:
    """The key that an error is about; what comes after an option's own key is a place inside of its value."""
    keys = accumulate(map(str, error["loc"]), lambda group, name: group if group in leaves() else f"{group}.{name}")
    return list(keys)[-1]


def _told(error: ErrorDetails, nothing: str = "null") -> str:
    """The message for one mistake that pydantic found."""
    key, value, known = _key(error), error["input"], leaves()
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return _unknown(key)
    if error["type"] == "missing":
        return f"{key} is missing: give it as `einspace search {key.upper()}`, or as `{key}:` in a settings file"
    if key not in known:
        return f"{key} must hold settings of its own, {', '.join(groups()[key])}, not {_shown(value)}"
    hint = "; put it in quotes" if "text" in allowed(known[key]) and isinstance(value, int | float | date) else ""
    return f"{key} must be {allowed(known[key], nothing)}, not {_shown(value)}{hint}"


def _unknown(key: str) -> str:
    """The message for an unknown key: it proposes a key of that name or flag in another group, else the nearest one in its group."""
    group, _, name = key.rpartition(".")
    flag = "--" + name.replace("_", "-")
    elsewhere = [known for known in leaves() if flag in flags(known) or known.split(".")[-1] == name]
    if not elsewhere:
        return str(UnknownNameError(f"setting of {group}" if group else "setting", name, groups()[group]))
    group, _, name = elsewhere[0].rpartition(".")
    place = f"below `{group}:`" if group else "at the margin"
    return f"unknown setting {key!r}: did you mean {' or '.join(elsewhere)}? In a file it is `{name}:` {place}"


def _shown(value: object) -> str:
    return cut(str(value) if isinstance(value, date) else repr(value))
