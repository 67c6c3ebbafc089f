"""Data frames: those of pandas, polars, pyarrow and others that narwhals knows, and Parquet and Arrow files."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
from narwhals.exceptions import DuplicateError
from numpy.typing import NDArray

from einspace.disk.regular import size_of
from einspace.errors import TaskError
from einspace.files.guarded import Meter, reading
from einspace.memory import capped
from einspace.quantities import counted
from einspace.reading.columns import Table

PARQUET = (".parquet", ".pq")
"""Suffixes of Parquet files."""

BUFFER = 2**16
"""Bytes of each column of a Parquet file that are read ahead."""

FRAMES = (*PARQUET, ".arrow", ".feather", ".ipc")
"""Suffixes of files that hold a data frame."""

_INDEX = re.compile(r"__index_level_\d+__")
"""Columns that pandas adds to Arrow files for an index without a name. They are no data: they hold the rows' old numbers."""

_VALUE = 8
"""Bytes of a value that was read: a number in double precision, or the address of a text."""


def is_frame(given: Any) -> bool:
    """True if an object is a data frame, also one that `read_frame` refuses."""
    try:
        return isinstance(nw.from_native(given, pass_through=True), nw.DataFrame | nw.LazyFrame)
    except DuplicateError:
        return True


def framed(rows: Sequence[Any]) -> Any:
    """The data frame of rows that were taken out of one of pandas, by the names of their cells; a cell that is missing is NaN."""
    from narwhals.dependencies import get_pandas

    pandas = get_pandas()  # it is there, since the rows are its own
    return pandas.DataFrame(rows).infer_objects()


def read_frame(given: Any, where: str) -> Table:
    """The columns of a data frame in memory; raises TaskError for anything else, such as a lazy one."""
    try:
        frame = nw.from_native(given, eager_only=True)
    except DuplicateError as error:
        raise TaskError(f"{where}: {' '.join(str(error).split())}") from None
    except TypeError:
        kind = f"{type(given).__module__}.{type(given).__qualname__}".removeprefix("builtins.")
        raise TaskError(f"{where}: a data frame in memory, or a path to a file, is needed, not {kind}") from None
    names = _without_index(frame.columns)
    if not names or not len(frame):
        raise TaskError(f"{where}: the data frame has {counted(len(frame), 'row')} and {counted(len(names), 'column')}")
    return Table(where, [str(name) for name in names], [_column(frame.get_column(name)) for name in names], True, 0)


@dataclass(frozen=True)
class FrameFile:
    """A Parquet, Arrow or Feather file whose rows are read one after the other."""

    path: Path
    names: list[str]
    count: int
    named: bool = True

    @property
    def where(self) -> str:
        """Its name in errors."""
        return str(self.path)

    def __len__(self) -> int:
        return self.count

    def pieces(self, columns: Sequence[int], size: int) -> Iterator[Table]:
        """Some of the columns, at most so many rows at a time; raises DataError for a file that is damaged."""
        chosen, start = [self.names[column] for column in columns], 0
        with reading(self.path, "a table"):
            for batch in _batches(self.path, chosen, size):
                piece = read_frame(batch, self.where)
                yield replace(piece, first=start)
                start += len(piece)


def open_frame_file(path: Path) -> FrameFile:
    """The names of the columns of a Parquet, Arrow or Feather file, and how many rows it has; raises DataError as `read_frame_file`."""
    arrow = _arrow(path)
    with reading(path, "a table"):
        if path.suffix.lower() in PARQUET:
            with arrow.parquet.ParquetFile(path) as file:
                names, count = file.schema_arrow.names, file.metadata.num_rows
        else:
            names, count = [], 0
            for batch in _record_batches(path):
                names, count = batch.schema.names, count + batch.num_rows
    names = _without_index(names)
    if not names or not count:
        raise TaskError(f"{path}: the data frame has {counted(count, 'row')} and {counted(len(names), 'column')}")
    return FrameFile(path, [str(name) for name in names], count)


def read_frame_file(path: Path) -> Table:
    """The columns of a Parquet, Arrow or Feather file; raises DataError for one that cannot be read, or that memory cannot hold.

    A few bytes can stand for a column of any length: how many values there are is looked up first, and what they unpack to is bound as
    they are read.
    """
    arrow = _arrow(path)
    with reading(path, "a table"), capped():
        found = open_frame_file(path)
        values = found.count * len(found.names)
        Meter(path, size_of(path)).count(_VALUE * values, f"that are its {values:,} values")
        if path.suffix.lower() in PARQUET:
            return read_frame(arrow.parquet.read_table(path, memory_map=True), str(path))
        batches = list(_record_batches(path))
        if not batches:
            raise TaskError(f"{path}: the data frame has 0 rows")
        return read_frame(arrow.Table.from_batches(batches), str(path))


def _without_index(names: Iterable[Any]) -> list[Any]:
    """The names of columns but for those of an index."""
    return [name for name in names if not _INDEX.fullmatch(str(name))]


def _arrow(path: Path) -> Any:
    """The library that reads such files."""
    try:
        import pyarrow.feather
        import pyarrow.ipc
        import pyarrow.parquet
    except ImportError:
        raise TaskError(f"{path}: such files are read with pyarrow: pip install 'einspace[arrow]'") from None
    return pyarrow


def _batches(path: Path, names: list[str], size: int) -> Iterator[Any]:
    """Tables of some columns, in that order, and of one row or more."""
    arrow = _arrow(path)
    if path.suffix.lower() in PARQUET:
        with arrow.parquet.ParquetFile(path, buffer_size=BUFFER, pre_buffer=False) as file:
            yield from (
                arrow.Table.from_batches([batch.select(names)])
                for batch in file.iter_batches(size, columns=names, use_threads=False)
                if batch.num_rows
            )
        return
    for batch in _record_batches(path):
        whole = arrow.Table.from_batches([batch.select(names)])
        yield from (whole.slice(start, size) for start in range(0, batch.num_rows, size))


def _record_batches(path: Path) -> Iterator[Any]:
    """The record batches of an Arrow file, an Arrow stream or a Feather file, one after the other."""
    arrow = _arrow(path)
    with arrow.memory_map(str(path)) as source:
        beginning = source.read(6)
        source.seek(0)
        if beginning.startswith(b"FEA1"):  # the first version of Feather, which has no pieces
            yield from arrow.feather.read_table(source).to_batches()
        elif beginning == b"ARROW1":
            file = arrow.ipc.open_file(source)
            yield from (file.get_batch(number) for number in range(file.num_record_batches))
        else:
            yield from arrow.ipc.open_stream(source)


def _column(series: Any) -> NDArray[Any]:
    """A column as numbers where it is of those and complete, as its values otherwise, None where one is missing."""
    dtype, missing = series.dtype, series.is_null()
    if ((dtype.is_numeric() and not dtype.is_decimal()) or dtype == nw.Boolean) and not missing.any():
        return np.asarray(series.to_numpy())
    found = np.empty(len(series), object)
    for number, (value, is_missing) in enumerate(zip(series.to_list(), missing.to_list(), strict=True)):
        found[number] = None if is_missing else value  # pandas has nan, NA and NaT for a missing value
    return found
