"""Headers of tables of text: a first sample that lacks a number is not taken for names without a word."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from einspace import Task

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
