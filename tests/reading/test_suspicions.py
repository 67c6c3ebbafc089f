"""Usable samples that may be a mistake: columns of unlike sizes that are normalised together."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from einspace import Task, load_task
from einspace.tasks import DataOptions

RNG = np.random.default_rng(0)
LABELS = np.arange(60) % 2
UNLIKE = "vary over less than 1/50 of the deviation of all columns, which are normalised together as steps"


def table(folder: Path, columns: dict[str, Any]) -> str:
    """The path of a table of these columns and a label."""
    rows = np.column_stack([*columns.values(), LABELS])
    (folder / "mine.csv").write_text(
        "\n".join([",".join([*columns, "label"]), *(",".join(map(repr, row)) for row in rows.tolist())]) + "\n"
    )
    return str(folder / "mine.csv")


def test_small_columns_beside_large_ones_are_said(tmp_path: Path) -> None:
    """Proline's deviation would flatten hue to nothing; the option in the doubt gives each column its own, at one step."""
    wine = {"hue": 1 + 0.2 * RNG.normal(size=60), "proline": 750 + 315 * RNG.normal(size=60), "ash": 2 + 0.3 * RNG.normal(size=60)}
    path = table(tmp_path, wine)
    task = load_task(path)
    assert task.train.x.std(axis=0).min() < 0.01
    said = next(doubt for doubt in task.doubts if UNLIKE in doubt)
    assert said.startswith("columns hue, ash vary")
    assert said.endswith("if they are different quantities, --channels 3, or channels=3, normalises each by itself")
    apart = load_task(path, own=DataOptions(channels=3))
    assert apart.input.shape == (1, 3)
    assert apart.train.x.std(axis=(0, 1)) == pytest.approx(1, abs=1e-4)
    for quiet in (apart, Task.from_csv(path, normalise=False), Task.from_csv(path, drop=["proline"])):
        assert not any(UNLIKE in doubt for doubt in quiet.doubts)


@pytest.mark.parametrize("count", [7, 30])
def test_many_small_columns_are_said_in_a_line(tmp_path: Path, count: int) -> None:
    """The first of them, and how many more there are."""
    columns = {"large": 100_000 * RNG.normal(size=60)} | {f"c{number}": RNG.normal(size=60) for number in range(count)}
    said = next(doubt for doubt in load_task(table(tmp_path, columns)).doubts if UNLIKE in doubt)
    assert said.startswith(f"columns c0, c1, c2, c3, c4 and {count - 5} more vary")


def test_steps_of_one_series_are_not_asked_about(tmp_path: Path) -> None:
    """Pixels of a border that are hardly ever inked, constant columns, and steps whose deviations differ by ten."""
    border = {f"pixel{number}": np.where(np.arange(60) == 7 * number, 1, 0) for number in range(8)}
    inside = {f"pixel{number}": RNG.integers(0, 256, 60) for number in range(8, 64)}
    steps = {f"t{number}": (1 if number < 4 else 30) * RNG.normal(size=60) for number in range(8)}
    for columns in (border | inside, {"none": np.zeros(60), **inside}, steps):
        assert not any(UNLIKE in doubt for doubt in load_task(table(tmp_path, columns)).doubts)


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_the_rows_of_a_table_are_series(channels: int, dtype: str) -> None:
    """Their axes are known, whatever their numbers and their shape are: nobody is asked whether they are images, or turned round."""
    pandas = pytest.importorskip("pandas")
    x = RNG.integers(0, 200, (60, 6)).astype(dtype)
    task = Task.from_table(pandas.DataFrame(x, columns=list("abcdef")).assign(label=LABELS), channels=channels)
    assert task.input.shape == (6 // channels, channels)
    assert not any("axes" in doubt for doubt in task.doubts)
    for axes in ("NHW", "NDS"):  # but a user may say so
        assert Task.from_table(pandas.DataFrame(x, columns=list("abcdef")).assign(label=LABELS), axes=axes).input.shape[-1] in (1, 6)
