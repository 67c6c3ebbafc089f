"""Origin: the versions and the platform of a run, written beside its settings into `config.yaml`."""

import json
import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any

from einspace.config.model import OptionGroup
from einspace.disk.drafts import draft_of
from einspace.disk.regular import read_small
from einspace.errors import RunError
from einspace.files.yaml import write

CONFIG = "config.yaml"
"""The file of settings in a run's folder, with which the run can be repeated."""

PACKAGES = ("einspace", "torch", "optuna", "numpy")
"""The packages whose versions are stored, beside that of Python."""


class Origin(OptionGroup):
    """The part of a stored file beside the settings. It does not define a search, but the same settings may give another result with it."""

    versions: dict[str, str] | None = None
    platform: str | None = None
    data: str | None = None
    """The fingerprint of the task's samples and labels."""
    own_grammar: str | None = None
    """The fingerprint of a grammar that was given in Python; none for a named one."""
    objective: str | None = None
    """The name of an objective in place of a task."""
    warm_start: str | None = None
    """The names of initial members that start from weights of the user's own."""


ONLY_PYTHON = {"own_grammar": "grammar", "objective": "objective", "warm_start": "init"}
"""Entries that stand for arguments of a search that only Python can give, and those arguments."""


def only_python(stored: Mapping[str, Any]) -> list[str]:
    """The arguments of a search that its stored file cannot give; a strategy of a script that was started is one, too.

    >>> only_python({"strategy": "__main__:Annealing", "own_grammar": "0123456789abcdef"}), only_python({"strategy": "package:Annealing"})
    (['grammar', 'strategy'], [])
    """
    found = [argument for entry, argument in ONLY_PYTHON.items() if stored.get(entry) is not None]
    return [*found, "strategy"] if str(stored.get("strategy")).startswith("__main__:") else found


installed = cache(version)
"""The version of a package, which stays the same while a process runs."""


def describe_here() -> dict[str, Any]:
    """The versions and platform of this process."""
    versions = {"python": platform.python_version(), **{name: installed(name) for name in PACKAGES}}
    return {"versions": versions, "platform": platform.platform()}


def notes(origin: Origin) -> list[str]:
    """The differences of this machine, one line each: the same settings may find something else here."""
    there, here = origin.model_dump(include={"versions", "platform"}, exclude_none=True), describe_here()
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
    """Write the settings of a call into a run's folder, whole or not at all, with the versions, the platform and what else is `given`.

    A file with other contents is kept as `config-1.yaml` and so on. Raises RunError where the folder cannot be written.
    """
    missing = only_python({**settings, **given})
    said = f"einspace search --config {folder / CONFIG}  repeats this run"
    if missing:
        said = f"this run is repeated in Python, which alone gives its {' and its '.join(missing)}"
    text = f"# {said}\n{write({**settings, **describe_here(), **given})}"
    path = folder / CONFIG
    try:
        if path.exists() and read_small(path) == text.encode():
            return
        with draft_of(path) as draft:
            draft.write_text(text, encoding="utf-8")
            if path.exists():
                path.replace(next(kept for number in count(1) if not (kept := folder / f"config-{number}.yaml").exists()))
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror}") from None
