"""Tables as people have them: what numbers the rows is not a signal, headers of numbers, coordinates, data frames and their files."""

from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from einspace import Task, load_task
from einspace.errors import DataError, TaskError
from einspace.reading.frames import read_frame_file
from einspace.reading.tables import read_table
from einspace.tasks import DataOptions

RNG = np.random.default_rng(0)
SIGNALS = RNG.normal(size=(40, 6)).round(3)
WORDS = np.array(["normal", "afib"])[np.sort(np.arange(40) % 2)]
HEAD = [f"t{number}" for number in range(6)]


def table(folder: Path, rows: list[list[Any]], separator: str = ",", name: str = "mine.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(separator.join(map(str, row)) for row in rows) + "\n")
    return path


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "id", "index", "ID", "Index"])
@pytest.mark.parametrize("start", [0, 1, 100])
def test_what_numbers_the_rows_is_left_out(tmp_path: Path, name: str, start: int) -> None:
    """Rows in the order of their classes, as they are often saved: their numbers would give the class away."""
    path = table(tmp_path, [[name, *HEAD, "label"], *([start + row, *SIGNALS[row], WORDS[row]] for row in range(40))])
    task = load_task(str(path))
    assert task.input.shape == (6, 1)
    assert f"column {name or '(without a name)'} numbers the rows: left out; --drop, or drop=[], says otherwise" in task.summary()
    assert np.allclose(read_table(path).pools["train"][0][:, :, 0], SIGNALS)
    assert Task.from_csv(path, drop=[]).input.shape == (7, 1)
    assert load_task(str(path), own=DataOptions(drop=())).input.shape == (7, 1)


def test_rows_that_are_numbered_without_a_header(tmp_path: Path) -> None:
    """The first column counts up."""
    path = table(tmp_path, [[row + 1, *SIGNALS[row], row % 2] for row in range(40)])
    assert Task.from_csv(path).input.shape == (6, 1)


def test_numbers_of_rows_in_another_order(tmp_path: Path) -> None:
    """An `id` of different whole numbers is left out; one that repeats is refused until somebody says what it is."""
    order = RNG.permutation(40)
    rows = [[order[row], *SIGNALS[row], WORDS[row]] for row in range(40)]
    assert Task.from_csv(table(tmp_path, [["id", *HEAD, "label"], *rows])).input.shape == (6, 1)
    path = table(tmp_path, [["id", *HEAD, "label"], *([row[0] % 5, *row[1:]] for row in rows)])
    with pytest.raises(TaskError, match=r"column id neither numbers the rows .* say drop=\['id'\] to leave it out, or drop=\[\]"):
        Task.from_csv(path)
    assert Task.from_csv(path, drop=["id"]).input.shape == (6, 1)


def test_columns_that_are_dropped(tmp_path: Path) -> None:
    """By name or number, words among them, and on the command line's terms."""
    path = table(tmp_path, [["who", *HEAD, "label"], *([f"p{row}", *SIGNALS[row], WORDS[row]] for row in range(40))])
    with pytest.raises(TaskError, match=r"'p0' is not a number.*--drop leaves others out"):
        load_task(str(path))
    every: list[Any] = [("who",), (0,), ("0",), (np.int64(0),)]
    for drop in every:
        assert Task.from_csv(path, drop=drop).input.shape == (6, 1)
    assert load_task(str(path), own=DataOptions(drop=("who", "t0"))).input.shape == (5, 1)
    with pytest.raises(TaskError, match="there is no column 'whom'"):
        Task.from_csv(path, drop=["whom"])


@pytest.mark.parametrize(
    "header",
    [
        ["0", "1", "2", "3", "4", "5", "label"],
        ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "class"],
        ["400", "500", "600", "700", "800", "900", "kind"],
    ],
)
def test_a_header_of_numbers(tmp_path: Path, header: list[str]) -> None:
    """Numbers that count up beside the name of the label's column are names, not a sample of a class called `label`."""
    task = Task.from_csv(table(tmp_path, [header, *([*SIGNALS[row], WORDS[row]] for row in range(40))]))
    assert task.labels == ("afib", "normal")
    assert sum(map(len, task.splits.values())) == 40


def test_a_header_of_nothing_but_numbers(tmp_path: Path) -> None:
    """0, 1, 2, ... are names, and the summary says so."""
    task = Task.from_csv(table(tmp_path, [[*range(7)], *([*SIGNALS[row], row % 2] for row in range(40))]))
    assert sum(map(len, task.splits.values())) == 40
    assert any("is read as names of columns" in doubt for doubt in task.doubts)


@pytest.mark.parametrize("activity", ["words", "numbers"])
def test_coordinates_with_an_activity(tmp_path: Path, activity: str) -> None:
    """Of x, y, z and an activity, `y` is a coordinate and the activity is the label; that rows may be steps is said first."""
    labels = WORDS if activity == "words" else np.arange(40) % 2
    rows = [[*SIGNALS[row, :3], labels[row]] for row in range(40)]
    task = Task.from_csv(table(tmp_path, [["x", "y", "z", "activity"], *rows]))
    assert (task.kind, task.classes, task.input.shape) == ("classification", 2, (3, 1))
    assert "rows are steps of a recording" in task.summary().splitlines()[0]
    moved = Task.from_csv(table(tmp_path, [["x", "y", "z", "mode"], *rows]))
    assert (moved.kind, moved.input.shape) == ("classification", (3, 1))


def test_two_columns_that_may_be_the_label(tmp_path: Path) -> None:
    """Both are named, with the option for the other."""
    rows = [[*SIGNALS[row], row % 3, row % 2] for row in range(40)]
    task = Task.from_csv(table(tmp_path, [[*HEAD, "class", "target"], *rows]))
    assert any("label: column class, by its name, but there is target too; say label=" in doubt for doubt in task.doubts)


def test_commas_between_thousands(tmp_path: Path) -> None:
    """Decimal commas that may be thousands are said; those that cannot be decimal are refused."""
    rows = [[*(f"1,{row:02d}{column}" for column in range(6)), WORDS[row]] for row in range(40)]
    task = Task.from_csv(table(tmp_path, [[*HEAD, "label"], *rows], ";"))
    assert "decimal commas: 1,000 is read as 1.000; if it is 1000" in task.summary().splitlines()[0]
    rows[3][2] = "1,234.5"
    with pytest.raises(TaskError, match=r"'1,234.5' has commas between its thousands"):
        Task.from_csv(table(tmp_path, [[*HEAD, "label"], *rows], ";"))


def test_two_columns_of_one_name(tmp_path: Path) -> None:
    """A label that is said by a name that two columns have is refused."""
    path = table(tmp_path, [["a", "a", "b"], *([*SIGNALS[row, :2], row % 2] for row in range(40))])
    with pytest.raises(TaskError, match="there are two columns 'a'"):
        Task.from_csv(path, label="a")


def test_two_signals_of_one_name(tmp_path: Path) -> None:
    """They are refused before the training: no table for predictions could say which of them is which."""
    path = table(tmp_path, [["a", "b", "c", "d", "b", "f", "label"], *([*SIGNALS[row], WORDS[row]] for row in range(40))])
    with pytest.raises(TaskError, match=r"columns 1, 4, from 0, are all called 'b': give each its name, or drop them by number"):
        Task.from_csv(path)
    assert Task.from_csv(path, drop=[4]).input.shape == (5, 1)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (("01", "1"), ("01", "1")),
        (("007", "07"), ("007", "07")),
        (("00", "0"), ("0", "00")),
        (("01", "02"), ("1", "2")),
        (("1", "2.0"), ("1", "2")),
    ],
)
def test_labels_with_zeros_in_front(tmp_path: Path, labels: tuple[str, str], classes: tuple[str, ...]) -> None:
    """Where two of them would be one number they are words, so that no class vanishes in another; else they are numbers."""
    path = table(tmp_path, [[*HEAD, "label"], *([*SIGNALS[row], labels[row % 2]] for row in range(40))])
    assert Task.from_csv(path).labels == classes


@pytest.mark.parametrize(("row", "column"), [(0, 6), (0, 1), (3, 6), (3, 2), (40, 6)])
def test_a_table_of_text_holds_no_nul(tmp_path: Path, row: int, column: int) -> None:
    """NumPy cuts it off at the end of a word, so that two labels would be one class; the row is that of an editor."""
    rows = [[*HEAD, "label"], *([*SIGNALS[number], WORDS[number]] for number in range(40))]
    rows[row][column] = f"{rows[row][column]}\0"
    with pytest.raises(TaskError, match=rf"mine.csv, row {row + 1}: holds the character NUL"):
        Task.from_csv(table(tmp_path, rows))


@pytest.mark.parametrize("suffix", ["parquet", "feather"])
def test_a_label_of_a_data_frame_holds_no_nul(tmp_path: Path, suffix: str) -> None:
    """In a frame in memory and in a file, by its row."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({**{name: SIGNALS[:, number] for number, name in enumerate(HEAD)}, "label": [*WORDS[:-1], "normal\0"]})
    getattr(frame, f"to_{suffix}")(tmp_path / f"mine.{suffix}")
    for given in (frame, tmp_path / f"mine.{suffix}"):
        with pytest.raises(TaskError, match=r"row 39, column label: 'normal\\x00' holds the character NUL"):
            Task.from_table(given)


def frames() -> dict[str, Any]:
    pandas = pytest.importorskip("pandas")
    pyarrow = pytest.importorskip("pyarrow")
    frame = pandas.DataFrame({"Unnamed: 0": range(40), **{name: SIGNALS[:, number] for number, name in enumerate(HEAD)}, "label": WORDS})
    return {
        "pandas": frame,
        "pandas, columns by number": pandas.DataFrame(np.column_stack([np.arange(40) % 2, SIGNALS])),
        "pandas, categories": frame.assign(label=frame["label"].astype("category")),
        "pandas of pyarrow": frame.convert_dtypes(dtype_backend="pyarrow"),
        "pandas, nullable": frame.convert_dtypes(),
        "pyarrow": pyarrow.Table.from_pandas(frame),
    }


def test_a_data_frame_of_polars() -> None:
    """As one of pandas."""
    import polars

    frame = polars.from_pandas(frames()["pandas"])
    assert Task.from_table(frame).input.shape == (6, 1)
    with pytest.raises(TaskError, match="a data frame in memory"):
        Task.from_table(frame.lazy())


@pytest.mark.parametrize("kind", ["pandas", "pandas, categories", "pandas of pyarrow", "pandas, nullable", "pyarrow"])
def test_a_data_frame_is_a_table(kind: str) -> None:
    """As a file of the same columns: numbers of rows left out, the label by its name, and the precision kept."""
    task = Task.from_table(frames()[kind], name="mine", shares=(0.5, 0.25, 0.25))
    assert (task.name, task.labels, task.input.shape) == ("mine", ("afib", "normal"), (6, 1))
    assert [len(split) for split in task.splits.values()] == [20, 10, 10]
    assert np.allclose(read_table(frames()[kind]).pools["train"][0][:, :, 0], SIGNALS)


def test_a_data_frame_without_names() -> None:
    """Columns by number, the label said by its own."""
    assert Task.from_table(frames()["pandas, columns by number"], label=0).input.shape == (6, 1)


@pytest.mark.parametrize("suffix", ["parquet", "feather", "arrow", "ipc"])
def test_files_of_data_frames(tmp_path: Path, suffix: str) -> None:
    """Parquet, Feather and Arrow files, by function and by path; a broken one is named."""
    pandas, pyarrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    frame, path = frames()["pandas"], tmp_path / f"mine.{suffix}"
    if suffix == "parquet":
        frame.to_parquet(path)
    elif suffix == "feather":
        frame.to_feather(path)
    else:
        whole = pyarrow.Table.from_pandas(frame)
        with path.open("wb") as file, (pyarrow.ipc.new_file if suffix == "arrow" else pyarrow.ipc.new_stream)(file, whole.schema) as out:
            out.write_table(whole)
    assert load_task(str(path)).input.shape == (6, 1)
    assert Task.from_table(path, label="label", drop=["Unnamed: 0", "t0"]).input.shape == (5, 1)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(TaskError, match=rf"mine\.{suffix}: cannot be read as a table"):
        load_task(str(path))
    assert pandas is not None


def test_series_in_the_cells_of_a_column() -> None:
    """A column whose cells hold a series each is the samples; cells of unlike lengths are named."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"signal": list(SIGNALS), "label": WORDS})
    assert Task.from_table(frame).input.shape == (6, 1)
    assert Task.from_table(pandas.DataFrame({"signal": [row.reshape(3, 2) for row in SIGNALS], "label": WORDS})).input.shape == (3, 2)
    frame.at[5, "signal"] = SIGNALS[5][:4]
    with pytest.raises(TaskError, match=r"table, row 5, column signal: is \(4,\), but the first is \(6,\)"):
        Task.from_table(frame)


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_missing_cells_of_a_data_frame(missing: Any) -> None:
    """By row and column, whether of a signal or of the label."""
    frame = frames()["pandas"]
    holed = frame.astype({"t3": object})
    holed.loc[7, "t3"] = missing
    with pytest.raises(TaskError, match="table, row 7, column t3: the cell is empty"):
        Task.from_table(holed)
    holed = frame.astype({"label": object})
    holed.loc[7, "label"] = missing
    with pytest.raises(TaskError, match="table, row 7, column label: there is no label"):
        Task.from_table(holed)


def test_what_is_no_data_frame() -> None:
    """One line says what is needed; columns of a frame are arrays."""
    pandas = pytest.importorskip("pandas")
    for given in ([1, 2], {"a": [1]}, None):
        with pytest.raises(TaskError, match="table: a data frame in memory, or a path to a file, is needed"):
            Task.from_table(given)
    with pytest.raises(TaskError, match=r"Task\.from_table reads tables"):
        Task.from_arrays(pandas.DataFrame(SIGNALS), WORDS)
    with pytest.raises(TaskError, match="table: Expected unique column names"):
        Task.from_table(pandas.DataFrame(SIGNALS[:, :2], columns=["a", "a"]))
    with pytest.raises(TaskError, match="the path of a file or folder is needed, not 3"):
        Task.from_npz(3)  # type: ignore[arg-type]
    assert Task.from_arrays(SIGNALS[:, :, None], pandas.Series(WORDS).astype("category")).labels == ("afib", "normal")


def test_precision_of_a_table(tmp_path: Path) -> None:
    """Seconds since 1970 keep their differences."""
    times = 1.7e9 + RNG.random((40, 6)).round(3)
    path = table(tmp_path, [[*HEAD, "label"], *([*map(repr, map(float, times[row])), WORDS[row]] for row in range(40))])
    assert np.array_equal(read_table(path).pools["train"][0][:, :, 0], times)
    assert len(np.unique(Task.from_csv(path).train.x)) > 100


@pytest.mark.parametrize("suffix", [".parquet", ".feather", ".arrow"])
def test_tables_that_unpack_to_more_than_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    """A file of some kilobytes that stands for a column of millions of values is refused by what it says of itself, before it is read."""
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import feather, parquet

    column = pyarrow.chunked_array([pyarrow.array(np.zeros(100_000))] * 20)
    table = pyarrow.table({"label": column, "a": column})
    path = tmp_path / f"a{suffix}"
    if suffix == ".parquet":
        parquet.write_table(table, path, compression="zstd")
    else:
        feather.write_feather(table, path, compression="zstd")
    assert path.stat().st_size < 200_000
    free = psutil.virtual_memory()._replace(available=30_000_000)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    with pytest.raises(DataError, match=r"a\.\w+: would unpack from [\d,]+ to 32,000,000 bytes or more, but at most 30,000,000 are read"):
        read_frame_file(path)


def test_texts_that_unpack_to_more_than_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is one whose few rows hold a long text each, once memory ends."""
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    words = pyarrow.DictionaryArray.from_arrays(pyarrow.array(np.zeros(4000, np.int32)), pyarrow.array(["x" * 500_000]))
    parquet.write_table(pyarrow.table({"label": words}), tmp_path / "a.parquet", store_schema=False)
    free = psutil.virtual_memory()._replace(available=300_000_000)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    with pytest.raises(DataError, match=r"a\.parquet: cannot be read as a table: \w+ of size [\d]+ failed"):
        read_frame_file(tmp_path / "a.parquet")
