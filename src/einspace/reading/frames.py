"""Data frames: those of pandas, polars, pyarrow and others that narwhals knows, and Parquet and Arrow files."""

from math import isnan
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
from narwhals.exceptions import DuplicateError
from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.files.border import Meter, reading
from einspace.memory import capped
from einspace.reading.columns import Table
from einspace.regular import size_of

FRAMES = (".parquet", ".pq", ".arrow", ".feather", ".ipc")
"""Suffixes of files that hold a data frame."""

_VALUE = 8
"""Bytes of a value that was read: a number in double precision, or the address of a text."""


def read_frame(given: Any, where: str) -> Table:
    """The columns of a data frame in memory; raises TaskError for anything else, such as a lazy one."""
    try:
        frame = nw.from_native(given, eager_only=True)
    except DuplicateError as error:
        raise TaskError(f"{where}: {' '.join(str(error).split())}") from None
    except TypeError:
        kind = f"{type(given).__module__}.{type(given).__qualname__}".removeprefix("builtins.")
        raise TaskError(f"{where}: a data frame in memory, or a path to a file, is needed, not {kind}") from None
    if not frame.columns or not len(frame):
        raise TaskError(f"{where}: the data frame has {len(frame)} rows and {len(frame.columns)} columns")
    return Table(where, [str(name) for name in frame.columns], [_column(frame.get_column(name)) for name in frame.columns], True, 0)


def read_frame_file(path: Path) -> Table:
    """The columns of a Parquet, Arrow or Feather file; raises DataError for one that cannot be read, or that memory cannot hold.

    A few bytes can stand for a column of any length. How many rows there are is looked up first, where a file says it, and what it
    unpacks to is bound as it is read.
    """
    try:
        from pyarrow import dataset, feather, ipc, parquet
    except ImportError:
        raise TaskError(f"{path}: such files are read with pyarrow: pip install 'einspace[arrow]'") from None
    suffix = path.suffix.lower()
    with reading(path, "a table"), capped():
        with path.open("rb") as file:
            stream = suffix not in (".parquet", ".pq") and file.read(6) not in (b"ARROW1", b"FEA1")
        if stream:
            with path.open("rb") as file:
                return read_frame(ipc.open_stream(file).read_all(), str(path))
        found = dataset.dataset(path, format="parquet" if suffix in (".parquet", ".pq") else "feather")
        values = found.count_rows() * len(found.schema)
        Meter(path, size_of(path)).count(_VALUE * values, f"that are its {values:,} values")
        if suffix in (".parquet", ".pq"):
            return read_frame(parquet.read_table(path, memory_map=True), str(path))
        return read_frame(feather.read_table(path), str(path))


def _column(series: Any) -> NDArray[Any]:
    """A column as numbers where it is of those and complete, as its values otherwise."""
    dtype = series.dtype
    if ((dtype.is_numeric() and not dtype.is_decimal()) or dtype == nw.Boolean) and not series.is_null().any():
        return np.asarray(series.to_numpy())
    values = series.to_list()
    found = np.empty(len(values), object)
    for number, value in enumerate(values):
        found[number] = None if isinstance(value, float) and isnan(value) else value  # nan is a missing value in pandas
    return found
