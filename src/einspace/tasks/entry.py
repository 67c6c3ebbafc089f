"""Entry: what is known of a task before its data are there, and how the data become the task."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.features import Feature
from einspace.networks.heads import Classification, Head
from einspace.tasks.augmentation import Augmentation
from einspace.tasks.checks import missing_classes
from einspace.tasks.metrics import Metric
from einspace.tasks.recipe import Recipe
from einspace.tasks.split import Normaliser, Split
from einspace.tasks.task import Task

VARIABLE = "EINSPACE_DATA"
"""The environment's name for the folder of the official files."""

FOLDER = "data"
"""Where they are looked for if nothing is said."""


@dataclass(frozen=True, eq=False)
class Entry:
    """A task by name. `read` makes it from the folder of its files; a task that is made of nothing but a package needs none.

    `input` is what a network gets, `stored` a sample in the files where that is another shape. `files` are patterns of what the folder
    must hold, `others` of what will do instead. `source` says where the files are published.
    """

    name: str
    title: str
    input: Feature
    target: int | Head
    sizes: tuple[int, int, int]
    metric: Metric
    recipe: Recipe
    baselines: tuple[str, ...]
    description: str
    read: Callable[["Entry", Path], Task]
    files: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    stored: tuple[int, ...] = ()
    source: str = ""
    published: Mapping[str, float] = field(default_factory=dict)
    augmentation: Augmentation | None = None
    labels: tuple[str, ...] = ()

    @property
    def head(self) -> Head:
        """What predicts the targets."""
        return self.target if isinstance(self.target, Head) else Classification(self.target)

    @property
    def classes(self) -> int:
        """The number of classes; raises TaskError where there are none."""
        if not isinstance(self.head, Classification):
            raise TaskError(f"{self.name} has no classes")
        return self.head.classes

    def folder(self, data: str | os.PathLike[str] | None = None) -> Path:
        """Where the files should lie: the folder of the task's name, in whatever case, in `data` else in $EINSPACE_DATA, else in `data`."""
        root = Path(data if data is not None else os.environ.get(VARIABLE, "") or FOLDER)
        try:
            return next((path for path in sorted(root.iterdir()) if path.is_dir() and path.name.lower() == self.name), root / self.name)
        except OSError:
            return root / self.name

    def missing(self, data: str | os.PathLike[str] | None = None) -> tuple[str, ...]:
        """The files that are not there; empty for a task that can be loaded."""
        folder = self.folder(data)
        lacking = [tuple(name for name in names if not any(folder.glob(name))) for names in (self.files, self.others) if names]
        return () if () in lacking or not lacking else lacking[0]

    def load(self, data: str | os.PathLike[str] | None = None) -> Task:
        """Read and check the task; raises TaskError that says what is missing and where it is published."""
        missing = self.missing(data)
        if missing:
            where = self.folder(data)
            told = "" if data is not None or os.environ.get(VARIABLE) else f" (set {VARIABLE}, or --data, to the folder around it)"
            raise TaskError(f"{self.name}: {where} lacks {', '.join(missing)}{told}. {self.title}: {self.source}")
        return self.read(self, self.folder(data))

    def metadata(self, folder: Path) -> dict[str, Any]:
        """The JSON beside the arrays, empty where there is none; raises TaskError for one that cannot be read."""
        path = folder / "metadata"
        try:
            read = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise TaskError(f"{path}: cannot be read: {error}") from None
        return read if isinstance(read, dict) else {}

    def task(
        self,
        splits: Sequence[Split],
        folder: Path | None = None,
        target_normaliser: Normaliser | None = None,
        built: bool = False,
        notes: tuple[str, ...] = (),
    ) -> Task:
        """The task of its three splits, not yet normalised; `built` says that somebody made the files anew, of another size perhaps.

        Raises TaskError for official files of other sizes, and for a class that train lacks.
        """
        train, valid, test = splits
        found = (len(train), len(valid), len(test))
        where = self.name if folder is None else str(folder)
        if found != self.sizes and not built:
            raise TaskError(f"{where}: train, valid and test have {found} samples, but {self.title} has {self.sizes}")
        description = self.description + (" Built anew, not the official files: scores do not compare with published ones" if built else "")
        try:
            task = self._made(splits, description, target_normaliser, notes)
        except TaskError as error:
            raise error if folder is None else TaskError(f"{folder}: {error}") from None
        if isinstance(self.head, Classification):
            missing = missing_classes(train.y, self.labels or tuple(map(str, range(self.head.classes))))
            if missing:
                raise TaskError(f"{where}, split train: {missing}")
        return task

    def _made(self, splits: Sequence[Split], description: str, target_normaliser: Normaliser | None, notes: tuple[str, ...]) -> Task:
        train, valid, test = splits
        return Task(
            self.name,
            self.input,
            self.target,
            train,
            valid,
            test,
            self.metric,
            self.recipe,
            self.baselines,
            description,
            self.labels,
            self.published,
            target_normaliser=target_normaliser,
            augmentation=self.augmentation,
            notes=notes,
        )


def as_samples(x: NDArray[Any], shape: tuple[int, ...], where: str) -> NDArray[np.float32]:
    """Samples of a shape as float32; a file that holds just that stays mapped. Raises TaskError naming the file."""
    if x.dtype.kind not in "buif" or x.shape[1:] != shape:
        raise TaskError(f"{where}: must be numbers (N, {', '.join(map(str, shape))}), not {x.dtype} {x.shape}")
    return x if x.dtype == np.float32 and x.dtype.isnative else x.astype(np.float32)


def as_labels(y: NDArray[Any], count: int, classes: int, where: str) -> NDArray[np.int64]:
    """Labels as int64, whole and in range; raises TaskError naming the file, the sample and what was expected."""
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.dtype.kind not in "buif" or y.shape != (count,):
        raise TaskError(f"{where}: must be {count} labels, not {y.dtype} {y.shape}")
    with np.errstate(invalid="ignore"):
        whole = y.astype(np.int64)
    bad = np.flatnonzero((whole != y) | (whole < 0) | (whole >= classes))
    if len(bad):
        raise TaskError(f"{where}: labels must be whole numbers 0 to {classes - 1}, but sample {bad[0]} has {y[bad[0]]}")
    return whole
