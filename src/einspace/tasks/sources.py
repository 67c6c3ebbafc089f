"""Where data of one's own come from: each source is read, then made a task; a path is recognised by what lies there."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from einspace.errors import TaskError
from einspace.tasks.arrays import Options, task_of
from einspace.tasks.huggingface import read_dataset
from einspace.tasks.images import check_pillow, read_images
from einspace.tasks.tables import read_archive, read_arrays, read_signals
from einspace.tasks.task import Task

TABLES = (".csv", ".tsv")
"""Suffixes of tables of signals."""


def from_folder(path: Path, size: tuple[int, int] | None, options: Options) -> Task:
    """The task of `Task.from_folder`."""
    check_pillow()
    return task_of(read_images(path, size), options)


def from_npz(path: Path, options: Options) -> Task:
    """The task of `Task.from_npz`."""
    return task_of(read_arrays(path) if path.is_dir() else read_archive(path), options)


def from_csv(path: Path, label: str | int | None, channels: int, layout: str, split: str | None, options: Options) -> Task:
    """The task of `Task.from_csv`."""
    return task_of(read_signals(path, label, channels, layout, split), options)


def from_huggingface(dataset: Any, x: str | None, y: str | None, options: Options) -> Task:
    """The task of `Task.from_huggingface`."""
    pools, labels = read_dataset(dataset, x, y)
    return task_of(pools, replace(options, labels=labels))


def is_path(name: str) -> bool:
    """Whether a name can only be meant as a path, or is one."""
    return "/" in name or Path(name).suffix.lower() in (".npz", *TABLES) or Path(name).exists()


def from_path(path: Path) -> Task:
    """A .npz archive, a .csv table of signals, a folder of .npy files or of images; raises TaskError for anything else."""
    if not path.exists():
        raise TaskError(f"{path}: there is no such file or folder")
    if path.is_dir():
        return Task.from_npz(path) if any(path.glob("*.npy")) else Task.from_folder(path)
    if path.suffix.lower() == ".npz":
        return Task.from_npz(path)
    if path.suffix.lower() in TABLES:
        return Task.from_csv(path)
    raise TaskError(f"{path}: data are a .npz archive, a .csv table of signals, or a folder of .npy files or of images by class")
