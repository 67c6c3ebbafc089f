"""Missing labels: what R writes for one is refused among numbers, and said among words, of which it may be one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from einspace import Task
from einspace.errors import TaskError

RNG = np.random.default_rng(0)
SIGNALS = RNG.normal(size=(60, 6, 1)).round(3)


def table(folder: Path, labels: list[str]) -> Path:
    """A column `label` behind signals."""
    path = folder / "mine.csv"
    rows = [[*(f"t{number}" for number in range(6)), "label"], *([*SIGNALS[row].ravel(), labels[row]] for row in range(60))]
    path.write_text("\n".join(",".join(map(str, row)) for row in rows) + "\n")
    return path


def frame(labels: list[Any]) -> Any:
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame({f"t{number}": SIGNALS[:, number, 0] for number in range(6)} | {"label": labels})


@pytest.mark.parametrize("word", ["NA", "N/A", "n/a", " NA "])
@pytest.mark.parametrize("numbers", [("0", "1"), ("0.25", "-1e3")])
def test_na_beside_numbers_is_a_missing_label(tmp_path: Path, word: str, numbers: tuple[str, str]) -> None:
    """It is refused by its row or sample, whatever holds the labels; before, the numbers became words and NA the third of them."""
    labels: list[Any] = [word if row in (4, 9) else numbers[row % 2] for row in range(60)]
    with pytest.raises(TaskError, match="row 6, column label: there is no label: leave such rows out"):
        Task.from_csv(table(tmp_path, labels))
    with pytest.raises(TaskError, match="row 4, column label: there is no label: leave such rows out"):
        Task.from_table(frame([label if label == word else float(label) for label in labels]))
    for given in (labels, np.array(labels)):
        with pytest.raises(TaskError, match=r"sample 4 has no label \(its word is '"):
            Task.from_arrays(SIGNALS, given)


@pytest.mark.parametrize("word", ["NA", "N/A"])
def test_na_among_words_is_a_class_that_is_said(tmp_path: Path, word: str) -> None:
    """Namibia's code is one: the first lines of the summary say what to do if it is none; who names the classes means it."""
    labels = [("BW", "ZA", word)[row % 3] for row in range(60)]
    said = f"{word}, the label of 20 samples, is read as a class; if it stands for a missing label, leave such samples out"
    for task in (Task.from_csv(table(tmp_path, labels)), Task.from_table(frame(labels)), Task.from_arrays(SIGNALS, labels)):
        assert set(task.labels) == {"BW", "ZA", word}
        assert said in task.doubts
    assert said not in Task.from_arrays(SIGNALS, labels, labels=("BW", word, "ZA")).doubts


def test_words_that_are_like_na_are_words(tmp_path: Path) -> None:
    """Sodium is a class beside potassium, without a doubt; the usual words for a missing label are refused among words too."""
    labels = [("Na", "K")[row % 2] for row in range(60)]
    assert not any("missing" in doubt for doubt in Task.from_csv(table(tmp_path, labels)).doubts)
    labels[4] = "NULL"
    with pytest.raises(TaskError, match="row 6, column label: there is no label"):
        Task.from_csv(table(tmp_path, labels))
