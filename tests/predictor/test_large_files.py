"""Files are predicted piece by piece: the predictions are those of all samples at once, and the memory does not grow with the file."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet
import pytest
from numpy.typing import NDArray
from tests.forked import Forked
from tests.predictor.predicted import predictor_of, task_of

from einspace.errors import TaskError
from einspace.predictor import Predictor
from einspace.tasks import Task

SIGNALS = 6


def frame(rows: int, signals: int = SIGNALS) -> pd.DataFrame:
    """Signals beside an identity and a label."""
    rng = np.random.default_rng(rows)
    columns = {f"s{number}": rng.normal(size=rows).round(3) for number in range(signals)}
    return pd.DataFrame({"id": range(rows), **columns, "beat": np.array(["slow", "fast"])[np.arange(rows) % 2]})


def stream(path: Path, table: pa.Table) -> None:
    """An Arrow stream, as some libraries call a .arrow file."""
    with pa.OSFile(str(path), "wb") as out, pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=9)


def file(path: Path, table: pa.Table) -> None:
    """An Arrow file."""
    with pa.OSFile(str(path), "wb") as out, pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=9)


TABLES: dict[str, Callable[[Path, pd.DataFrame], None]] = {
    "a.csv": lambda path, table: table.to_csv(path, index=False),
    "commas.csv": lambda path, table: table.to_csv(path, index=False, sep=";", decimal=","),
    "ends.csv": lambda path, table: table.assign(**{"": ""}).to_csv(path, index=False),
    "a.tsv": lambda path, table: table.to_csv(path, index=False, sep="\t"),
    "a.parquet": lambda path, table: pa.parquet.write_table(pa.Table.from_pandas(table), path, row_group_size=11),
    "a.feather": lambda path, table: pa.feather.write_feather(table, path, chunksize=9),
    "old.feather": lambda path, table: pa.feather.write_feather(table.drop(columns="beat"), path, version=1),
    "stream.arrow": lambda path, table: stream(path, pa.Table.from_pandas(table)),
    "file.arrow": lambda path, table: file(path, pa.Table.from_pandas(table)),
}


@pytest.fixture(scope="module")
def tabular() -> Predictor:
    """A predictor of tables."""
    return predictor_of(Task.from_table(frame(30), label="beat", drop=["id"], baselines=()))


@pytest.mark.filterwarnings("ignore:Feather V1:DeprecationWarning")
@pytest.mark.parametrize("name", TABLES)
def test_a_table_in_pieces_is_the_table(name: str, tabular: Predictor, tmp_path: Path) -> None:
    """Chances and the score, in pieces of 4 rows and at once, whatever the columns' order in the file."""
    table = frame(41)[["s5", "beat", "s0", "s1", "id", "s2", "s3", "s4"]]
    TABLES[name](tmp_path / name, table)
    wanted = tabular.predict_proba(table)
    for size in (4, 1000):
        assert np.allclose(tabular.predict_proba(tmp_path / name, batch_size=size), wanted, atol=1e-6)
    if name != "old.feather":
        assert tabular.score(tmp_path / name, batch_size=4) == tabular.score(table)


def test_a_cell_that_is_no_number_is_named_wherever_it_lies(tabular: Predictor, tmp_path: Path) -> None:
    """With the row of the file, not of the piece."""
    table = frame(41).astype({"s2": object})
    table.loc[30, "s2"] = "high"
    table.to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(TaskError, match=r"a\.csv, row 32, column s2: 'high' is not a number"):
        tabular.predict(tmp_path / "a.csv", batch_size=4)
    pa.parquet.write_table(pa.Table.from_pandas(table.astype({"s2": str})), tmp_path / "a.parquet", row_group_size=7)
    with pytest.raises(TaskError, match=r"a\.parquet, row 30, column s2: 'high' is not a number"):
        tabular.predict(tmp_path / "a.parquet", batch_size=4)


ARRAYS: dict[str, Callable[[Path, NDArray[np.uint8]], None]] = {
    "plain.npz": lambda path, x: np.savez(path, x=x),
    "packed.npz": lambda path, x: np.savez_compressed(path, x=x),
    "fortran.npz": lambda path, x: np.savez(path, x=np.asfortranarray(x)),
    "a.npy": lambda path, x: np.save(path, x),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_in_pieces_is_the_array(name: str, tmp_path: Path) -> None:
    """In pieces of 3 samples and at once, and a single sample alone."""
    task, (x, _) = task_of("words")
    predictor = predictor_of(task)
    ARRAYS[name](tmp_path / name, x)
    assert np.allclose(predictor.predict_proba(tmp_path / name, batch_size=3), predictor.predict_proba(x), atol=1e-6)
    ARRAYS[name](tmp_path / name, x[2])
    assert predictor.predict(tmp_path / name) == predictor.predict(x[2])


ROOM = 20
"""MiB that the peak may grow by, whatever the file: pieces, buffers, and the allocator's own ways."""


@pytest.mark.slow
def test_the_memory_does_not_grow_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files whose samples take 38 MiB and more at once: an archive, a packed one, Parquet, and a table of text."""
    signals = 100
    names = [f"s{number}" for number in range(signals)]
    predictor_of(Task.from_table(frame(30, signals), label="beat", drop=["id"], baselines=())).save(tmp_path / "saved")
    files = []
    for kind, suffix, rows in (
        ("plain", "npz", 50_000),
        ("packed", "npz", 50_000),
        ("frame", "parquet", 50_000),
        ("text", "csv", 8_000),
    ):
        for size, count in (("small", 600), ("large", rows)):
            x = np.random.default_rng(0).integers(0, 9, (count, signals)) / 10
            path = tmp_path / f"{kind}-{size}.{suffix}"
            if suffix == "npz":
                (np.savez if kind == "plain" else np.savez_compressed)(path, x=x)
            elif suffix == "parquet":
                pa.parquet.write_table(pa.table(dict(zip(names, x.T, strict=True))), path, row_group_size=2000)
            else:
                np.savetxt(path, x, delimiter=",", fmt="%.1f", header=",".join(names), comments="")
        files.append(f"{kind}:{kind}-small.{suffix}:{kind}-large.{suffix}")
    monkeypatch.chdir(tmp_path)
    process = Forked("tests.predictor.peaks:main", *files)
    said, complained = process.communicate(timeout=250)
    assert process.wait(0) == 0, complained
    for line, rows in zip(said.splitlines(), (50_000, 50_000, 50_000, 8_000), strict=True):
        kind, pieces, grown = line.split()
        assert int(pieces) >= rows // 256, kind
        assert int(grown) < ROOM, line
