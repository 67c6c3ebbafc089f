"""Every task and its data: what lies on this machine, and how the rest is had."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from einspace.data.building import ARRAYS, METADATA

BUILT_IN = ("digits", "adddigits", "multdigits")
"""Tasks whose data come with scikit-learn."""


@dataclass(frozen=True)
class DataSet:
    """One task of the paper: its folder's `name`, patterns of the files in the `files` of its official form, and `how` they are had."""

    name: str
    files: tuple[str, ...]
    how: str


@dataclass(frozen=True)
class State:
    """What there is of a data set: official, built, incomplete, absent or built-in; `bytes` on the disk; the files that are missing."""

    name: str
    state: str
    bytes: int
    missing: tuple[str, ...]
    how: str


def _unseen(name: str, article: int, source: str = "") -> DataSet:
    """A data set of Unseen NAS."""
    build = f"; or einspace data prepare {name} --from {source}" if source else ""
    return DataSet(name, (METADATA, *ARRAYS), f"data.ncl.ac.uk, article {article}{build}")


CATALOGUE = (
    _unseen("addnist", 24574354, "MNIST"),
    _unseen("language", 24574729, "WORDS"),
    _unseen("multnist", 24574678, "MNIST"),
    _unseen("cifartile", 24551539, "CIFAR-10"),
    _unseen("gutenberg", 24574753, "TEXTS"),
    DataSet("isabella", (METADATA, *ARRAYS), "not distributed, because of the licence of the recordings: arrays of your own"),
    _unseen("geoclassing", 24050256),
    _unseen("chesseract", 24118743, "PGN"),
    DataSet("cifar100", ("cifar-100-python/train", "cifar-100-python/test"), "the authors' cifar-100-python.tar.gz, unpacked"),
    DataSet("spherical", ("s2_cifar100.gz",), "NAS-Bench-360; or einspace data prepare spherical --from CIFAR-100"),
    DataSet(
        "ninapro", tuple(f"{kind}_{split}.npy" for kind in ("ninapro", "label") for split in ("train", "val", "test")), "NAS-Bench-360"
    ),
    DataSet(
        "darcyflow",
        ("piececonst_r*_smooth1.mat", "piececonst_r*_smooth2.mat"),
        "NAS-Bench-360; or einspace data prepare darcyflow, which generates it",
    ),
    DataSet("cosmic", ("train/**/*.npy", "test/**/*.npy"), "NAS-Bench-360"),
)
"""The thirteen data sets of the paper, in the order of table 4."""


def data_folder(given: Path | None = None) -> Path:
    """The folder of all data sets: the given one, else `$EINSPACE_DATA`, else data in the working folder."""
    return given or Path(os.environ.get("EINSPACE_DATA") or "data")


def states(data: Path | None = None) -> list[State]:
    """The state of every task's data, in the order of the catalogue; built-in ones last."""
    folder = data_folder(data)
    own = [State(name, "built-in", 0, (), "comes with scikit-learn") for name in BUILT_IN]
    return [_state(entry, folder / entry.name) for entry in CATALOGUE] + own


def _state(entry: DataSet, folder: Path) -> State:
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
    missing = _missing(folder, entry.files)
    arrays = (METADATA, *ARRAYS)
    if missing and _is_built(folder) and not _missing(folder, arrays):
        missing = ()
    if missing:
        return State(entry.name, "incomplete" if size else "absent", size, missing if size else (), entry.how)
    return State(entry.name, "built" if _is_built(folder) else "official", size, (), entry.how)


def _missing(folder: Path, files: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(pattern for pattern in files if not any(folder.glob(pattern)))


def _is_built(folder: Path) -> bool:
    """Whether the metadata say that the folder was built here."""
    try:
        metadata = json.loads((folder / METADATA).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(metadata, dict) and metadata.get("built") is True
