"""Arrays and tables of one's own on disk: .npz archives, folders of .npy files, and .csv files of signals."""

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.tasks.files import read_npy, read_npz
from einspace.tasks.images import SPLITS

NAMES = ("label", "class", "target", "y")
"""Columns that are taken for the label's, unless told otherwise."""

LAYOUTS = ("steps", "channels")
"""What lies side by side in a row of several channels: all channels of one step, or all steps of one channel."""

Read = dict[str, tuple[NDArray[Any], NDArray[Any]]]
"""Samples and targets by split."""


def read_archive(path: Path) -> Read:
    """Arrays `x` and `y`, or `train_x` (or `x_train`), `train_y`, and so on for `valid` and `test`, of a .npz file."""
    return _paired(read_npz(path), str(path))


def read_arrays(folder: Path) -> Read:
    """Files as in `read_archive`, `train_x.npy` and so on, of a folder."""
    return _paired({path.stem: read_npy(path) for path in sorted(folder.glob("*.npy"))}, str(folder))


def _paired(arrays: dict[str, NDArray[Any]], where: str) -> Read:
    found: dict[str, dict[str, NDArray[Any]]] = {}
    for name, array in arrays.items():
        parts = name.lower().split("_")
        words = [part for part in parts if part in ("x", "y")]
        splits = [SPLITS[part] for part in parts if part in SPLITS] or ["train"]
        if len(words) != 1 or len(splits) != 1 or len(parts) > 2:
            raise TaskError(f"{where}: an array {name!r} is neither x nor y of train, valid or test; it has {', '.join(arrays)}")
        found.setdefault(splits[0], {})[words[0]] = array
    for split, pair in found.items():
        if len(pair) < 2:
            raise TaskError(f"{where}: {split} has {next(iter(pair))}, but not {'y' if 'x' in pair else 'x'}")
    if "train" not in found:
        raise TaskError(f"{where}: there are no arrays x and y, nor train_x and train_y")
    return {split: (pair["x"], pair["y"]) for split, pair in found.items()}


def read_signals(path: Path, label: str | int | None = None, channels: int = 1, layout: str = "steps", split: str | None = None) -> Read:
    """Series (N, S, channels) and their labels of a .csv file with a sample in each row.

    `label` is the column of the label, by name or number from 0: without it, the one named label, class, target or y, else the last. A
    first row that holds a word where the second holds a number is one of names. `layout` tells how several channels lie in a row.
    `split` is a column that says train, valid or test. Raises TaskError that names row and column, counted from 1 as in an editor.
    """
    if layout not in LAYOUTS or type(channels) is not int or channels < 1:
        raise TaskError(f"{path}: a row of one channel or more lies in {' or '.join(LAYOUTS)}, not {channels!r} in {layout!r}")
    rows = _rows(path)
    header = _header(rows)
    names = [name.strip() for name in rows[0]] if header else [str(number) for number in range(len(rows[0]))]
    body = rows[1:] if header else rows
    target = _column(label, names, path)
    apart = None if split is None else _column(split, names, path)
    used = [number for number in range(len(names)) if number not in (target, apart)]
    if not used or len(used) % channels:
        raise TaskError(f"{path}: {len(used)} columns of signals do not divide into {channels} channels")
    x = np.empty((len(body), len(used)), np.float32)
    for number, row in enumerate(body):
        if len(row) != len(names):
            raise TaskError(f"{path}, row {number + 1 + header}: has {len(row)} columns, but the first has {len(names)}")
        try:
            x[number] = [float(row[column]) for column in used]
        except ValueError:
            bad = next(column for column in used if not _number(row[column]))
            raise TaskError(f"{path}, row {number + 1 + header}, column {names[bad]}: {row[bad]!r} is no number") from None
        if not np.isfinite(x[number]).all():
            bad = used[int(np.flatnonzero(~np.isfinite(x[number]))[0])]
            raise TaskError(f"{path}, row {number + 1 + header}, column {names[bad]}: {row[bad]!r} is no finite number")
    words = [row[target].strip() for row in body]
    y = np.array([float(word) for word in words]) if all(map(_number, words)) else np.array(words)
    steps = len(used) // channels
    series = x.reshape(-1, steps, channels) if layout == "steps" else x.reshape(-1, channels, steps).transpose(0, 2, 1)
    if apart is None:
        return {"train": (series, y)}
    said = [row[apart].strip().lower() for row in body]
    for number, word in enumerate(said):
        if word not in SPLITS:
            raise TaskError(f"{path}, row {number + 1 + header}, column {names[apart]}: {word!r} is neither train, valid nor test")
    chosen = np.array([SPLITS[word] for word in said])
    if "train" not in chosen:
        raise TaskError(f"{path}: no row is of train")
    return {name: (series[chosen == name], y[chosen == name]) for name in ("train", "valid", "test") if (chosen == name).any()}


def _rows(path: Path) -> list[list[str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            first = file.readline()
            delimiter = max(",;\t", key=first.count)
            file.seek(0)
            rows = [row for row in csv.reader(file, delimiter=delimiter) if row]
    except FileNotFoundError:
        raise TaskError(f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TaskError(f"{path}: cannot be read as a table: {error}") from None
    if len(rows) < 2 or len(rows[0]) < 2:
        raise TaskError(f"{path}: a table of signals has two rows or more, and a column for the label besides those of the signal")
    return rows


def _header(rows: list[list[str]]) -> bool:
    return any(not _number(name) and _number(value) for name, value in zip(rows[0], rows[1], strict=False))


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _column(wanted: str | int | None, names: list[str], path: Path) -> int:
    if wanted is None:
        return next((number for number, name in enumerate(names) if name.lower() in NAMES), len(names) - 1)
    if isinstance(wanted, int) and -len(names) <= wanted < len(names):
        return wanted % len(names)
    if wanted in names:
        return names.index(str(wanted))
    if isinstance(wanted, str) and re.fullmatch(r"-?\d{1,9}", wanted):
        return _column(int(wanted), names, path)
    raise TaskError(f"{path}: there is no column {wanted!r}; there are {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}")
