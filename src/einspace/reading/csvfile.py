"""Tables of text: .csv and .tsv files, their separators, decimal commas and headers."""

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from pathlib import Path
from typing import TextIO

from einspace.errors import TaskError
from einspace.files.guarded import check_room, reading
from einspace.quantities import counted
from einspace.reading.columns import LABELS, Table, is_number
from einspace.reading.signals import Signals

TIMES = 8
"""Bytes of memory for each byte of a file: every cell is a text of its own."""

BEGINNING = 2**20
"""Characters of the first line in which the separator is looked for."""

_DECIMAL = re.compile(r"\s*[-+]?\d*,\d+([eE][-+]?\d+)?\s*")
"""A number with a comma for its point."""

_THOUSANDS = re.compile(r"\s*[-+]?\d{1,3}(,\d{3})+\s*")
"""A number that may have commas between its thousands."""

_BOTH = re.compile(r"\s*[-+]?\d{1,3}(,\d{3})+\.\d+\s*")
"""A number that has commas between its thousands, for it has a point too."""

_POINTS = re.compile(r"\s*[-+]?[1-9]\d{0,2}(\.\d{3})+\s*")
"""A number that may have points between its thousands."""

_POINTS_AND_COMMA = re.compile(r"\s*[-+]?\d{1,3}(\.\d{3})+,\d+\s*")
"""A number that has points between its thousands, for it has a comma too."""

_NUMBERS = (_DECIMAL, _THOUSANDS, _BOTH, _POINTS_AND_COMMA)
"""The forms of numbers with a comma."""


@dataclass(frozen=True)
class Sheet:
    """A file whose rows are read one after the other, and the findings of a first look at all of them."""

    path: Path
    delimiter: str
    names: list[str]
    named: bool
    count: int
    """Rows of samples: those that are not blank, without that of the names."""
    doubts: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """Its name in errors."""
        return str(self.path)

    @property
    def first(self) -> int:
        """The number of the first sample's row, as an editor counts."""
        return 1 + self.named

    def __len__(self) -> int:
        return self.count

    def pieces(self, columns: Sequence[int], size: int) -> Iterator[Table]:
        """Some of the columns, so many rows at a time; raises TaskError where the file has changed since it was opened."""
        names = [self.names[column] for column in columns]
        rows = islice(_rows(self.path, _Points(self.where, self.delimiter)), int(self.named), None)
        for start in range(0, self.count, size):
            piece = list(islice(rows, min(size, self.count - start)))
            if len(piece) < min(size, self.count - start) or any(len(row) <= max(columns) for row in piece):
                raise TaskError(f"{self.path}: has changed while it was read")
            cells = [[row[column].strip() for row in piece] for column in columns]
            yield Table(self.where, names, cells, self.named, self.first + start)


class _Points:
    """Turns decimal commas into points, where commas do not separate the cells, and remembers the forms of these numbers."""

    def __init__(self, where: str, delimiter: str) -> None:
        self.where = where
        self.delimiter = delimiter
        self.example = ""
        self.doubtful = True
        self.pointed = ""
        self.decimal = False

    def __call__(self, row: list[str]) -> list[str]:
        """The row with points; raises TaskError where commas stand between thousands, or points before a decimal comma."""
        return row if self.delimiter == "," else [self._cell(cell) if "," in cell or "." in cell else cell for cell in row]

    def doubts(self) -> tuple[str, ...]:
        """Doubts about the commas and the points, which may separate thousands if all of them can be read so.

        Raises TaskError where nothing but commas is decimal, so that the points do.
        """
        if not self.example:
            return ()
        commas = f"decimal commas: {self.example} is read as {self.example.replace(',', '.')}"
        found = [f"{commas}; if it is {self.example.replace(',', '')}, write the numbers without commas"] if self.doubtful else []
        if self.pointed and not self.doubtful and not self.decimal:
            said = f"{self.pointed!r} has points between its thousands, as {self.example!r} has a decimal comma"
            raise TaskError(f"{self.where}: {said}: write the numbers without them")
        if self.pointed:
            points = f"points beside decimal commas: {self.pointed} is read as {self.pointed}"
            found.append(f"{points}; if it is {self.pointed.replace('.', '')}, write the numbers without points")
        return tuple(found)

    def _cell(self, cell: str) -> str:
        if "," not in cell:
            if not self.pointed and _POINTS.fullmatch(cell):
                self.pointed = cell.strip()
            self.decimal = self.decimal or (is_number(cell) and not _POINTS.fullmatch(cell))
            return cell
        for form, mark in ((_BOTH, "commas"), (_POINTS_AND_COMMA, "points")):
            if form.fullmatch(cell):
                raise TaskError(f"{self.where}: {cell.strip()!r} has {mark} between its thousands: write the numbers without them")
        if not _DECIMAL.fullmatch(cell):
            return cell
        self.example = self.example or cell.strip()
        self.doubtful = self.doubtful and _THOUSANDS.fullmatch(cell) is not None
        return cell.replace(",", ".")


def read_csv(path: Path) -> Table:
    """The table of a file; raises TaskError that names the row, counted from 1 as in an editor."""
    check_room(path, "a table", TIMES, "save it as .parquet, or its arrays as .npy")
    sheet = open_csv(path)
    (table,) = sheet.pieces(range(len(sheet.names)), len(sheet))
    return replace(table, doubts=sheet.doubts, delimiter=sheet.delimiter)


def open_csv(path: Path, signals: Signals | None = None) -> Sheet:
    """Look at all rows of a file, one of which is in memory at a time; raises TaskError as `read_csv` does.

    Where the `signals` are known, a first row that begins as theirs did is read as theirs was, and one row of one column is enough.
    """
    points = _Points(str(path), _delimiter(path, signals))
    rows = _rows(path, points)
    first, second = next(rows, []), None
    count = int(len(first) > 0)
    words = [number for number, cell in enumerate(first) if not is_number(cell)]
    again: set[int] = set()
    blank = _blank(first)
    for number, row in enumerate(rows, 2):
        if len(row) != len(first):
            raise TaskError(f"{path}, row {number}: has {counted(len(row), 'column')}, but the first has {len(first)}")
        second, count = second or row, number
        again.update(word for word in words if row[word] == first[word])
        blank = min(blank, _blank(row)) if blank else 0
    width = max(1, len(first) - blank)  # a separator may stand at the end of each row
    if signals is None and (second is None or width < 2):
        raise TaskError(f"{path}: a table of signals needs two rows or more, with a label and signals separated by , ; or tabs")
    cells = [cell.strip() for cell in first[:width]]
    why: tuple[str, ...] = ()
    if signals is not None and signals.begins(cells) and (signals.named or second is None or not _counts_up(cells)):
        named = signals.named
    elif second is None:
        named = len(words) == len(first)
    else:
        named, why = _header(first[:width], second[:width], again, count - 1)
    if count <= named:
        raise TaskError(f"{path}: there is no row of samples")
    names = cells if named else [str(number) for number in range(width)]
    return Sheet(path, points.delimiter, names, named, count - named, (*points.doubts(), *why))


def _delimiter(path: Path, signals: Signals | None) -> str:
    """What separates the cells of the first line that is not blank.

    It is what did so in the table of the `signals`, where these are found with it; else a tab or a semicolon that leaves no comma but in
    numbers; else the most frequent of the three. A line without any of them has one cell, whose decimal comma further rows may have.
    """
    with _opened(path) as file:
        line = file.readline(BEGINNING)
        while line.isspace():
            line = file.readline(BEGINNING)
    cells = {mark: [cell.strip(' "\r\n') for cell in line.split(mark)] for mark in ("\t", ";")}
    for mark, found in cells.items():
        plain = [cell.replace(",", ".") if _DECIMAL.fullmatch(cell) else cell for cell in found]
        if signals is not None and mark == signals.delimiter and signals.begins(plain):
            return mark
    for mark, found in cells.items():
        if len(found) > 1 and all("," not in cell or any(form.fullmatch(cell) for form in _NUMBERS) for cell in found):
            return mark
    return max(",;\t", key=line.count) if "," in line else max("\t;", key=line.count)


def _rows(path: Path, points: _Points) -> Iterator[list[str]]:
    """The rows that are not blank; one that is a pair of quotation marks is an empty cell, as the only column of a table may have."""
    with _opened(path) as file:
        for row in csv.reader(_lines(path, file), delimiter=points.delimiter, strict=True):
            if row == [""] or any(cell.strip() for cell in row):
                yield points(row)


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    """The lines of a file; raises TaskError for one with the character NUL, which NumPy cuts off at the end of a word."""
    for number, line in enumerate(file, 1):
        if "\0" in line:
            raise TaskError(f"{path}, row {number}: holds the character NUL, which a table of text cannot: save it as UTF-8 without NUL")
        yield line


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """A file for reading; raises TaskError where it is not a text."""
    with reading(path, "a table"):
        file = path.open(newline="", encoding="utf-8-sig")
    try:
        with file:
            yield file
    except UnicodeDecodeError as error:
        raise TaskError(f"{path}: cannot be read as a table: it is not UTF-8 ({error}); save it as UTF-8") from None
    except (OSError, csv.Error) as error:
        raise TaskError(f"{path}: cannot be read as a table: {error}") from None


def _blank(row: list[str]) -> int:
    """The number of blank cells at the end of a row."""
    return next((number for number, cell in enumerate(reversed(row)) if cell.strip()), len(row))


def _header(first: list[str], second: list[str], again: set[int], count: int) -> tuple[bool, tuple[str, ...]]:
    """True if the first row holds names, and doubts about it.

    A row holds names where it has a word in place of a number, where its numbers count up beside a label's name, and where it
    is 0, 1, 2, ... `again` are the columns in which its words stand in another row too, `count` is the number of other rows. A sample that
    lacks a number has a word in its place too: names that are partly numbers are certain only where three or more rise, or where the name
    of the label is a usual one.
    """
    numbers = [float(cell) for cell in first if is_number(cell)]
    words = [number for number, cell in enumerate(first) if not is_number(cell)]
    labelled = any(first[number].strip().lower() in LABELS for number in words)
    rising = all(left < right for left, right in pairwise(numbers))
    unseen = not again.intersection(words)
    shown = f"the first row, {', '.join(cell.strip() or '(empty)' for cell in first[:4])}{', ...' if len(first) > 4 else ''}"
    doubt = (f"{shown}, is read as names of columns; if it is a sample, give the columns names",)
    if any(not is_number(name) and is_number(value) for name, value in zip(first, second, strict=True)):
        certain = unseen and (labelled or (len(numbers) > 2 and rising))
        return True, () if certain or not numbers else doubt
    if words and unseen and numbers and (rising or labelled):
        return True, () if labelled else doubt
    if words and unseen and not numbers and count > 1:
        return True, doubt
    return (True, doubt) if _counts_up(first) else (False, ())


def _counts_up(cells: list[str]) -> bool:
    """Whether a row is 0, 1, 2, ... or begins so with 1."""
    numbers = [float(cell) for cell in cells if is_number(cell)]
    counting = len(numbers) > 2 and all(right - left == 1 for left, right in pairwise(numbers)) and numbers[0] in (0, 1)
    return counting and len(numbers) == len(cells)
