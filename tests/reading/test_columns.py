"""Columns that are left out beside those that a user drops."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from einspace import Task
from einspace.errors import TaskError
from einspace.reading.tables import read_table

RNG = np.random.default_rng(0)
SIGNALS = RNG.normal(size=(40, 6)).round(3)
WORDS = np.repeat(["normal", "afib"], 20)
HEAD = [f"t{number}" for number in range(6)]


def table(folder: Path, names: list[str], first: list[Any], days: bool = True) -> Path:
    """Rows in the order of their classes behind columns of numbers, and a column of words between them and the signals."""
    path = folder / "mine.csv"
    rows = [[*names, *(["day"] if days else []), *HEAD, "label"]] if names else []
    for row in range(40):
        rows.append([*(numbers[row] for numbers in first), *([("Mon", "Tue")[row % 2]] if days else []), *SIGNALS[row], WORDS[row]])
    path.write_text("\n".join(",".join(map(str, row)) for row in rows) + "\n")
    return path


def test_row_numbers_are_left_out_beside_a_column_that_is_dropped(tmp_path: Path) -> None:
    """Who drops a column of words does not make a signal of the row numbers; the summary says what keeps them."""
    path = table(tmp_path, ["id"], [list(range(40))])
    with pytest.raises(TaskError, match=r"'Mon' is not a number.*--drop leaves others out"):
        Task.from_csv(path)
    every: list[Any] = [["day"], np.array(["day"]), (1,)]
    for drop in every:
        task = Task.from_csv(path, drop=drop)
        assert task.input.shape == (6, 1)
        assert "column id numbers the rows: left out too; to keep it, give it another name" in task.doubts
        assert "left out as you said: day" in task.notes
    assert np.allclose(read_table(path, drop=["day"]).pools["train"][0][:, :, 0], SIGNALS)
    assert not any("numbers the rows" in doubt for doubt in Task.from_csv(path, drop=["day", "id"]).doubts)
    renamed = table(tmp_path, ["age"], [list(range(40))])
    assert Task.from_csv(renamed, drop=["day"]).input.shape == (7, 1)


def test_row_numbers_without_a_name_are_left_out_beside_a_column_that_is_dropped(tmp_path: Path) -> None:
    """The first column of a table without names, too; nothing dropped keeps all."""
    path = table(tmp_path, [], [list(range(40)), RNG.normal(size=40)], days=False)
    assert Task.from_csv(path, drop=[1]).input.shape == (6, 1)
    assert Task.from_csv(path, drop=[]).input.shape == (8, 1)


def test_what_may_number_the_rows_is_refused_beside_a_column_that_is_dropped(tmp_path: Path) -> None:
    """An `id` that repeats is neither left out nor kept; the error names both ways out."""
    path = table(tmp_path, ["id"], [[row // 4 for row in range(40)]])
    with pytest.raises(TaskError, match=r"id neither .* say drop=\['day', 'id'\] to leave it out, or give it another name to keep"):
        Task.from_csv(path, drop=["day"])


def test_an_index_that_was_saved_twice(tmp_path: Path) -> None:
    """Both columns that pandas makes of it, `Unnamed: 0` and `Unnamed: 0.1`, number the rows."""
    path = table(tmp_path, ["Unnamed: 0.1", "Unnamed: 0"], [list(range(40)), list(range(100, 140))], days=False)
    assert Task.from_csv(path).input.shape == (6, 1)


@pytest.mark.parametrize(
    ("name", "values"),
    [("PassengerId", range(892, 932)), ("sample_id", RNG.permutation(40)), ("nr", range(1, 41)), ("Subject ID", RNG.permutation(40) * 7)],
)
def test_what_may_number_the_rows_under_another_name_is_said(tmp_path: Path, name: str, values: Any) -> None:
    """In rows in the order of their classes it would give the class away, and it may be a signal all the same."""
    path = table(tmp_path, [name], [list(values)], days=False)
    task = Task.from_csv(path)
    assert task.input.shape == (7, 1)
    assert f"column {name} may number the rows, and is read as a signal; --drop '{name}', or drop=[{name!r}], leaves it out" in task.doubts
    assert not any("may number" in doubt for given in ([], [name]) for doubt in Task.from_csv(path, drop=given).doubts)
    again = Task.from_csv(table(tmp_path, [name], [list(values)]), drop=["day"])
    assert any(f"--drop 'day,{name}', or drop=['day', '{name}'], leaves it out" in doubt for doubt in again.doubts)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("citric acid", RNG.random(40)),
        ("fluid", [row // 2 for row in range(40)]),
        ("age", RNG.permutation(40)),
        ("temperature", np.arange(40) * 2),
        ("seconds", np.arange(40) + 1),
    ],
)
def test_signals_are_not_asked_about(tmp_path: Path, name: str, values: Any) -> None:
    """A name that ends like an identity's holds whole numbers that differ, and a counter rises by 1; a time has a doubt of its own."""
    assert not any("may number" in doubt for doubt in Task.from_csv(table(tmp_path, [name], [list(values)], days=False)).doubts)
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"beats": np.arange(40) % 2 == 0, **dict(zip(HEAD, SIGNALS.T, strict=True)), "label": WORDS})
    assert not any("may number" in doubt for doubt in Task.from_table(frame).doubts)
