"""Sources of the user's own data at a path, recognised by the files there."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from einspace.errors import TaskError
from einspace.reading import DataOptions
from einspace.reading.frames import FRAMES
from einspace.reading.tables import TEXTS
from einspace.tasks import from_data
from einspace.tasks.task import Task

TABLES = (*TEXTS[:2], *FRAMES)
"""Suffixes of tables of signals."""

ALL = ("kind", "metric", "class_weights")
"""Options that every source of targets takes."""

OF_IMAGES = ("crop", "flip")
"""Options that a source of images takes."""


def is_path(name: str) -> bool:
    """True if a name can only be meant as a path, or is the path of a file or folder."""
    return "/" in name or Path(name).suffix.lower() in (".npz", *TABLES) or Path(name).exists()


def from_path(path: Path, own: DataOptions = DataOptions()) -> Task:
    """A .npz archive, a table of signals, a folder of .npy files or of images, read with the options that the user gave.

    Raises TaskError for anything else, and for an option that the source does not take.
    """
    if not path.exists():
        raise TaskError(f"{path}: there is no such file or folder")
    source, make, takes = _source(path)
    said = {name: value for name, value in own.said().items() if name != "pool"}  # an option of the head, for every source
    for name in said:
        if name not in takes:
            raise TaskError(f"{path}: the option {name} is not for {source}, which takes {', '.join(takes)}")
    return replace(make(path, **said), path=str(path.resolve()), own=own)


def _source(path: Path) -> tuple[str, Callable[..., Task], tuple[str, ...]]:
    """A kind of data at a path, in words, the function that reads it, and the options that it takes."""
    suffix = path.suffix.lower()
    if path.is_dir() and not any(path.glob("*.npy")):
        return "a folder of images by class", from_data.from_folder, ("class_weights", "metric", *OF_IMAGES, "size")
    if path.is_dir() or suffix == ".npz":
        return (
            "a folder of .npy files" if path.is_dir() else "a .npz archive",
            from_data.from_npz,
            (*ALL, *OF_IMAGES, "axes", "target_axes"),
        )
    if suffix in TABLES:
        return f"a {suffix} table of signals", from_data.from_table, (*ALL, "label", "drop", "channels", "layout", "split")
    known = ".csv, .tsv, .parquet or .arrow table of signals"
    raise TaskError(f"{path}: data are a .npz archive, a {known}, or a folder of .npy files or of images by class")
