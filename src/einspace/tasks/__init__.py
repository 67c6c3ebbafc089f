"""Tasks: data sets with their metrics, recipes and baselines (appendices B.1 and B.2, table 4), and tasks of people's own data."""

import os
from dataclasses import replace
from pathlib import Path

from einspace.echo import escaped
from einspace.errors import TaskError, UnknownNameError
from einspace.memory import bounded
from einspace.networks.heads import Classification, MultiLabel, Regression
from einspace.reading import DataOptions
from einspace.tasks.augmentation import Augmentation
from einspace.tasks.copying import COPYING
from einspace.tasks.digits import DIGITS
from einspace.tasks.entry import VARIABLE, Entry, data_folder
from einspace.tasks.flipflop import FLIPFLOP
from einspace.tasks.metrics import ACCURACY, METRICS, Metric, metric_named, over_seeds
from einspace.tasks.mnist1d import MNIST1D
from einspace.tasks.nasbench360 import NASBENCH360
from einspace.tasks.parity import PARITY
from einspace.tasks.recall import RECALL
from einspace.tasks.recipe import Recipe
from einspace.tasks.sources import from_path, is_path
from einspace.tasks.split import Normaliser, Split
from einspace.tasks.state import State, states
from einspace.tasks.task import Task
from einspace.tasks.unseen import UNSEEN

TASKS: dict[str, Entry] = {entry.name: entry for entry in (*DIGITS, FLIPFLOP, RECALL, COPYING, PARITY, MNIST1D, *UNSEEN, *NASBENCH360)}
"""Every task by its name. To add one is to add an entry."""


def names() -> tuple[str, ...]:
    """Names of all tasks, as `load_task` takes them; the data of some must be fetched first.

    >>> names()[0]
    'digits'
    """
    return tuple(TASKS)


def load_task(name: str, data: str | os.PathLike[str] | None = None, own: DataOptions = DataOptions()) -> Task:
    """Load a task, checked and normalised.

    Args:
        name: A task of the registry, or a path to your own data: an archive, a table or a folder.
        data: The folder of the official files; None: $EINSPACE_DATA.
        own: Options for your own data.

    Raises:
        UnknownNameError: There is no such task or path; the message proposes the nearest name.
        TaskError: The data are not there or cannot be used, or an option does not apply to them.
        LimitError: Reading the data takes more memory than is free.
    """
    with bounded(f"read the data of {escaped(name, keep='')}"):
        return _loaded(name, data, own)


def _loaded(name: str, data: str | os.PathLike[str] | None, own: DataOptions) -> Task:
    if name in TASKS:
        for option in own.said():
            if option not in ("metric", "pool"):
                raise TaskError(f"{option} is for data of your own; {name} is a task that has its own")
        task = TASKS[name].load(data)
        task = replace(task if own.metric is None else task.with_metric(own.metric), own=own)
    elif is_path(name):
        task = from_path(Path(name), own)
    else:
        raise UnknownNameError("task", name, TASKS)
    return task if own.pool is None else _pooled(task, own.pool)


def _pooled(task: Task, pool: str) -> Task:
    """The task with a head that averages over another axis of a sequence; raises TaskError for a head that does not average."""
    if not isinstance(task.head, Classification | MultiLabel | Regression):
        raise TaskError(f"{task.name}: pool is for a head that averages, not for {task.head}")
    return task.with_head(replace(task.head, pool=pool))


__all__ = [
    "ACCURACY",
    "Augmentation",
    "Entry",
    "METRICS",
    "Metric",
    "Normaliser",
    "DataOptions",
    "Recipe",
    "Split",
    "State",
    "TASKS",
    "Task",
    "VARIABLE",
    "data_folder",
    "is_path",
    "load_task",
    "metric_named",
    "names",
    "over_seeds",
    "states",
]
