"""Arrays in files: .npz archives and folders of .npy files."""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.files import read_npy, read_npz
from einspace.reading.source import SPLITS

ARRAYS = {
    **dict.fromkeys(("x", "images", "image", "samples", "signals", "data", "inputs"), "x"),
    **dict.fromkeys(("y", "labels", "label", "targets", "target", "masks", "mask"), "y"),
}
"""Names of arrays of samples and of targets."""

Read = dict[str, tuple[NDArray[Any], NDArray[Any]]]
"""Samples and targets by split."""


def read_archive(path: Path) -> Read:
    """Arrays `x` and `y`, or `train_x` (or `x_train`), `train_y`, and so on for `valid` and `test`, of a .npz file.

    `ARRAYS` has other names for them.
    """
    return _paired(read_npz(path), str(path))


def read_arrays(folder: Path) -> Read:
    """Files as in `read_archive`, `train_x.npy` and so on, of a folder; hidden ones are skipped."""
    files = [path for path in sorted(folder.glob("*.npy")) if not path.name.startswith(".")]
    return _paired({path.stem: read_npy(path) for path in files}, str(folder))


def read_loose(path: Path, split: str | None = None) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """The samples of a .npy file, of a .npz archive or of a folder of .npy files, and the targets, if there are some.

    `split` chooses among those of several, as `test` does `test_x`. An only array is the samples, whatever its name. Raises TaskError
    where it is not clear which array is meant.
    """
    if path.suffix.lower() == ".npy":
        return read_npy(path), None
    arrays = {file.stem: read_npy(file) for file in sorted(path.glob("[!.]*.npy"))} if path.is_dir() else read_npz(path)
    found: dict[tuple[str, str], NDArray[Any]] = {}
    for name, array in arrays.items():
        parts = name.lower().split("_")
        words = [ARRAYS[part] for part in parts if part in ARRAYS] or ["x"] * (len(arrays) == 1)
        splits = [SPLITS[part] for part in parts if part in SPLITS] or [""]
        if len(words) == len(splits) == 1:
            found[splits[0], words[0]] = array
    there = sorted({place for place, word in found if word == "x" and split in (None, place)})
    if len(there) != 1:
        what = f"{split} samples" if split else "samples" if not there else f"samples of {' and '.join(there)}, so say split"
        raise TaskError(f"{path}: holds {'no ' if not there else ''}{what}; its arrays are {', '.join(arrays)}")
    return found[there[0], "x"], found.get((there[0], "y"))


def _paired(arrays: dict[str, NDArray[Any]], where: str) -> Read:
    found: dict[str, dict[str, NDArray[Any]]] = {}
    for name, array in arrays.items():
        parts = name.lower().split("_")
        words = [ARRAYS[part] for part in parts if part in ARRAYS]
        splits = [SPLITS[part] for part in parts if part in SPLITS] or ["train"]
        if len(words) != 1 or len(splits) != 1 or len(parts) > 2:
            raise TaskError(f"{where}: an array {name!r} is neither x nor y of train, valid or test; it has {', '.join(arrays)}")
        if words[0] in found.get(splits[0], {}):
            raise TaskError(f"{where}: two arrays are {words[0]} of {splits[0]}, one of them {name!r}; it has {', '.join(arrays)}")
        found.setdefault(splits[0], {})[words[0]] = array
    for split, pair in found.items():
        if len(pair) < 2:
            raise TaskError(f"{where}: {split} has {next(iter(pair))}, but not {'y' if 'x' in pair else 'x'}")
    if "train" not in found:
        raise TaskError(f"{where}: there are no arrays x and y, nor train_x and train_y")
    return {split: (pair["x"], pair["y"]) for split, pair in found.items()}
