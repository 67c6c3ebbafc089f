"""Writing a data set: into a folder beside the target, which takes the target's name when all of it is there."""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from einspace.errors import DataError, SettingError
from einspace.quantities import check_whole
from einspace.tasks.entry import METADATA, Entry
from einspace.tasks.unseen import SPLITS

Array = NDArray[Any]
OnWritten = Callable[[int], None]
"""Called with the number of samples that were written since the last call."""
Writer = Callable[[BinaryIO, OnWritten], None]

_CHUNK = 500


@dataclass(frozen=True)
class Sizes:
    """Samples of train, valid and test. Raises SettingError unless each is at least 1.

    >>> Sizes.parse("600,200,100").pool
    800
    """

    train: int
    valid: int
    test: int

    def __post_init__(self) -> None:
        for split, size in zip(SPLITS, self, strict=True):
            check_whole(f"samples of {split}", size)

    def __iter__(self) -> Iterator[int]:
        return iter((self.train, self.valid, self.test))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Three whole numbers with commas between them."""
        parts = [part.strip() for part in text.split(",")]
        if len(parts) != 3 or not all(re.fullmatch(r"-?[0-9]{1,12}", part) for part in parts):
            raise SettingError(f"samples are TRAIN,VALID,TEST, as in 6000,2000,1000, not {text!r}")
        return cls(*map(int, parts))

    @property
    def pool(self) -> int:
        """Samples of train and valid, which most tasks split at random from one pool."""
        return self.train + self.valid


@dataclass(frozen=True)
class Samples:
    """Samples that are made when they are written: labels `y` (N,), and `make` from indices (n,) to float32 (n, *shape)."""

    shape: tuple[int, ...]
    y: NDArray[np.int64]
    make: Callable[[Array], Array]

    def take(self, chosen: Array) -> "Samples":
        """The samples at these indices, in their order."""
        return Samples(self.shape, self.y[chosen], lambda rows: self.make(chosen[rows]))

    def split(self, first: int, rng: np.random.Generator) -> tuple["Samples", "Samples"]:
        """`first` samples at random, and the others."""
        order = rng.permutation(len(self.y))
        return self.take(order[:first]), self.take(order[first:])


@dataclass(frozen=True)
class Plan:
    """The files to be written: a function for each, the samples of all, the samples of each class, and further facts."""

    title: str
    files: Mapping[str, Writer]
    samples: int
    facts: Mapping[str, Any]
    balance: Mapping[str, list[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Built:
    """A data set on the disk. `metadata` has the balance of the classes, the sources, and bytes and SHA-256 of each file."""

    name: str
    folder: Path
    metadata: dict[str, Any]


def classification(entry: Entry, splits: tuple[Samples, Samples, Samples], facts: Mapping[str, Any]) -> Plan:
    """Plan the six arrays of the Unseen NAS format for a task: x float32 (N, C, H, W) and y int64 (N,) of train, valid and test."""
    classes = entry.classes
    files: dict[str, Writer] = {}
    for split, part in zip(SPLITS, splits, strict=True):
        files[f"{split}_x.npy"] = _x(part)
        files[f"{split}_y.npy"] = _y(part)
    train = splits[0]
    own = {"num_classes": classes, "input_shape": [len(train.y), *train.shape], "codename": entry.title}
    balance = {split: np.bincount(part.y, minlength=classes).tolist() for split, part in zip(SPLITS, splits, strict=True)}
    return Plan(entry.title, files, sum(len(part.y) for part in splits), {**own, **facts}, balance)


def _x(part: Samples) -> Writer:
    def write(stream: BinaryIO, on_written: OnWritten) -> None:
        _header(stream, "<f4", (len(part.y), *part.shape))
        for start in range(0, len(part.y), _CHUNK):
            rows = np.arange(start, min(start + _CHUNK, len(part.y)))
            stream.write(np.ascontiguousarray(part.make(rows), dtype="<f4").data)
            on_written(len(rows))

    return write


def _y(part: Samples) -> Writer:
    def write(stream: BinaryIO, on_written: OnWritten) -> None:
        _header(stream, "<i8", part.y.shape)
        stream.write(np.ascontiguousarray(part.y, dtype="<i8").data)

    return write


def _header(stream: BinaryIO, kind: str, shape: tuple[int, ...]) -> None:
    np.lib.format.write_array_header_1_0(stream, {"descr": kind, "fortran_order": False, "shape": shape})


def check_target(target: Path, force: bool) -> None:
    """Raise DataError where the target is there already and may not be replaced."""
    if (target.exists() or target.is_symlink()) and not force:
        raise DataError(f"{target} is there already: --force replaces it, --data takes another folder")


def build(name: str, target: Path, plan: Plan, seed: int, on_written: OnWritten) -> Built:
    """Write a plan's files and metadata into `target`, whole or not at all; what was there is replaced at the end."""
    with _partial(target) as folder:
        for file, write in plan.files.items():
            with (folder / file).open("wb") as stream:
                write(stream, on_written)
        files = {file: {"bytes": (folder / file).stat().st_size, "sha256": _sha256(folder / file)} for file in plan.files}
        own = {"built": True, "built_by": f"einspace {version('einspace')}", "seed": seed}
        metadata = {**plan.facts, **own, "balance": dict(plan.balance), "files": files}
        (folder / METADATA).write_text(json.dumps(metadata, indent=2) + "\n", encoding="utf-8")
    return Built(name, target, metadata)


@contextmanager
def _partial(target: Path) -> Iterator[Path]:
    """A folder beside the target that takes its name in the end, and is removed if anything goes wrong before."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise DataError(f"cannot write into {target.parent}: {error.strerror}") from None
    try:
        new, old = work / "new", work / "old"
        new.mkdir()
        yield new
        if target.exists() or target.is_symlink():
            target.rename(old)
        new.rename(target)
    except OSError as error:
        raise DataError(f"cannot write {target}: {error.strerror}; nothing is left of it") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
