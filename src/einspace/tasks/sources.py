"""Where data of one's own come from: a path is recognised by what lies there."""

from pathlib import Path

from einspace.errors import TaskError
from einspace.tasks.task import Task

TABLES = (".csv", ".tsv")
"""Suffixes of tables of signals."""


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
