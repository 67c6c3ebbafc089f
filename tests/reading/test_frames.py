"""Data frames that were cut out of others, and files of them: the index of pandas is no column."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.predictor.predicted import predictor_of

from einspace import Task
from einspace.errors import TaskError
from einspace.reading.rows import open_rows
from einspace.reading.signals import Signals

RNG = np.random.default_rng(0)
HEAD = [f"t{number}" for number in range(6)]


def rows(count: int = 60) -> Any:
    """Signals and their label in a data frame of pandas, sorted by class, without its second row: its index has a gap."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({name: RNG.normal(size=count) for name in HEAD} | {"label": ["a", "b"] * (count // 2)})
    return frame.sort_values("label", kind="stable").drop(index=1)


@pytest.mark.parametrize("suffix", ["parquet", "arrow", "feather"])
def test_the_index_of_pandas_is_no_signal(tmp_path: Path, suffix: str) -> None:
    """Arrow keeps an index without a name as a column: it is neither a signal nor the label, in training or after it."""
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import feather

    frame, path = rows(), tmp_path / f"mine.{suffix}"
    whole = pyarrow.Table.from_pandas(frame)
    assert "__index_level_0__" in whole.column_names
    if suffix == "parquet":
        frame.to_parquet(path)
    elif suffix == "feather":
        feather.write_feather(whole, path)
    else:
        with path.open("wb") as file, pyarrow.ipc.new_file(file, whole.schema) as out:
            out.write_table(whole)
    for given in (path, whole, frame):
        task = Task.from_table(given, baselines=())
        assert (task.input.shape, task.labels) == ((6, 1), ("a", "b"))
        assert predictor_of(task).predict(path).shape == (59,)


def test_the_last_column_is_before_the_index(tmp_path: Path) -> None:
    """Where the label is the last column, it is the frame's last, and not that of the index; a file of nothing else holds nothing."""
    frame, path = rows().rename(columns={"label": "kind"}), tmp_path / "mine.parquet"
    frame["kind"] = np.arange(59) % 3
    frame.to_parquet(path)
    assert any("label: column kind, the last" in doubt for doubt in Task.from_table(path).doubts)
    assert Task.from_table(path, label=-1).labels == ("0", "1", "2")
    frame[[]].to_parquet(path)
    for read in (Task.from_table, lambda path: open_rows(path, Signals(("t0",), "label", True, 7))):
        with pytest.raises(TaskError, match=r"mine\.parquet: the data frame has 59 rows and 0 columns"):
            read(path)


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_missing_cells_of_nullable_columns(backend: str) -> None:
    """NA of pandas is a missing value in numbers, words and truths, which is named by row and column as any other is."""
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = rows().reset_index(drop=True)
    for name, label in (("t3", frame["label"]), ("label", frame["label"]), ("label", frame["label"] == "a"), ("label", np.arange(59) % 3)):
        holed = frame.assign(label=label).convert_dtypes(dtype_backend=backend)
        assert Task.from_table(holed).input.shape == (6, 1)
        holed.loc[7, name] = pandas.NA
        said = "the cell is empty" if name == "t3" else "there is no label"
        with pytest.raises(TaskError, match=rf"^table, row 7, column {name}: {said}"):
            Task.from_table(holed)
