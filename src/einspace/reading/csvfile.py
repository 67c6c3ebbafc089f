"""Tables of text: .csv and .tsv files, their separators, decimal commas and headers."""

import csv
import re
from itertools import pairwise
from pathlib import Path

from einspace.errors import TaskError
from einspace.files.border import check_room
from einspace.reading.columns import LABELS, Table, is_number

TIMES = 8
"""Bytes of memory for each byte of a file: every cell is a text of its own."""

_DECIMAL = re.compile(r"\s*[-+]?\d*,\d+([eE][-+]?\d+)?\s*")
"""A number with a comma for its point."""

_THOUSANDS = re.compile(r"\s*[-+]?\d{1,3}(,\d{3})+\s*")
"""A number that may have commas between its thousands."""

_BOTH = re.compile(r"\s*[-+]?\d{1,3}(,\d{3})+\.\d+\s*")
"""A number that has commas between its thousands, for it has a point too."""


def read_csv(path: Path) -> Table:
    """The table of a file; raises TaskError that names the row, counted from 1 as in an editor."""
    rows, doubts = _rows(path)
    header, why = _header(rows)
    names = [name.strip() for name in rows[0]] if header else [str(number) for number in range(len(rows[0]))]
    body = rows[1:] if header else rows
    for number, row in enumerate(body):
        if len(row) != len(names):
            raise TaskError(f"{path}, row {number + 1 + header}: has {len(row)} columns, but the first has {len(names)}")
    columns = [[row[number].strip() for row in body] for number in range(len(names))]
    return Table(str(path), names, columns, header, 1 + header, doubts=(*doubts, *why))


def _rows(path: Path) -> tuple[list[list[str]], tuple[str, ...]]:
    """The cells, and what is to be said of decimal commas."""
    doubts: tuple[str, ...] = ()
    check_room(path, "a table", TIMES, "save it as .parquet, or its arrays as .npy")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            first = file.readline()
            delimiter = max(",;\t", key=first.count)
            file.seek(0)
            rows = [row for row in csv.reader(file, delimiter=delimiter, strict=True) if row and any(cell.strip() for cell in row)]
    except UnicodeDecodeError as error:
        raise TaskError(f"{path}: cannot be read as a table: it is not UTF-8 ({error}); save it so") from None
    except (OSError, csv.Error) as error:
        raise TaskError(f"{path}: cannot be read as a table: {error}") from None
    if delimiter != ",":
        rows, doubts = _with_points(rows, str(path))
    while rows and len(rows[0]) > 1 and all(len(row) == len(rows[0]) and not row[-1].strip() for row in rows):
        rows = [row[:-1] for row in rows]  # a separator at the end of each row
    if len(rows) < 2 or len(rows[0]) < 2:
        raise TaskError(f"{path}: a table of signals has two rows or more, of a label and signals, separated by , ; or tabs")
    return rows, doubts


def _with_points(rows: list[list[str]], where: str) -> tuple[list[list[str]], tuple[str, ...]]:
    """Cells with decimal points; raises TaskError where commas stand between thousands."""
    cells = [cell for row in rows for cell in row if "," in cell]
    both = next((cell for cell in cells if _BOTH.fullmatch(cell)), None)
    if both is not None:
        raise TaskError(f"{where}: {both.strip()!r} has commas between its thousands: write the numbers without")
    commas = [cell for cell in cells if _DECIMAL.fullmatch(cell)]
    if not commas:
        return rows, ()
    doubtful = all(_THOUSANDS.fullmatch(cell) for cell in commas)
    shown = commas[0].strip()
    note = f"decimal commas: {shown} is read as {shown.replace(',', '.')}"
    changed = [[cell.replace(",", ".") if _DECIMAL.fullmatch(cell) else cell for cell in row] for row in rows]
    return changed, ((f"{note}; if it is {shown.replace(',', '')}, write the numbers without commas",) if doubtful else ())


def _header(rows: list[list[str]]) -> tuple[bool, tuple[str, ...]]:
    """Whether the first row holds names, and what is to be said of that.

    It does where it has a word in place of a number, where its numbers count up beside the name of a label, and where it is 0, 1, 2, ...
    """
    first, body = rows[0], rows[1:]
    if any(not is_number(name) and is_number(value) for name, value in zip(first, body[0], strict=False)):
        return True, ()
    numbers = [float(cell) for cell in first if is_number(cell)]
    words = [number for number, cell in enumerate(first) if not is_number(cell)]
    rising = all(left < right for left, right in pairwise(numbers))
    unseen = all(first[number] not in {row[number] for row in body if number < len(row)} for number in words)
    shown = f"the first row, {', '.join(cell.strip() or '(empty)' for cell in first[:4])}{', ...' if len(first) > 4 else ''}"
    doubt = (f"{shown}, is read as names of columns; if it is a sample, give the columns names",)
    if words and unseen and numbers and (rising or any(first[number].strip().lower() in LABELS for number in words)):
        return True, () if any(first[number].strip().lower() in LABELS for number in words) else doubt
    if words and unseen and not numbers and len(body) > 1:
        return True, doubt
    counting = len(numbers) > 2 and all(right - left == 1 for left, right in pairwise(numbers)) and numbers[0] in (0, 1)
    return (True, doubt) if counting and not words else (False, ())
