"""Rows: series and labels of a further table, whose columns are those of an earlier one. A file may be larger than the memory."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.reading.columns import Columns, Table
from einspace.reading.csvfile import open_csv
from einspace.reading.frames import FRAMES, open_frame_file, read_frame
from einspace.reading.signals import Signals
from einspace.reading.tables import labels_of, series_of

LABELS = 65_536
"""Labels that are read together."""


@dataclass(frozen=True)
class Rows:
    """The rows of a table, in their order, read as those of the table that `signals` was made of."""

    table: Columns
    signals: Signals
    used: list[int]
    """The columns of the signals."""
    label: int | None
    """The column of the label, None where there is none."""

    def __len__(self) -> int:
        return len(self.table)

    def series(self, size: int) -> Iterator[NDArray[Any]]:
        """Series (n, S, channels), at most so many at a time; raises TaskError that names a cell that is not a number."""
        for piece in self.table.pieces(self.used, size):
            yield series_of(piece, list(range(len(self.used))), self.signals.channels, self.signals.layout, "")[0]

    def labels(self) -> NDArray[Any]:
        """The labels (N,); raises TaskError where there are none."""
        if self.label is None:
            raise TaskError(f"{self.table.where}: the column of the label, {self.signals.label}, is missing here")
        pieces = list(self.table.pieces([self.label], LABELS))
        numbers = all(isinstance(piece.columns[0], np.ndarray) and piece.columns[0].dtype.kind in "biuf" for piece in pieces)
        cells = [piece.columns[0] for piece in pieces]
        column = np.concatenate(cells) if numbers else [cell for part in cells for cell in part]
        return labels_of(Table(self.table.where, pieces[0].names, [column], self.table.named, pieces[0].first), 0)


def open_rows(given: Any, signals: Signals) -> Rows:
    """The rows of a table, a path or a data frame, of which a file is not read yet; raises TaskError for one that lacks a column."""
    table = _opened(given, signals)
    used, label = signals.find(table)
    return Rows(table, signals, used, label)


def _opened(given: Any, signals: Signals) -> Columns:
    if not isinstance(given, Path):
        frame = read_frame(given, "table")
        numbered = frame.names == [str(place) for place in range(len(frame.names))]  # as pandas names columns without names
        return replace(frame, named=False) if numbered and not signals.named else frame
    return open_frame_file(given) if given.suffix.lower() in FRAMES else open_csv(given, signals)
