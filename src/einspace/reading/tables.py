"""Tables: a series in each row beside its label, from .csv files, Parquet and Arrow files, and data frames."""

import re
from collections.abc import Sequence
from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.quantities import counted
from einspace.reading.columns import TIMES, Table, column_of, counters, is_numeric, label_of, left_out, numbers_of
from einspace.reading.csvfile import read_csv
from einspace.reading.frames import FRAMES, read_frame, read_frame_file
from einspace.reading.labels import missing
from einspace.reading.signals import Signals
from einspace.reading.source import SPLITS, Source

TEXTS = (".csv", ".tsv", ".txt")
"""Suffixes of tables of text."""

LAYOUTS = ("steps", "channels")
"""The order of the values in a row of several channels: all channels of one step, or all steps of one channel."""


def read_table(
    given: Any,
    label: str | int | None = None,
    drop: Sequence[str | int] | None = None,
    channels: int = 1,
    layout: str = "steps",
    split: str | None = None,
) -> Source:
    """Series (N, S, channels) and their labels, a sample in each row, and what is understood of the columns.

    Args:
        given: A path to a file, or a data frame.
        label: The column of the label, by name or number from 0; without it, it is recognised (see `columns.label_of`).
        drop: Columns that are left out, besides those that number the rows (see `columns.left_out`); an empty list keeps all.
        channels: Channels of a series.
        layout: How several channels lie in a row, one of `LAYOUTS`.
        split: A column that says train, valid or test.

    Raises:
        TaskError: A cell or a column cannot be used, which is named with its row, in files as an editor counts; or an option.
    """
    if layout not in LAYOUTS or isinstance(channels, bool) or not isinstance(channels, int | np.integer) or channels < 1:
        raise TaskError(f"channels must be 1 or more, and layout {' or '.join(LAYOUTS)}, not {channels!r} and {layout!r}")
    if isinstance(drop, str):
        raise TaskError(f"drop is a list of columns, as [{drop!r}]")
    table = _table(given)
    apart = None if split is None else column_of(split, table)
    said = None if label is None else column_of(label, table)
    dropped, notes, doubts = left_out(table, drop, (apart, said))
    others = [number for number in (*dropped, apart) if number is not None]
    target, why, guessed = (said, "as you said", False) if said is not None else label_of(table, others)
    used = [number for number in range(len(table.names)) if number not in (target, *others)]
    if len({table.names[number] for number in used}) < len(used):
        twice = next(name for name in table.names if sum(table.names[number] == name for number in used) > 1)
        places = ", ".join(str(number) for number in used if table.names[number] == twice)
        raise TaskError(f"{table.where}: columns {places}, from 0, are all called {twice!r}: give each its name, or drop them by number")
    hint = f"; every column other than {table.names[target]}, the label, must hold numbers: --drop leaves others out"
    series, about, unsure = series_of(table, used, int(channels), layout, hint)
    told = f"label: column {table.names[target]}, {why}"
    notes = [*([] if guessed else [told]), *notes, *about]
    numbering = [] if _is_nested(table.columns[used[0]]) else counters(table, used, drop)
    doubts = [*table.doubts, *([told] if guessed else []), *doubts, *numbering, *unsure]
    y = labels_of(table, target)
    pools = {"train": (series, y)} if apart is None else _divided(table, apart, series, y)
    columns = tuple(table.names[number] for number in used)
    signals = Signals(columns, table.names[target], table.named, len(table.names), int(channels), layout, table.delimiter)
    return Source(pools, notes=tuple(notes), doubts=tuple(doubts), signals=signals)


def in_rows(x: NDArray[Any], channels: int, layout: str) -> NDArray[Any]:
    """Rows (N, S * channels) as series (N, S, channels)."""
    steps = x.shape[1] // channels
    return x.reshape(-1, steps, channels) if layout == "steps" else x.reshape(-1, channels, steps).transpose(0, 2, 1)


def _table(given: Any) -> Table:
    if not isinstance(given, Path):
        return read_frame(given, "table")
    suffix = given.suffix.lower()
    if not given.exists():
        raise TaskError(f"{given}: there is no such file")
    if suffix in FRAMES:
        return read_frame_file(given)
    return read_csv(given)


def series_of(
    table: Table, used: list[int], channels: int, layout: str, hint: str
) -> tuple[NDArray[Any], tuple[str, ...], tuple[str, ...]]:
    """The signals (N, S, channels) of the columns `used`, with notes and doubts; raises TaskError for a cell that is not a number."""
    nested = [number for number in used if _is_nested(table.columns[number])]
    if nested:
        return _nested(table, nested, used)
    if not used or len(used) % channels:
        raise TaskError(f"{table.where}: {len(used)} columns of signals do not divide into {channels} channels")
    x = np.stack([numbers_of(table, number, hint) for number in used], axis=1)
    series = in_rows(x, channels, layout)
    note = f"signals: {counted(len(used), 'column')}, {table.names[used[0]]} to {table.names[used[-1]]}"
    return series, (note,), _unsure(table, used)


def _unsure(table: Table, used: list[int]) -> tuple[str, ...]:
    """Doubts from the names of the signals about whether a row is the series of one sample."""
    names = [table.names[number].strip().lower() for number in used]
    time = next((table.names[number] for number, name in zip(used, names, strict=True) if name in TIMES), None)
    rising = time is not None and bool((np.diff(numbers_of(table, table.names.index(time))) >= 0).all())
    if {"x", "y", "z"} <= set(names) or rising:
        what = ", ".join(table.names[number] for number in used[:3])
        return (f"each row is read as a sample ({what}); if rows are steps of a recording, cut it into windows (N, S, D): from_arrays",)
    side = isqrt(len(used))
    if side * side == len(used) and side >= 8 and all(re.match(r"(pixel|px|p)?[ _]?\d", name) for name in names):
        return (f"{len(used)} columns are read as a series; if they are pixels, x.reshape(-1, 1, {side}, {side}) for from_arrays",)
    return ()


def _is_nested(values: Any) -> bool:
    """True if the cells of a column hold several numbers each."""
    return len(values) > 0 and isinstance(values[0], list | tuple | np.ndarray)


def _nested(table: Table, nested: list[int], used: list[int]) -> tuple[NDArray[Any], tuple[str, ...], tuple[str, ...]]:
    """Samples out of one column whose cells are series or rows of them."""
    if len(nested) > 1 or len(used) > 1:
        names = ", ".join(table.names[number] for number in used)
        raise TaskError(f"{table.where}: one column of series is needed, or one of each step, not {names}; drop leaves others out")
    rows = []
    for row, cell in enumerate(table.columns[nested[0]]):
        try:
            rows.append(np.asarray(cell if cell is None else [np.asarray(item) for item in cell], np.float64))
        except (TypeError, ValueError):
            raise TaskError(f"{table.where_is(row, nested[0])}: is not a series of numbers") from None
        if rows[-1].shape != rows[0].shape:
            raise TaskError(f"{table.where_is(row, nested[0])}: is {rows[-1].shape}, but the first is {rows[0].shape}")
    x = np.stack(rows)
    return x[:, :, None] if x.ndim == 2 else x, (f"signals: column {table.names[nested[0]]}, a series in each row",), ()


def labels_of(table: Table, target: int) -> NDArray[Any]:
    """The labels (N,) of a column; raises TaskError for a cell without one."""
    values = table.columns[target]
    gone = missing(values)
    if gone:
        raise TaskError(f"{table.where_is(gone[0], target)}: there is no label: leave such rows out, or give them one")
    for row, value in enumerate(values):
        if isinstance(value, str) and "\0" in value:
            raise TaskError(f"{table.where_is(row, target)}: {value!r} holds the character NUL, which a label cannot")
    if isinstance(values, np.ndarray) and values.dtype.kind in "biuf":
        return values
    if is_numeric(table, target) and not _are_codes(values):
        return np.array([float(value) for value in values])
    if all(isinstance(value, bool | np.bool_) for value in values):
        return np.array(values, bool)
    return np.array([str(value).strip() for value in values])


def _are_codes(values: Sequence[Any]) -> bool:
    """True if labels that look like numbers must stay words, since two of them are one number, such as 01 and 1."""
    written = {value.strip() for value in values if isinstance(value, str)}
    padded = {word for word in written if re.fullmatch(r"0\d+", word)}
    return len({word.lstrip("0") or "0" for word in padded} - written) < len(padded)


def _divided(table: Table, apart: int, x: NDArray[Any], y: NDArray[Any]) -> dict[str, tuple[NDArray[Any], NDArray[Any]]]:
    """The splits that a column says."""
    said = [str(value).strip().lower() for value in table.columns[apart]]
    for row, word in enumerate(said):
        if word not in SPLITS:
            raise TaskError(f"{table.where_is(row, apart)}: {word!r} is neither train, valid nor test")
    chosen = np.array([SPLITS[word] for word in said])
    if "train" not in chosen:
        raise TaskError(f"{table.where}: no row is of train")
    return {name: (x[chosen == name], y[chosen == name]) for name in ("train", "valid", "test") if (chosen == name).any()}
