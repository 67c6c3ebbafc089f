"""Run: the folder of one search. It holds the settings, the study's database, and the lock that tells whether a driver lives."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from einspace.errors import RunError
from einspace.settings import Settings, check_same
from einspace.storage import Database
from einspace.storage.backup import backup_of
from einspace.storage.locks import locked
from einspace.storage.outage import PATIENCE

STUDY = "einspace"
"""The study's name in the database of its run's folder; in a database of one's own it is the run's."""


class Run:
    """The folder `root/name`; without a name, a new one after the date and the task. Raises RunError for a name that is no folder's."""

    def __init__(self, root: str | os.PathLike[str], name: str | None = None, task: str = "run") -> None:
        if name is not None and (not re.fullmatch(r"[\w.+-]{1,100}", name) or name.startswith((".", "-"))):
            raise RunError(f"a run's name is made of letters, digits, _, -, + and . and does not begin with . or -, unlike {name!r}")
        self.name = _unused(Path(root), re.sub(r"[^\w.+-]", "-", task)) if name is None else name
        self.path = Path(root) / self.name

    @property
    def database(self) -> Path:
        """The study's SQLite file, where the study lives in no database of its own."""
        return self.path / "study.db"

    @property
    def weights(self) -> Path:
        """The folder of the weights that the final trainings gave, where they are kept."""
        return self.path / "weights"

    def study(self, storage: str | None = None, patience: float = PATIENCE) -> Database:
        """Where the study lives: in this folder, or under the run's name in another database; raises RunError for one that cannot be."""
        return Database.of_file(self.database, STUDY) if storage is None else Database(storage, self.name, patience)

    @contextmanager
    def open(self, settings: Settings) -> Iterator[None]:
        """Hold the folder for this process; raises RunError if another one does, or if the run was started with other settings."""
        with locked(self.path / "lock", f"the run {self.name!r}"):
            stored = self.settings()
            if stored is None:
                if self.database.exists() or backup_of(self.database).exists():
                    raise RunError(f"{self.path} holds a study but no settings.json: choose another name for the run")
                self._write_settings(settings)
            else:
                check_same(stored, settings, self.name)
            yield

    def make(self) -> None:
        """Make the folder, for what is this machine's only; raises RunError where that cannot be."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"the folder {self.path} cannot be used: {error.strerror}") from None

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
