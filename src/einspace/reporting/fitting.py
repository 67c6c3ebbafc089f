"""Fitting: a table on a terminal that is too narrow for its columns is written as lines."""

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.style import StyleType
from rich.table import Table
from rich.text import Text

LEAST = 8
"""Letters that a column whose text may be wrapped needs at most."""

ENDLESS = 10_000
"""A width, in letters, at which every text has its own."""


class FittingTable(Table):
    """A table that is drawn where all of its columns have room; elsewhere each cell is a line that begins with its column's name.

    Rich makes columns narrower until nothing is left of them, and says nothing. Cells are texts, and the first line of a row is not
    indented.
    """

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self._needed(console, options) <= options.max_width:
            yield from super().__rich_console__(console, options)
            return
        if self.title:
            yield _text(self.title, "bold")
        for row, cells in zip(self.rows, zip(*(column.cells for column in self.columns), strict=True), strict=True):
            filled = [(_text(column.header), _text(cell)) for column, cell in zip(self.columns, cells, strict=True) if _text(cell)]
            for number, (name, text) in enumerate(filled):
                line = Text.assemble(name, ": " if name else "", text, style=row.style or "")
                yield Padding(line, (0, 0, 0, 2 if number else 0), expand=False)
        if self.caption:
            yield _text(self.caption)

    def _needed(self, console: Console, options: ConsoleOptions) -> int:
        """The letters that it needs: those of every text that is not wrapped, and some of the others."""
        count = len(self.columns)
        needed = count * (self.padding[1] + self.padding[3]) + (0 if self.box is None else count - 1 + 2 * self.show_edge)
        wide = options.update(width=ENDLESS)
        for column in self.columns:
            found = [console.measure(cell, options=wide) for cell in (column.header, *column.cells)]
            needed += max(one.maximum if column.no_wrap else min(one.minimum, LEAST) for one in found)
        return needed


def _text(shown: RenderableType, style: StyleType = "") -> Text:
    return shown if isinstance(shown, Text) else Text(str(shown), style)
