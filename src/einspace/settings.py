"""Settings: what decides the results of a run, and whether two of them agree."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from einspace.errors import RunError
from einspace.limits import Limits
from einspace.space import EinSpace
from einspace.tasks import Recipe, Task

Settings = dict[str, Any]
"""What decides the results of a run, as it is stored in `settings.json` and with the study."""


def settings_of(task: Task, recipe: Recipe, space: EinSpace, limits: Limits, **strategy: Any) -> Settings:
    """Everything that may not change while a run goes on; `trials`, `workers` and the time limit may."""
    return {
        "task": task.name,
        "data": fingerprint(task),
        "metric": task.metric.name,
        "input": list(task.input.shape),
        "head": str(task.head),
        **({"own": task.own.said()} if task.own.said() else {}),
        "augmentation": None if task.augmentation is None else asdict(task.augmentation),
        "recipe": asdict(recipe),
        "grammar": space.grammar.fingerprint,
        "limits": asdict(limits),
        **strategy,
    }


def fingerprint(task: Task) -> str:
    """A short hash of all samples and labels: the same name may stand for other data."""
    digest = hashlib.sha256()
    for split in task.splits.values():
        for array in (split.x, split.y):
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:16]


def check_same(stored: Mapping[str, Any], settings: Settings, run: str) -> None:
    """Raise RunError, with one line for each difference, if a run was started with other settings."""
    lines = differences(stored, json.loads(json.dumps(settings)))
    if lines:
        changed = "\n".join(f"  {line}" for line in lines)
        raise RunError(f"the run {run!r} was started with other settings: continue it with the same, or choose another name\n{changed}")


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
