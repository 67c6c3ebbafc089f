"""Entry: the facts about a task that are known before its data are there, and the function that makes the task of them."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.disk.regular import read_json
from einspace.errors import TaskError
from einspace.features import Feature
from einspace.networks.heads import Classification, Head
from einspace.tasks.augmentation import Augmentation
from einspace.tasks.checks import missing_classes
from einspace.tasks.metrics import Metric
from einspace.tasks.preprocessing import Preprocessing
from einspace.tasks.published import Reported
from einspace.tasks.recipe import Recipe
from einspace.tasks.split import Split
from einspace.tasks.task import Task

VARIABLE = "EINSPACE_DATA"
"""The environment's name for the folder of the official files."""

FOLDER = "data"
"""The folder of the data where neither an option nor the variable names one."""

METADATA = "metadata"
"""A JSON file beside the others, which marks files that were built anew."""

_SEED = 0
"""The seed of data that are generated; each split has its number beside it."""


def data_folder(data: str | os.PathLike[str] | None = None) -> Path:
    """The folder around those of the tasks: the given one, else `$EINSPACE_DATA`, else `data` in the working folder."""
    return Path(data if data is not None else os.environ.get(VARIABLE, "") or FOLDER)


@dataclass(frozen=True, eq=False, kw_only=True)
class Entry:
    """The facts about a task that are known before its data are there.

    Args:
        name: The task's name, and that of the folder of its files in whatever case.
        title: Its name in the paper.
        input: The feature that a network gets.
        target: What predicts the targets, or a number of classes.
        sizes: Samples of train, valid and test.
        metric: What it is scored with; `published` are in its units.
        recipe: How it is trained (table 4).
        baselines: Architectures that it is compared with.
        description: What it is about, in a sentence or two.
        read: Makes the task from the folder of its files.
        files: Patterns of the official files below the folder; none for a task that is made of a package's data.
        built_files: Patterns of files that were built anew, where those differ.
        built_from: What `einspace data prepare` builds it from: "" for nothing, None where it cannot be built.
        stored: The shape of a sample in the files, where it is not that of `input`.
        source: Where the official files are published.
        distributed: Whether they are; scores on the files of somebody else compare with nothing.
        published: The paper's scores by method (tables 1 and 5).
        augmentation: What training does to samples.
        labels: Names of the classes.
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
    built_files: tuple[str, ...] = ()
    built_from: str | None = None
    stored: tuple[int, ...] = ()
    source: str = ""
    distributed: bool = True
    published: Mapping[str, float] = field(default_factory=dict)
    augmentation: Augmentation | None = None
    labels: tuple[str, ...] = ()

    @property
    def head(self) -> Head:
        """The head that predicts the targets."""
        return self.target if isinstance(self.target, Head) else Classification(self.target)

    @property
    def classes(self) -> int:
        """The number of classes; raises TaskError where there are none."""
        if not isinstance(self.head, Classification):
            raise TaskError(f"{self.name} has no classes")
        return self.head.classes

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a sample in the files."""
        return self.stored or self.input.shape

    @property
    def how(self) -> str:
        """The instruction for getting the data: the place where they are published, and the command that builds them anew."""
        if self.built_from is None:
            return self.source
        command = f"{self.source}; or einspace data prepare {self.name}"
        return f"{command} --from SOURCE: {self.built_from}" if self.built_from else f"{command}, which generates it"

    def folder(self, data: str | os.PathLike[str] | None = None) -> Path:
        """The folder of the files: the one with the task's name, in whatever case, in `data_folder(data)`."""
        root = data_folder(data)
        try:
            return next((path for path in sorted(root.iterdir()) if path.is_dir() and path.name.lower() == self.name), root / self.name)
        except OSError:
            return root / self.name

    def missing(self, data: str | os.PathLike[str] | None = None) -> tuple[str, ...]:
        """The files that are not there; empty for a task that can be loaded."""
        folder = self.folder(data)
        wanted = self.built_files if self.built_files and self.is_built(folder) else self.files
        return tuple(name for name in wanted if not any(folder.glob(name)))

    def is_built(self, folder: Path) -> bool:
        """True if the metadata say that the files were made anew; False also where the metadata cannot be read."""
        try:
            return self.metadata(folder).get("built") is True
        except TaskError:
            return False

    def load(self, data: str | os.PathLike[str] | None = None) -> Task:
        """Read and check the task; raises TaskError that says what is missing and how to get it."""
        missing = self.missing(data)
        if missing:
            where = self.folder(data)
            hint = "" if data is not None or os.environ.get(VARIABLE) else f" (set {VARIABLE}, or --data, to the folder around it)"
            raise TaskError(f"{self.name}: {where} lacks {', '.join(missing)}{hint}. {self.title}: {self.how}")
        return self.read(self, self.folder(data))

    def metadata(self, folder: Path) -> dict[str, Any]:
        """The JSON beside the arrays, empty where there is none; raises TaskError for one that cannot be read."""
        path = folder / METADATA
        try:
            read = read_json(path)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise TaskError(f"{path}: cannot be read: {error}") from None
        return read if isinstance(read, dict) else {}

    def drawn(self, splits: Sequence[Split]) -> Task:
        """The normalised task of three splits of one kind, of which train and valid may be divided anew."""
        return replace(self.task(splits), one_pool=True).normalised()

    def task(
        self,
        splits: Sequence[Split],
        folder: Path | None = None,
        preprocessing: Preprocessing = Preprocessing(),
        built: bool = False,
        notes: tuple[str, ...] = (),
    ) -> Task:
        """The task of its three splits, not yet normalised.

        Args:
            splits: Train, valid and test.
            folder: Where the files lie, for errors.
            preprocessing: What was done to samples and targets already.
            built: Whether somebody made the files anew, of another size perhaps: then no published score compares with those on them.
            notes: What was understood of the data.

        Raises:
            TaskError: Official files are of other sizes, or train lacks a class.
        """
        train, valid, test = splits
        found = (len(train), len(valid), len(test))
        where = self.name if folder is None else str(folder)
        if found != self.sizes and not built:
            raise TaskError(f"{where}: train, valid and test have {found} samples, but {self.title} has {self.sizes}")
        official = bool(self.published) and self.distributed and not built
        try:
            task = Task(
                name=self.name,
                input=self.input,
                target=self.target,
                train=train,
                valid=valid,
                test=test,
                metric=self.metric,
                recipe=self.recipe,
                baselines=self.baselines,
                description=self.description + (f" {_BUILT}" if built else ""),
                labels=self.labels,
                reported=Reported(self.metric.name, self.published) if official else None,
                preprocessing=preprocessing,
                augmentation=self.augmentation,
                notes=notes,
            )
        except TaskError as error:
            raise error if folder is None else TaskError(f"{folder}: {error}") from None
        if isinstance(self.head, Classification):
            missing = missing_classes(train.y, self.labels or tuple(map(str, range(self.head.classes))))
            if missing:
                raise TaskError(f"{where}, split train: {missing}")
        return task


_BUILT = "Built anew, not the official files: scores do not compare with published ones"


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


def generated(make: Callable[[int, tuple[int, ...]], Split]) -> Callable[[Entry, Path], Task]:
    """A `read` that needs no files.

    Args:
        make: Makes a split of so many samples from a seed.
    """

    def read(entry: Entry, folder: Path) -> Task:
        return entry.drawn([make(count, (_SEED, number)) for number, count in enumerate(entry.sizes)])

    return read
