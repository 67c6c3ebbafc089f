"""Tables at every width of a terminal: drawn where there is room, and as lines where there is none."""

from io import StringIO

import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from einspace.cli.tasks import _recipes, _shapes
from einspace.reporting.fitting import FittingTable
from einspace.reporting.runs import run_table
from einspace.tasks import TASKS, states

RUN = {"run": "a-run-with-a-long-name", "task": "digits", "strategy": "regularized-evolution", "trials": 20, "begun": 0.0}
SCORES = {"validation": 0.9125, "test": 0.9042, "verdict": "better"}
ENTRIES = list(TASKS.values())
TABLES = {
    "tasks": _shapes(ENTRIES, states(ENTRIES)),
    "recipes": _recipes(ENTRIES),
    "runs": run_table([{**RUN, **SCORES}, {**RUN, "run": "two", "validation": None, "test": None, "verdict": None}], 7_300.0),
}


def shown(table: Table, width: int) -> str:
    """What a terminal of so many letters shows."""
    file = StringIO()
    Console(file=file, width=width, markup=False, emoji=False).print(table)
    return file.getvalue()


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("width", [20, 30, 40, 50, 60, 70, 79])
def test_no_column_is_lost_on_a_narrow_terminal(name: str, width: int) -> None:
    """Every cell can be read at every width: columns were made narrower until nothing was left of them."""
    table = TABLES[name]
    lines = shown(table, width)
    text, drawn = "".join(lines.split()), bool(set(lines) & set("━─"))
    assert "┃┃" not in lines
    for column in table.columns:
        for cell in (column.header, *column.cells):
            letters = "".join(str(cell).split())
            assert letters[:1] in text if drawn and not column.no_wrap else letters in text, f"{cell} is not shown"


def test_a_table_without_room_is_lines_with_the_names_of_its_columns() -> None:
    """A row begins at the edge, its other cells are indented, and empty cells are left out."""
    table = FittingTable(title="Two", caption="the end")
    for column in ("name", "", "score"):
        table.add_column(column, no_wrap=True)
    table.add_row("one", "ours", Text("0.9125"))
    table.add_row("two", "", "0.5")
    assert shown(table, 20).splitlines() == ["Two", "name: one", "  ours", "  score: 0.9125", "name: two", "  score: 0.5", "the end"]
    assert shown(table, 80) == shown(_plain(table), 80)


def _plain(table: FittingTable) -> Table:
    """The same as Rich draws it."""
    plain = Table(title=table.title, caption=table.caption)
    plain.columns, plain.rows = table.columns, table.rows
    return plain
