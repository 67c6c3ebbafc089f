"""Run: the folder of one search. `run.json` says what it is, `config.yaml` repeats it, and `study.db` is the study's database."""

import json
import os
import re
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from einspace.baselines import names as baselines
from einspace.disk.drafts import write_text
from einspace.disk.regular import read_json
from einspace.errors import RunError
from einspace.run.settings import Settings, check_same
from einspace.storage import Database, StudyStore
from einspace.storage.backup import backup_of
from einspace.storage.outage import SERVER_PATIENCE

STUDY = "einspace"
"""The study's name in the database of its run's folder; in another database it is the run's."""

WEIGHTS = "weights"
"""The folder of trained weights in a run's folder; each file has the key of its architecture."""

INHERITED = "inherited"
"""The folder in a run's folder of the weights that children start with; each file has the number of its trial."""

NOTE = "settings"
"""The note in the study that holds what `run.json` holds."""


class Run:
    """The folder `root/name`; without a name, a new one after the date and the task.

    Raises RunError for a name that a folder cannot have.
    """

    def __init__(self, root: str | os.PathLike[str], name: str | None = None, task: str = "run") -> None:
        if name is not None and (not re.fullmatch(r"[\w.+-]{1,100}", name) or name.startswith((".", "-"))):
            raise RunError(f"a run's name is made of letters, digits, _, -, + and . and does not begin with . or -, unlike {name!r}")
        if name in baselines():
            raise RunError(f"a run cannot have the name {name!r}, which is a baseline's: choose another one")
        self.name = _new_folder(Path(root), re.sub(r"[^\w.+-]", "-", task)) if name is None else name
        self.path = Path(root) / self.name
        self.database = self.path / "study.db"
        """The study's SQLite file, unless another database holds the study."""
        self.weights = self.path / WEIGHTS
        """The folder of the weights that the final trainings gave, where they are kept."""
        self.inherited = self.path / INHERITED
        """The folder of the weights that children may start with, in a search that inherits them."""

    def study(self, storage: str | None = None, patience: float = SERVER_PATIENCE) -> Database:
        """The place of the study: in this folder, or under the run's name in another database; raises RunError for one that cannot be."""
        return Database.of_file(self.database, STUDY) if storage is None else Database(storage, self.name, patience)

    def lost(self, server: Database | None = None) -> RunError:
        """The error for a run that has begun, and whose study is not in its folder, or not in the database of a server."""
        hint = "give --storage (in Python storage=), the address of its database, if the search was given one; if not, it is lost"
        if server is not None:
            hint = "give --storage (in Python storage=) the address that the search was given; if it was that one, the study is lost"
            if self.database.exists():
                hint = f"go on without --storage (in Python storage=), for {self.database} is there"
        return RunError(f"the run {self.name!r} has begun, but its study is not in {server or self.path}: {hint}")

    def remove_if_empty(self, kind: object, *_: object) -> None:
        """End a call: remove the folder if a mistake was noticed before anything was stored."""
        if kind is not None:
            with suppress(OSError):
                self.path.rmdir()

    def check(self, database: Database, settings: Settings) -> None:
        """Raise RunError, before the study is opened, if it was lost, is another one, or was started with other settings."""
        stored, file = self.settings(), database.file
        if stored is not None:
            check_same(stored, settings, self.name)
        database.check()
        if file is None:
            if stored is not None and not database.holds_study():
                raise self.lost(database)
            return
        empty = not file.exists() or file.stat().st_size == 0
        if empty and stored is not None and not backup_of(file).exists():
            if file == self.database and not file.exists():
                raise self.lost()
            raise database.damaged("the run has begun, but its study is empty")
        if file == self.database and not empty and stored is None and not _is_ours(database):
            raise RunError(f"{self.path} holds a study that is not the run's: choose another name for the run")

    def agree(self, store: StudyStore, settings: Settings) -> None:
        """Once the study is open: compare its settings with these, or store them with a new study and in `run.json`.

        Of several drivers that start at the same time, the first one stores them.
        """
        with store.asking():
            stored = store.notes().get(NOTE)
            if stored is not None:
                check_same(stored, settings, self.name)
            elif self.settings() is not None:
                database = store.database
                raise self.lost(database) if database.file is None else database.damaged("the run has begun, but its study is not there")
            else:
                store.note(NOTE, json.loads(json.dumps(settings)))
            if self.settings() is None:
                try:
                    write_text(self.path / "run.json", json.dumps(settings, indent=2) + "\n")
                except OSError as error:
                    raise RunError(f"{self.path / 'run.json'} cannot be written: {error.strerror}") from None

    def settings(self) -> Settings | None:
        """The settings that the run was started with, None for a new one; raises RunError for a file that cannot be read."""
        path = self.path / "run.json"
        try:
            stored = read_json(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise RunError(f"{path} cannot be read: {error}") from None
        if not isinstance(stored, dict):
            raise RunError(f"{path} holds no settings")
        return stored


def _is_ours(database: Database) -> bool:
    """True if a database in a run's folder is the run's: it holds our settings, or nothing yet, since its driver died early."""
    if database.is_unused((STUDY, f"{STUDY}/finals")):
        return True
    try:
        with StudyStore.open(database) as store:
            return NOTE in store.notes()
    except RunError:
        return False


def _new_folder(root: Path, task: str) -> str:
    """A name after the date, the time and the task, for which this call made the folder: two never get the same."""
    stem = name = f"{datetime.now():%Y%m%d-%H%M%S}-{task}"
    number = 1
    while not made(root / name):
        number += 1
        name = f"{stem}-{number}"
    return name


def made(folder: Path) -> bool:
    """Make a folder, and say whether it is new; raises RunError where there can be none."""
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        if folder.is_dir():
            return False
        raise RunError(f"the folder {folder} cannot be used: {error.strerror}") from None
    return True
