"""Columns of a table: the label, the signals, and those that are left out."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from einspace.errors import TaskError

LABELS = ("label", "labels", "class", "target", "y", "activity", "diagnosis", "outcome", "species", "category")
"""Columns that are taken for the label's, the likeliest first."""

NUMBERING = ("", "id", "index", "idx", "row")
"""Columns that number the rows, where they do."""

TIMES = ("time", "timestamp", "date", "datetime", "t", "seconds")
"""Columns whose rows may be the steps of one recording."""


class Columns(Protocol):
    """Columns with their names, in memory or in a file, whose rows can be read piece by piece."""

    @property
    def where(self) -> str: ...  # noqa: D102
    @property
    def names(self) -> list[str]: ...  # noqa: D102
    @property
    def named(self) -> bool: ...  # noqa: D102
    def __len__(self) -> int: ...
    def pieces(self, columns: Sequence[int], size: int) -> "Iterator[Table]": ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class Table:
    """Columns with their names, each a list of texts or an array of numbers or objects.

    `named` says whether the names were given, `first` what number the first row has for people. `doubts` are of how it was read, and
    `delimiter` is what separated the cells of a text.
    """

    where: str
    names: list[str]
    columns: Sequence[Any]
    named: bool
    first: int
    doubts: tuple[str, ...] = ()
    delimiter: str = ""

    def __len__(self) -> int:
        return len(self.columns[0])

    def pieces(self, columns: Sequence[int], size: int) -> "Iterator[Table]":
        """Some of the columns, so many rows at a time."""
        names = [self.names[column] for column in columns]
        for start in range(0, len(self), size):
            cells = [self.columns[column][start : start + size] for column in columns]
            yield replace(self, names=names, columns=cells, first=self.first + start)

    def where_is(self, row: int, column: int) -> str:
        """The place of a cell, in words."""
        return f"{self.where}, row {row + self.first}, column {self.names[column]}"


def is_number(text: str) -> bool:
    """True if a text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def numbers_of(table: Table, column: int, hint: str = "") -> NDArray[Any]:
    """A column as finite numbers; raises TaskError that names a cell with anything else."""
    values = table.columns[column]
    if isinstance(values, np.ndarray) and values.dtype.kind in "biuf":
        numbers = values
    else:
        numbers = np.empty(len(values), np.float64)
        for row, value in enumerate(values):
            if value is None or value == "":
                raise TaskError(f"{table.where_is(row, column)}: the cell is empty{hint}")
            if not (is_number(value) if isinstance(value, str) else isinstance(value, int | float | np.number)):
                raise TaskError(f"{table.where_is(row, column)}: {value!r} is not a number{hint}")
            numbers[row] = float(value)
    bad: Any = np.flatnonzero(~np.isfinite(numbers)) if numbers.dtype.kind == "f" else ()
    if len(bad):
        raise TaskError(f"{table.where_is(int(bad[0]), column)}: {str(values[bad[0]])!r} is not a finite number")
    return numbers


def is_numeric(table: Table, column: int) -> bool:
    """True if every cell of a column is a number."""
    values = table.columns[column]
    if isinstance(values, np.ndarray) and values.dtype.kind in "biuf":
        return True
    return all(is_number(value) if isinstance(value, str) else isinstance(value, int | float | np.number) for value in values)


def column_of(wanted: str | int, table: Columns) -> int:
    """The place of a column that is given by its name, or its number from 0; raises TaskError where no column or two have it."""
    names = table.names
    if isinstance(wanted, int | np.integer) and not isinstance(wanted, bool) and -len(names) <= wanted < len(names):
        return int(wanted) % len(names)
    if names.count(str(wanted)) > 1:
        raise TaskError(f"{table.where}: there are two columns {wanted!r}: say which by its number, from 0")
    if wanted in names:
        return names.index(str(wanted))
    if isinstance(wanted, str) and re.fullmatch(r"-?\d{1,9}", wanted):
        return column_of(int(wanted), table)
    raise TaskError(f"{table.where}: there is no column {wanted!r}; there are {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}")


def left_out(table: Table, drop: Sequence[str | int] | None, said: Sequence[int | None]) -> tuple[list[int], list[str], list[str]]:
    """Columns that are left out, with notes and doubts: those that are dropped, and those that number the rows; none for an empty `drop`.

    `said` are columns that have another use. Raises TaskError for a column that is named like `id` but does not number the rows.
    """
    given = [] if drop is None else list(drop)
    if drop is not None and not given:
        return [], [], []
    chosen = [column_of(name, table) for name in given]
    notes = [f"left out as you said: {', '.join(table.names[number] for number in chosen)}"] if chosen else []
    told = "left out too; to keep it, give it another name" if chosen else "left out; --drop, or drop=[], says otherwise"
    found, doubts = [], []
    for number, name in enumerate(table.names):
        numbering = table.named and re.sub(r"^unnamed[:_ ]*[\d.]*$", "", name.strip().lower()) in NUMBERING
        if number in (*said, *chosen) or not is_numeric(table, number) or not (numbering or (number == 0 and not table.named)):
            continue
        values = numbers_of(table, number)
        whole = bool((values == np.round(values)).all())
        counts = whole and len(values) > 2 and bool((np.diff(values) == 1).all())
        shown = table.names[number] or "(without a name)"
        if counts or (numbering and whole and len(np.unique(values)) == len(values)):
            found.append(number)
            doubts.append(f"column {shown} numbers the rows: {told}")
        elif numbering:
            raise TaskError(
                f"{table.where}: column {shown} neither numbers the rows nor is clearly a signal: say drop={[*given, name]} "
                f"to leave it out, or {'give it another name' if chosen else 'drop=[]'} to keep it"
            )
    return [*chosen, *found], notes, doubts


def counters(table: Table, used: Sequence[int], drop: Sequence[str | int] | None) -> list[str]:
    """A doubt for each named signal that rises by 1 from row to row, or whose name ends in `id` and whose whole numbers all differ.

    A time has a doubt of its own, and an empty `drop` says that all are signals.
    """
    given = [] if drop is None else list(drop)
    if not table.named or (drop is not None and not given):
        return []
    doubts = []
    for number in used:
        name, values = table.names[number], numbers_of(table, number)
        lower = name.strip().lower()
        alike = lower.endswith("id") and bool((values == np.round(values)).all()) and len(np.unique(values)) == len(values)
        rising = values.dtype.kind != "b" and bool((np.diff(values) == 1).all())
        if len(values) > 2 and lower not in TIMES and (alike or rising):
            out = f"--drop {','.join(map(str, [*given, name]))!r}, or drop={[*given, name]}, leaves it out"
            doubts.append(f"column {name} may number the rows, and is read as a signal; {out}")
    return doubts


def label_of(table: Table, others: Sequence[int]) -> tuple[int, str, bool]:
    """The column of the label, why, and whether that is a guess between two: by its name, else the only one of words, else the last.

    A `y` beside `x` and `z` is a coordinate. Without names the label is the first column where that holds few whole numbers and the last
    one does not, as in the UCR's archive of time series. `others` are columns that have another use.
    """
    there = [number for number in range(len(table.names)) if number not in others]
    if not there:
        raise TaskError(f"{table.where}: no column is left for the label")
    lower = [name.strip().lower() for name in table.names]
    words = [number for number in there if _has_words(table, number)]
    usual = [name for name in LABELS if not (name == "y" and {"x", "z"} <= set(lower))]
    named = [number for name in usual for number in there if lower[number] == name]
    if named:
        rest = ", ".join(table.names[number] for number in named[1:])
        if len(words) == 1 and words[0] not in named:
            return named[0], f"by its name, but {table.names[words[0]]} is of words; say label= for that", True
        return named[0], f"by its name, but there is {rest} too; say label= for another" if rest else "by its name", bool(rest)
    if len(words) == 1:
        return words[0], "the only one of words; say label= for another", False
    first, last = there[0], there[-1]
    if not table.named and _whole_and_few(table, first) and not _whole_and_few(table, last):
        return first, "the first, of few whole numbers; say label= for another", True
    return last, "the last; say label= for another", True


def _has_words(table: Table, column: int) -> bool:
    """True if some cell of a column is a word; an empty cell is none."""
    return any(isinstance(value, str) and value.strip() and not is_number(value) for value in table.columns[column])


def _whole_and_few(table: Table, column: int) -> bool:
    """True if a column looks like labels: whole numbers, each in two rows or more on average."""
    if not is_numeric(table, column):
        return False
    values = np.array([float(value) for value in table.columns[column]])
    return bool((values == np.round(values)).all()) and 2 * len(np.unique(values)) <= len(values)
