"""Reproduced: the same numbers in each form, and what cannot be compared is told apart."""

import csv
from io import StringIO

from einspace.reproduction.chart import chart
from einspace.reproduction.described import Findings, Number
from einspace.reproduction.experiments import selected
from einspace.reproduction.reproduced import Reproduced

NUMBERS = (
    Number("addnist", "rn18", 0.923456, 0.9336, 0.01, runs=("one", "two")),
    Number("addnist", "pc-darts", None, 0.966),
    Number("language", "rn18", 0.5, 0.9216, comparable=False, note="on a|b"),
    Number("language", "pc-darts", None, 0.9012),
    Number("average rank", "rn18", 2.0, 2.0, note="over 2 of 8 tasks, 2 of 11 columns"),
)
FOUND = Reproduced(selected("table1", "small", ["addnist", "language"], ["rn18", "pc-darts"]), 2, Findings(NUMBERS))


def test_a_table_for_people() -> None:
    """Titles, four digits, the deviation over seeds, a difference where it means something, and a note whose bar ends no cell."""
    lines = FOUND.markdown().splitlines()
    assert lines[0] == "# Table 1: accuracy on Unseen NAS, at the scale small"
    assert lines[2:7] == [
        "|  |  | ours | paper | difference | note |",
        "| --- | --- | --- | --- | --- | --- |",
        "| AddNIST | RN18 | 0.9235 ± 0.0100 | 0.9336 | -0.0101 |  |",
        "| AddNIST | PC-DARTS | – | 0.9660 | – |  |",
        "| Language | RN18 | 0.5000 | 0.9216 | – | on a\\|b |",
    ]


def test_a_table_for_programs() -> None:
    """Every digit, the names that options take, and the runs behind a number; nothing where there is none."""
    first, second, third = list(csv.DictReader(StringIO(FOUND.csv())))[:3]
    assert (first["row"], first["column"], float(first["ours"]), first["runs"]) == ("addnist", "rn18", 0.923456, "one two")
    assert float(first["difference"]) == 0.923456 - 0.9336
    assert (second["ours"], second["difference"]) == ("", "")
    assert (third["comparable"], third["difference"]) == ("False", "")
    assert FOUND.to_json()["numbers"][0]["difference"] == 0.923456 - 0.9336


def test_the_terminal_says_each_note_once() -> None:
    """Which columns are not ours, and below the table what is noted of which rows."""
    table, *notes = FOUND.shown()
    assert notes == [
        "The paper has the numbers of PC-DARTS from others.",
        "Language: on a|b",
        "average rank: over 2 of 8 tasks, 2 of 11 columns",
    ]
    assert getattr(table, "row_count", None) == len(NUMBERS)


def test_the_chart_has_a_point_for_each_pair() -> None:
    """The paper's number across and ours up, an open circle for other data, and the line on which they are equal."""
    figure = chart(
        "title", "paper", [("AddNIST", "RN18", NUMBERS[0]), ("AddNIST", "PC-DARTS", NUMBERS[1]), ("Language", "RN18", NUMBERS[2])]
    )
    points, line = figure.data
    assert (list(points.x), list(points.y)) == ([0.9336, 0.9216], [0.923456, 0.5])
    assert list(points.marker.symbol) == ["circle", "circle-open"]
    assert (list(line.x), list(line.y)) == ([0.5, 0.9336], [0.5, 0.9336])
    assert figure.layout.xaxis.type is None
    wide = chart("title", "paper", [("p", "max", Number("p", "max", 28.0, 3.0)), ("q", "max", Number("q", "max", 5_000.0, 4_000.0))])
    assert wide.layout.xaxis.type == wide.layout.yaxis.type == "log"


def test_the_rows_over_all_tasks_are_not_drawn() -> None:
    """Ranks have other units than scores."""
    drawn = FOUND.files()[".html"]
    assert "Language, RN18" in drawn
    assert "average rank" not in drawn
