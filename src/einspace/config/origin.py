"""Where a run came from: versions and platform, written beside its settings into `config.yaml`."""

import json
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from einspace.config.file import write
from einspace.config.model import Group
from einspace.drafts import draft_of
from einspace.errors import RunError

CONFIG = "config.yaml"
"""The file in a run's folder that repeats it."""

PACKAGES = ("einspace", "python", "torch", "optuna", "numpy")
"""Whose versions are stored."""


class Origin(Group):
    """What a stored file tells besides the settings. A search does not follow from it, but may differ with it."""

    versions: dict[str, str] | None = None
    platform: str | None = None
    data: str | None = None
    """The fingerprint of the task's samples and labels."""
    grammar: str | None = None
    """The fingerprint of a grammar that was given in Python; none for the paper's."""
    objective: str | None = None
    """The name of an objective in place of a task."""


def describe_here() -> dict[str, Any]:
    """The versions and platform of this process."""
    return {"versions": {name: _version(name) for name in PACKAGES}, "platform": platform.platform()}


def notes(origin: Origin) -> list[str]:
    """What is different here, one line each: the same settings may find something else."""
    there = {name: value for name, value in origin.model_dump().items() if name in ("versions", "platform") and value is not None}
    here = describe_here()
    return differences(there, {name: here[name] for name in there})


def differences(there: Mapping[str, Any], here: Mapping[str, Any], prefix: str = "") -> list[str]:
    """One line for each setting that is not the same.

    >>> differences({"seed": 0, "recipe": {"epochs_search": 8}}, {"seed": 0, "recipe": {"epochs_search": 2}})
    ['recipe.epochs_search: 8 there, 2 here']
    """
    lines: list[str] = []
    for name in dict.fromkeys((*there, *here)):
        a, b = there.get(name), here.get(name)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            lines += differences(a, b, f"{prefix}{name}.")
        elif a != b:
            lines.append(f"{prefix}{name}: {json.dumps(a)} there, {json.dumps(b)} here")
    return lines


def write_config(folder: Path, settings: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Write the settings of a call into a run's folder, whole or not at all, with the origin: where it ran, and what else is `given`.

    The file of an earlier call with other settings or versions is kept as `config-1.yaml` and so on. Raises RunError where the
    folder cannot be written.
    """
    text = f"# einspace search --config {folder / CONFIG}  repeats this run\n{write({**settings, **describe_here(), **given})}"
    path = folder / CONFIG
    try:
        if path.exists() and path.read_text(encoding="utf-8") == text:
            return
        with draft_of(path) as draft:
            draft.write_text(text, encoding="utf-8")
            if path.exists():
                path.replace(_unused(folder))
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror}") from None


def _unused(folder: Path) -> Path:
    number = 1
    while (kept := folder / f"config-{number}.yaml").exists():
        number += 1
    return kept


def _version(package: str) -> str:
    if package == "python":
        return platform.python_version()
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
