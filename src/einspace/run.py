"""Run: the folder of one search. It holds the settings, the study's database, and the lock that tells whether a driver lives."""

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from sqlalchemy.exc import SQLAlchemyError

from einspace.errors import RunError
from einspace.limits import Limits
from einspace.space import EinSpace
from einspace.tasks import Recipe, Task

STUDY = "einspace"
"""The study's name in its database."""

Settings = dict[str, Any]
"""What decides the results of a run, as it is stored in `settings.json`."""


def settings_of(task: Task, recipe: Recipe, space: EinSpace, limits: Limits, **strategy: Any) -> Settings:
    """Everything that may not change while a run goes on; `trials`, `workers` and the time limit may."""
    return {
        "task": task.name,
        "data": fingerprint(task),
        "metric": task.metric.name,
        "input": list(task.input.shape),
        "head": str(task.head),
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


class Run:
    """The folder `root/name`; without a name, a new one after the date and the task. Raises RunError for a name that is no folder's."""

    def __init__(self, root: str | os.PathLike[str], name: str | None = None, task: str = "run") -> None:
        if name is not None and (not re.fullmatch(r"[\w.+-]{1,100}", name) or name.startswith((".", "-"))):
            raise RunError(f"a run's name is made of letters, digits, _, -, + and . and does not begin with . or -, unlike {name!r}")
        self.name = _unused(Path(root), re.sub(r"[^\w.+-]", "-", task)) if name is None else name
        self.path = Path(root) / self.name

    @contextmanager
    def open(self, settings: Settings) -> Iterator[None]:
        """Hold the folder for this process; raises RunError if another one does, or if the run was started with other settings."""
        with self._locked():
            stored = self.settings()
            if stored is None:
                if self.database.exists():
                    raise RunError(f"{self.path} holds a study but no settings.json: choose another name for the run")
                self._write_settings(settings)
            else:
                lines = differences(stored, json.loads(json.dumps(settings)))
                if lines:
                    changed = "\n".join(f"  {line}" for line in lines)
                    raise RunError(
                        f"the run {self.name!r} was started with other settings: continue it with the same, or choose another name\n"
                        f"{changed}"
                    )
            yield

    @property
    def database(self) -> Path:
        """The study's SQLite file."""
        return self.path / "study.db"

    def settings(self) -> Settings | None:
        """What the run was started with, None for a new one; raises RunError for a file that cannot be read."""
        path = self.path / "settings.json"
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise RunError(f"{path} cannot be read: {error}") from None
        if not isinstance(stored, dict):
            raise RunError(f"{path} holds no settings")
        return stored

    @contextmanager
    def storage(self) -> Iterator[optuna.storages.RDBStorage]:
        """The study's database, with Optuna's messages turned off meanwhile; raises RunError where SQLite or Optuna cannot use it."""
        verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.CRITICAL)
        try:
            try:
                storage = optuna.storages.RDBStorage(f"sqlite:///{self.database}", engine_kwargs={"connect_args": {"timeout": 60}})
            except RuntimeError as error:  # a study of another version of Optuna
                raise self._unusable(error) from error
            try:
                yield storage
            finally:
                storage.remove_session()
                storage.engine.dispose()
        except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
            raise self._unusable(error) from error
        finally:
            optuna.logging.set_verbosity(verbosity)

    def _unusable(self, error: Exception) -> RunError:
        return RunError(f"the database {self.database} cannot be used: {str(error).splitlines()[0]}")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self.path / "lock").open("a+", encoding="utf-8")
        except OSError as error:
            raise RunError(f"the folder {self.path} cannot be used: {error.strerror}") from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise RunError(f"the run {self.name!r} is being driven by another process ({lock.read().strip() or 'unknown'})") from None
            lock.truncate(0)
            lock.write(f"process {os.getpid()}")
            lock.flush()
            yield

    def _write_settings(self, settings: Settings) -> None:
        """At once or not at all: a run that was killed here is a new run."""
        draft = self.path / "settings.json.new"
        try:
            draft.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
            draft.replace(self.path / "settings.json")
        except OSError as error:
            raise RunError(f"{draft} cannot be written: {error.strerror}") from None


def _unused(root: Path, task: str) -> str:
    """A name after the date, the time and the task that no folder has."""
    stem = f"{datetime.now():%Y%m%d-%H%M%S}-{task}"
    name, number = stem, 1
    while (root / name).exists():
        number += 1
        name = f"{stem}-{number}"
    return name
