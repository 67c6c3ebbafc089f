"""Arrays and tables of one's own on disk: .npz archives, folders of .npy files, and .csv files of signals."""

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.files import read_npy, read_npz
from einspace.tasks.images import SPLITS

ARRAYS = {
    **dict.fromkeys(("x", "images", "image", "samples", "signals", "data", "inputs"), "x"),
    **dict.fromkeys(("y", "labels", "label", "targets", "target"), "y"),
}
"""Names of arrays of samples and of targets."""

NAMES = ("label", "class", "target", "y")
"""Columns that are taken for the label's, unless told otherwise."""

_DECIMAL = re.compile(r"\s*[-+]?\d*,\d+([eE][-+]?\d+)?\s*")
"""A number with a comma for its point."""

LAYOUTS = ("steps", "channels")
"""What lies side by side in a row of several channels: all channels of one step, or all steps of one channel."""

Read = dict[str, tuple[NDArray[Any], NDArray[Any]]]
"""Samples and targets by split."""


def read_archive(path: Path) -> Read:
    """Arrays `x` and `y`, or `train_x` (or `x_train`), `train_y`, and so on for `valid` and `test`, of a .npz file.

    `ARRAYS` has other names for them.
    """
    return _paired(read_npz(path), str(path))


def read_arrays(folder: Path) -> Read:
    """Files as in `read_archive`, `train_x.npy` and so on, of a folder."""
    return _paired({path.stem: read_npy(path) for path in sorted(folder.glob("*.npy"))}, str(folder))


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


def read_signals(
    path: Path, label: str | int | None = None, channels: int = 1, layout: str = "steps", split: str | None = None
) -> tuple[Read, tuple[str, ...]]:
    """Series (N, S, channels) and their labels of a .csv file with a sample in each row, and what is understood of its columns.

    `label` is the column of the label, by name or number from 0; without it, it is recognised (see `_recognised`). A
    first row that holds a word where the second holds a number is one of names. `layout` tells how several channels lie in a row.
    `split` is a column that says train, valid or test. Raises TaskError that names row and column, counted from 1 as in an editor.
    """
    if layout not in LAYOUTS or type(channels) is not int or channels < 1:
        raise TaskError(f"{path}: a row of one channel or more lies in {' or '.join(LAYOUTS)}, not {channels!r} in {layout!r}")
    rows = _rows(path)
    header = _header(rows)
    names = [name.strip() for name in rows[0]] if header else [str(number) for number in range(len(rows[0]))]
    body = rows[1:] if header else rows
    apart = None if split is None else _column(split, names, path)
    target, why = (_column(label, names, path), "as you said") if label is not None else _recognised(names, body, apart, header)
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
            hint = f"; all columns but the label's, {names[target]}, and that of the splits are signals"
            raise TaskError(f"{path}, row {number + 1 + header}, column {names[bad]}: {row[bad]!r} is no number{hint}") from None
        if not np.isfinite(x[number]).all():
            bad = used[int(np.flatnonzero(~np.isfinite(x[number]))[0])]
            raise TaskError(f"{path}, row {number + 1 + header}, column {names[bad]}: {row[bad]!r} is no finite number")
    words = [row[target].strip() for row in body]
    if "" in words:
        raise TaskError(f"{path}, row {words.index('') + 1 + header}, column {names[target]}: there is no label")
    y = np.array([float(word) for word in words]) if all(map(_number, words)) else np.array(words)
    steps = len(used) // channels
    series = x.reshape(-1, steps, channels) if layout == "steps" else x.reshape(-1, channels, steps).transpose(0, 2, 1)
    notes = (f"label: column {names[target]}, {why}", f"signals: {len(used)} columns, {names[used[0]]} to {names[used[-1]]}")
    if apart is None:
        return {"train": (series, y)}, notes
    said = [row[apart].strip().lower() for row in body]
    for number, word in enumerate(said):
        if word not in SPLITS:
            raise TaskError(f"{path}, row {number + 1 + header}, column {names[apart]}: {word!r} is neither train, valid nor test")
    chosen = np.array([SPLITS[word] for word in said])
    if "train" not in chosen:
        raise TaskError(f"{path}: no row is of train")
    return {name: (series[chosen == name], y[chosen == name]) for name in ("train", "valid", "test") if (chosen == name).any()}, notes


def _rows(path: Path) -> list[list[str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            first = file.readline()
            delimiter = max(",;\t", key=first.count)
            file.seek(0)
            rows = [row for row in csv.reader(file, delimiter=delimiter) if row]
        if delimiter != ",":
            rows = [[cell.replace(",", ".") if _DECIMAL.fullmatch(cell) else cell for cell in row] for row in rows]
        while rows and len(rows[0]) > 1 and all(len(row) == len(rows[0]) and not row[-1].strip() for row in rows):
            rows = [row[:-1] for row in rows]  # a separator at the end of each row
    except FileNotFoundError:
        raise TaskError(f"{path}: there is no such file") from None
    except UnicodeDecodeError as error:
        raise TaskError(f"{path}: cannot be read as a table: it is no UTF-8 ({error}); save it so") from None
    except (OSError, csv.Error) as error:
        raise TaskError(f"{path}: cannot be read as a table: {error}") from None
    if len(rows) < 2 or len(rows[0]) < 2:
        raise TaskError(f"{path}: a table of signals has two rows or more, of a label and signals, separated by , ; or tabs")
    return rows


def _header(rows: list[list[str]]) -> bool:
    return any(not _number(name) and _number(value) for name, value in zip(rows[0], rows[1], strict=False))


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _recognised(names: list[str], body: list[list[str]], apart: int | None, header: bool) -> tuple[int, str]:
    """The column of the label, and why: the one of the name, else the only one of words, else the last.

    Without a header it is the first where that holds few whole numbers and the last one does not, as in the UCR's archive of time series.
    """
    named = next((number for number, name in enumerate(names) if name.lower() in NAMES and number != apart), None)
    if named is not None:
        return named, "by its name"
    there = [number for number in range(len(names)) if number != apart]
    words = [number for number in there if number < len(body[0]) and not _number(body[0][number])]
    if len(words) == 1:
        return words[0], "the only one of words; say label= for another"
    first, last = there[0], there[-1]
    if not header and _whole_and_few(body, first) and not _whole_and_few(body, last):
        return first, "the first, of few whole numbers; say label= for another"
    return last, "the last; say label= for another"


def _whole_and_few(body: list[list[str]], column: int) -> bool:
    """Whether a column looks like labels: whole numbers, each in two rows or more on average."""
    cells = [row[column] for row in body if column < len(row)]
    return all(_number(cell) and float(cell).is_integer() for cell in cells) and 2 * len(set(map(float, cells))) <= len(cells)


def _column(wanted: str | int, names: list[str], path: Path) -> int:
    if isinstance(wanted, int) and -len(names) <= wanted < len(names):
        return wanted % len(names)
    if wanted in names:
        return names.index(str(wanted))
    if isinstance(wanted, str) and re.fullmatch(r"-?\d{1,9}", wanted):
        return _column(int(wanted), names, path)
    raise TaskError(f"{path}: there is no column {wanted!r}; there are {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}")
