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
