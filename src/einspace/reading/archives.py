"""Arrays in files: .npz archives and folders of .npy files."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.files import Member, npz_members, read_npy, read_npz
from einspace.reading.source import SPLITS

ARRAYS = {
    **dict.fromkeys(("x", "images", "image", "samples", "signals", "data", "inputs"), "x"),
    **dict.fromkeys(("y", "labels", "label", "targets", "target", "masks", "mask"), "y"),
}
"""Names of arrays of samples and of targets."""

Loose = NDArray[Any] | Member
"""An array in memory or mapped, or one in an archive."""

Read = dict[str, tuple[NDArray[Any], NDArray[Any]]]
"""Samples and targets by split."""


def read_archive(path: Path) -> Read:
    """Arrays `x` and `y`, or `train_x` (or `x_train`), `train_y`, and so on for `valid` and `test`, of a .npz file.

    `ARRAYS` has other names for them.
    """
    return _paired(read_npz(path), str(path))


def read_arrays(folder: Path) -> Read:
    """Files as in `read_archive`, `train_x.npy` and so on, of a folder; hidden ones are skipped."""
    return _paired(_in_folder(folder), str(folder))


def open_loose(path: Path, split: str | None = None) -> tuple[Loose, Loose | None]:
    """The samples of a .npy file, of a .npz archive or of a folder of .npy files, and the targets, if there are some.

    Large ones stay in their files. `split` chooses among those of several, as `test` does `test_x`. An only array is the samples, whatever
    its name, and names with further words, such as `x_test_old`, count where no other array is that. Raises TaskError where it is not clear
    which array is meant.
    """
    if path.suffix.lower() == ".npy":
        return read_npy(path), None
    arrays: Mapping[str, Loose] = _in_folder(path) if path.is_dir() else npz_members(path)
    exact: dict[tuple[str, str], list[str]] = {}
    wordy: dict[tuple[str, str], list[str]] = {}
    for name in arrays:
        place = _place(name) or (("train", "x") if len(arrays) == 1 else None)
        if place is not None:
            known = all(part in ARRAYS or part in SPLITS for part in name.lower().split("_"))
            (exact if known else wordy).setdefault(place, []).append(name)
    found = wordy | exact
    wanted = None if split is None else SPLITS.get(split.lower(), split)
    there = sorted({place for place, word in found if word == "x" and wanted in (None, place)})
    if len(there) != 1:
        what = f"{split} samples" if split else "samples" if not there else f"samples of {' and '.join(there)}, so say split"
        raise TaskError(f"{path}: holds {'no ' if not there else ''}{what}; its arrays are {', '.join(arrays)}")
    x, y = found[there[0], "x"], found.get((there[0], "y"), [])
    if len(x) > 1:
        raise _twice(str(path), (there[0], "x"), x[1], arrays)
    return arrays[x[0]], arrays[y[0]] if len(y) == 1 else None


def _in_folder(folder: Path) -> dict[str, NDArray[Any]]:
    return {file.stem: read_npy(file) for file in sorted(folder.glob("[!.]*.npy"))}


def _place(name: str) -> tuple[str, str] | None:
    """The split of an array and whether it is x or y, by its name; None for any other name."""
    parts = name.lower().split("_")
    words = [ARRAYS[part] for part in parts if part in ARRAYS]
    splits = [SPLITS[part] for part in parts if part in SPLITS] or ["train"]
    return (splits[0], words[0]) if len(words) == len(splits) == 1 else None


def _twice(where: str, place: tuple[str, str], name: str, arrays: Collection[str]) -> TaskError:
    return TaskError(f"{where}: two arrays are {place[1]} of {place[0]}, one of them {name!r}; it has {', '.join(arrays)}")


def _paired(arrays: dict[str, NDArray[Any]], where: str) -> Read:
    found: dict[str, dict[str, NDArray[Any]]] = {}
    for name, array in arrays.items():
        place = _place(name)
        if place is None or name.count("_") > 1:
            raise TaskError(f"{where}: an array {name!r} is neither x nor y of train, valid or test; it has {', '.join(arrays)}")
        split, word = place
        if word in found.get(split, {}):
            raise _twice(where, place, name, arrays)
        found.setdefault(split, {})[word] = array
    for split, pair in found.items():
        if len(pair) < 2:
            raise TaskError(f"{where}: {split} has {next(iter(pair))}, but not {'y' if 'x' in pair else 'x'}")
    if "train" not in found:
        raise TaskError(f"{where}: there are no arrays x and y, nor train_x and train_y")
    return {split: (pair["x"], pair["y"]) for split, pair in found.items()}
