"""Signals: the columns of a table that series were read from, so that further tables are read alike."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import prod
from typing import Any, Self

from einspace.errors import TaskError
from einspace.reading.columns import Columns, column_of, is_number


@dataclass(frozen=True)
class Signals:
    """The columns of the signals in order, the column of the label, and the layout of channels in a row (see `tables.read_table`).

    In a table without names, columns are called by their numbers, and `width` says how many there were. `delimiter` is what separated the
    cells of a text; empty for any other table, and where it was not recorded.
    """

    columns: tuple[str, ...]
    label: str
    named: bool
    width: int
    channels: int = 1
    layout: str = "steps"
    delimiter: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "columns": list(self.columns)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`; raises KeyError or TypeError for other data."""
        columns = tuple(map(str, data["columns"]))
        numbers = int(data["width"]), int(data["channels"])
        return cls(columns, str(data["label"]), bool(data["named"]), *numbers, str(data["layout"]), str(data.get("delimiter", "")))

    def in_a_row(self, sample: tuple[int, ...]) -> bool:
        """Whether a row holds the numbers of a sample one by one; otherwise its only cell is the series."""
        return len(self.columns) == prod(sample)

    def facts(self, sample: tuple[int, ...]) -> dict[str, Any]:
        """What a reader of an exported network needs to make samples of rows: without names, columns are numbers from 0."""
        layout = self.layout if self.in_a_row(sample) else "cells"
        return {"columns": list(self.columns), "named": self.named, "channels": self.channels, "layout": layout}

    def begins(self, cells: Sequence[str]) -> bool:
        """Whether a first row is what the table of training began with: the names of all signals, or numbers in their places."""
        if self.named:
            return set(self.columns) <= set(cells)
        places = [int(name) for name in self.columns] if len(cells) == self.width else range(len(cells))
        return len(places) == len(self.columns) and all(is_number(cells[place]) for place in places)

    def find(self, table: Columns) -> tuple[list[int], int | None]:
        """The places of the signals and of the label, None where a table has no labels; other columns do not matter.

        Raises TaskError that names the first column that is missing.
        """
        if table.named != self.named:
            there, here = ("with", "this one has none") if self.named else ("without", "the first row of this one is read as names")
            raise TaskError(f"{table.where}: the network was trained on a table {there} names of columns, and {here}")
        if not self.named:
            return self._by_number(table)
        missing = [name for name in self.columns if name not in table.names]
        if missing:
            known = f"{len(self.columns)} columns {self.columns[0]} to {self.columns[-1]}" if len(self.columns) > 1 else self.columns[0]
            shown = f"{', '.join(missing[:5])}{', ...' if len(missing) > 5 else ''}"
            raise TaskError(f"{table.where}: the network was trained on {known}, of which {shown} {_is(missing)} missing here")
        label = column_of(self.label, table) if self.label in table.names else None
        return [column_of(name, table) for name in self.columns], label

    def _by_number(self, table: Columns) -> tuple[list[int], int | None]:
        here = len(table.names)
        if here == self.width:
            return [int(name) for name in self.columns], int(self.label)
        if here == len(self.columns):
            return list(range(here)), None
        raise TaskError(
            f"{table.where}: the network was trained on a table of {self.width} columns without names, {len(self.columns)} of them "
            f"signals, but this one has {here}"
        )


def _is(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"
