"""Where data of one's own come from: a path is recognised by what lies there."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from einspace.errors import TaskError
from einspace.tasks.own import NOTHING_SAID, Own
from einspace.tasks.task import Task

TABLES = (".csv", ".tsv")
"""Suffixes of tables of signals."""


def is_path(name: str) -> bool:
    """Whether a name can only be meant as a path, or is one."""
    return "/" in name or Path(name).suffix.lower() in (".npz", *TABLES) or Path(name).exists()


def from_path(path: Path, own: Own = NOTHING_SAID) -> Task:
    """A .npz archive, a .csv table of signals, a folder of .npy files or of images, with what is said of it.

    Raises TaskError for anything else, and for an option that the source does not take.
    """
    if not path.exists():
        raise TaskError(f"{path}: there is no such file or folder")
    source, make, takes = _source(path)
    for name in own.said():
        if name not in takes:
            raise TaskError(f"{path}: {name} says nothing of {source}, which takes {', '.join(takes)}")
    return replace(make(path, **own.said()), path=str(path.resolve()), own=own)


def _source(path: Path) -> tuple[str, Callable[..., Task], tuple[str, ...]]:
    """What lies at a path, in words, what reads it, and the options that it takes."""
    suffix = path.suffix.lower()
    if path.is_dir() and not any(path.glob("*.npy")):
        return "a folder of images by class", Task.from_folder, ("class_weights", "size")
    if path.is_dir() or suffix == ".npz":
        return "a folder of .npy files" if path.is_dir() else "a .npz archive", Task.from_npz, ("kind", "class_weights", "axes")
    if suffix in TABLES:
        return f"a {suffix} table of signals", Task.from_csv, ("kind", "class_weights", "label", "channels", "layout", "split")
    raise TaskError(f"{path}: data are a .npz archive, a .csv table of signals, or a folder of .npy files or of images by class")
