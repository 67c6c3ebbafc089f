"""Reproduced: what a call gives back, as a table, Markdown, CSV, JSON and a picture."""

import csv
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from io import StringIO
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from einspace.reproduction.chart import chart
from einspace.reproduction.described import Findings, Number, Selection
from einspace.reproduction.running import Hear, numbers
from einspace.reproduction.summaries import summarise
from einspace.tasks import TASKS

NOTHING = "–"
"""The sign for a missing number."""


@dataclass(frozen=True)
class Reproduced:
    """The numbers of an experiment, with the summaries behind them."""

    selection: Selection
    seeds: int
    findings: Findings

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Cell by cell, row by row."""
        return self.findings.numbers

    @property
    def title(self) -> str:
        """The heading, with the scale."""
        return f"{self.selection.experiment.title}, at the scale {self.selection.scale.name}"

    @property
    def failed(self) -> bool:
        """Whether a number is missing whose data are there."""
        return any(number.failed for number in self.numbers)

    @property
    def headings(self) -> tuple[str, ...]:
        """Of the table; the number beside ours is the paper's, or that of the search which a column is held against."""
        return ("", "", "ours", self.selection.experiment.beside, "difference", "note")

    def rows(self) -> list[tuple[str, ...]]:
        """The table as texts: what it is of, our number, the other one and the difference, and a note."""
        found: list[tuple[str, ...]] = []
        for row, column, number in self._titled():
            spread = "" if number.deviation is None or number.ours is None else f" ± {written(number.deviation)}"
            figures = (written(number.ours) + spread, written(number.reference), written(number.difference, sign=True))
            found.append((row, column, *figures, number.note))
        return found

    def shown(self) -> list[RenderableType]:
        """The table for the terminal."""
        if self.findings.shown:
            return list(self.findings.shown)
        table = Table(title=self.title, title_justify="left", header_style="bold")
        for place, heading in enumerate(self.headings[:-1]):
            table.add_column(heading, justify="left" if place < 2 else "right", no_wrap=place > 0)
        rows, before = self.rows(), ""
        for place, (row, *figures, _) in enumerate(rows):
            ends = place + 1 == len(rows) or rows[place + 1][0] != row
            table.add_row("" if row == before else row, *figures, end_section=ends)
            before = row
        return [table, *self._notes()]

    def _notes(self) -> list[str]:
        """Which columns are not ours, and every note once, with the rows that it is about."""
        copied = [column.title for column in self.selection.columns if column.settings is None]
        trains = self.selection.experiment.measure is None
        about: dict[str, dict[str, None]] = {}
        for row, _, number in self._titled():
            if number.note:
                about.setdefault(number.note, {})[row] = None
        notes = [f"{', '.join(rows)}: {note}" for note, rows in about.items()]
        return [f"The paper has the numbers of {', '.join(copied)} from others.", *notes] if copied and trains else notes

    def markdown(self) -> str:
        """The table as Markdown."""
        cells = [self.headings, ("---",) * len(self.headings), *self.rows()]
        lines = ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in cells]
        return "\n".join([f"# {self.title}", "", *lines, ""])

    def csv(self) -> str:
        """The table for programs: a number a line, in full precision."""
        stream = StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("row", "column", "ours", "deviation", "reference", "difference", "comparable", "note", "runs"))
        for n in self.numbers:
            writer.writerow((n.row, n.column, n.ours, n.deviation, n.reference, n.difference, n.comparable, n.note, " ".join(n.runs)))
        return stream.getvalue()

    def files(self) -> dict[str, str]:
        """The files to keep, by their suffixes: both tables, and the figure itself or a chart of our numbers against the others."""
        picture = self.findings.picture
        if picture is not None:
            return {".md": self.markdown(), ".csv": self.csv(), ".svg": picture}
        over_all = {summary.name for summary in self.selection.experiment.summaries}  # in other units
        cells = [titled for titled in self._titled() if titled[2].row not in over_all]
        drawn = chart(self.title, self.headings[3], cells).to_html(include_plotlyjs=True)
        return {".md": self.markdown(), ".csv": self.csv(), ".html": drawn}

    def _titled(self) -> list[tuple[str, str, Number]]:
        """The numbers with the titles of their rows and columns."""
        columns = {column.name: column.title for column in self.selection.columns}
        return [(TASKS[n.row].title if n.row in TASKS else n.row, columns[n.column], n) for n in self.numbers]

    def to_json(self) -> dict[str, Any]:
        """Everything, for `--json`."""
        return {
            "experiment": self.selection.experiment.name,
            "scale": self.selection.scale.name,
            "seeds": self.seeds,
            "numbers": [asdict(number) | {"difference": number.difference} for number in self.numbers],
        }


def reproduce(selection: Selection, seeds: int, machine: Mapping[str, Any], hear: Hear | None) -> Reproduced:
    """Run what is missing of an experiment, and compare; see `running.numbers` for the arguments and what it raises."""
    if selection.experiment.measure is not None:
        return Reproduced(selection, 1, selection.experiment.measure(selection))
    found = numbers(selection, seeds, machine, hear)
    return Reproduced(selection, seeds, Findings((*found, *summarise(selection, found))))


def written(value: float | str | None, sign: bool = False) -> str:
    """A number with four digits behind the point, a whole one with none, a text as it is, and a dash for None.

    >>> written(0.67), written(256), written(0.0042, sign=True), written(-0.00001, sign=True), written("accuracy")
    ('0.6700', '256', '+0.0042', '+0.0000', 'accuracy')
    """
    if value is None or isinstance(value, str):
        return value or NOTHING
    digits = 0 if isinstance(value, int) else 4
    return f"{round(value, 4) + 0.0:{'+' if sign else ''},.{digits}f}"
