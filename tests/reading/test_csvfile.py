"""Headers of tables of text: a first sample that lacks a number is not taken for names without a word."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from einspace import Task
from einspace.errors import TaskError
from einspace.reading.tables import read_table

RNG = np.random.default_rng(0)
SIGNALS = RNG.normal(size=(40, 6)).round(3)


def task(folder: Path, first: list[Any], labels: tuple[Any, Any]) -> Task:
    """A table whose first row is given, before 40 complete ones."""
    rows = [first, *([*SIGNALS[row], labels[row % 2]] for row in range(40))]
    (folder / "mine.csv").write_text("\n".join(",".join(map(str, row)) for row in rows) + "\n")
    return Task.from_csv(folder / "mine.csv")


def said(task: Task) -> bool:
    """Whether the summary asks about the first row."""
    return any("is read as names of columns; if it is a sample, give the columns names" in doubt for doubt in task.doubts)


@pytest.mark.parametrize("missing", ["?", "NA", "-"])
@pytest.mark.parametrize(
    ("rest", "labels"),
    [
        ([0.1, 0.7, -0.2, 0.5, 0.3, "up"], ("up", "down")),
        ([0.1, 0.2, 0.3, 0.5, 0.7, "up"], ("up", "down")),
        ([0.1, 0.2, 0.3, 0.5, 0.7, "y"], ("y", "n")),
        ([0.1, 0.7, -0.2, 0.5, 0.3, 1], (0, 1)),
    ],
)
def test_a_first_sample_that_lacks_a_number_is_said(tmp_path: Path, missing: str, rest: list[Any], labels: tuple[Any, Any]) -> None:
    """A file of the UCI without names may begin with a sample that has a word for a missing value: read as names, it would vanish."""
    assert said(task(tmp_path, [rest[0], missing, *rest[1:]], labels))


@pytest.mark.parametrize(
    ("first", "labels"),
    [
        (["a", "b", "c", "d", "e", "f", "kind"], ("up", "down")),
        (["id of", 400, 500, 600, 700, 800, "kind"], ("up", "down")),
        (["b", 700, 200, 500, 300, 900, "label"], ("up", "down")),
        (["b", 700, 200, 500, 300, 900, "class"], (0, 1)),
    ],
)
def test_names_that_are_certain_are_not_asked_about(tmp_path: Path, first: list[Any], labels: tuple[Any, Any]) -> None:
    """Names that are words, or partly numbers that rise as those of spectra do, or that have the label's usual name among them."""
    found = task(tmp_path, first, labels)
    assert sum(map(len, found.splits.values())) == 40
    assert not said(found)


def written(folder: Path, *lines: str) -> Path:
    """A file of these lines."""
    (folder / "mine.csv").write_text("\n".join(lines) + "\n")
    return folder / "mine.csv"


def test_points_between_thousands_beside_decimal_commas_are_refused(tmp_path: Path) -> None:
    """1.234 beside 987,5 is 1234, and was read as 1.234, three powers of ten off."""
    path = written(tmp_path, "Preis;t0;label", *["987,5;0,25;up", "1.234;0,75;down"] * 20)
    with pytest.raises(
        TaskError, match=r"mine.csv: '1.234' has points between its thousands, as '987,5' has a decimal comma: write"
    ) as caught:
        Task.from_csv(path)
    assert "\n" not in str(caught.value)
    path = written(tmp_path, "Preis;t0;label", *["987,5;0,25;up", "1.234,5;0,75;down"] * 20)
    with pytest.raises(TaskError, match=r"'1.234,5' has points between its thousands: write the numbers without them"):
        Task.from_csv(path)


@pytest.mark.parametrize("row", ["12.5;987,5", "1.234;1,234"])
def test_points_that_may_stand_between_thousands_are_said(tmp_path: Path, row: str) -> None:
    """Where other points are decimal, or the commas may stand between thousands, nobody knows."""
    task = Task.from_csv(written(tmp_path, "a;b;label", *[f"{row};up", "1.234;0,75;down" if "12" in row[:2] else "1.235;1,235;down"] * 20))
    assert "points beside decimal commas: 1.234 is read as 1.234; if it is 1234, write the numbers without points" in task.doubts


@pytest.mark.parametrize(
    "rows", [("987,5;0.234;up", "0,5;0.345;down"), ("98,5;1.2345;up", "0,5;12.34;down"), ("1.234;2.345;up", "0.5;1.5;down")]
)
def test_points_that_are_decimal_are_not_asked_about(tmp_path: Path, rows: tuple[str, str]) -> None:
    """No thousands begin with 0 or end with two digits or four, and without decimal commas a point is one."""
    assert not any("points" in doubt for doubt in Task.from_csv(written(tmp_path, "a;b;label", *rows * 20)).doubts)


@pytest.mark.parametrize(
    ("lines", "values"),
    [
        (["0,5;1,2;gut", "0,7;1,4;schlecht"], [[0.5, 1.2], [0.7, 1.4]]),
        (["0,5;gut", "0,7;schlecht"], [[0.5], [0.7]]),
        (["0,5\tgut", "0,7\tschlecht"], [[0.5], [0.7]]),
        (['"0,5";"gut"', '"0,7";"schlecht"'], [[0.5], [0.7]]),
        (["", "0.5,gut", "0.7,schlecht"], [[0.5], [0.7]]),
        (["t in s; t in min,label", "0.5,gut", "0.7,schlecht"], [[0.5], [0.7]]),
        (["0.5,gut; ja", "0.7,schlecht; nein"], [[0.5], [0.7]]),
        (["a,b,label; note", "0.5,1.5,gut; ja", "0.7,1.7,schlecht; nein"], [[0.5, 1.5], [0.7, 1.7]]),
    ],
)
def test_what_separates_the_cells(tmp_path: Path, lines: list[str], values: list[list[float]]) -> None:
    """Decimal commas of the first row are no separators, and neither is a semicolon in a name or a label."""
    path = written(tmp_path, *lines[:-2], *lines[-2:] * 20)
    assert read_table(path).pools["train"][0][:2, :, 0].tolist() == values
