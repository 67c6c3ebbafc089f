"""Pickles of arrays and plain values; no class or function is ever looked up."""

import io
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from einspace.errors import DataError
from einspace.files.guarded import Meter, reading
from einspace.files.machine import Counted, Machine
from einspace.files.packed import opened
from einspace.files.rebuilding import Refused


def read_pickle(path: Path, limit: int | None = None) -> Any:
    """The value in a pickle file, gzipped if its name ends so; raises DataError as `unpickle` does."""
    with opened(path, limit) as stream:
        return _load(stream, path, path.stat().st_size, limit)


def unpickle(content: bytes, name: object, limit: int | None = None) -> Any:
    """The value in a pickle of plain values, tuples, lists, dictionaries and arrays; raises DataError, with `name`, for all else.

    Strings that Python 2 wrote are read as latin-1. `limit` is in bytes of memory, None for what there is.
    """
    return _load(io.BytesIO(content), name, len(content), limit)


def numbers(value: Any, name: object) -> NDArray[Any]:
    """An array as it is, or a list of numbers as one; raises DataError for lists in lists: a few bytes can make some without an end."""
    if isinstance(value, list | tuple) and all(isinstance(item, int | float | np.number) for item in value):
        return np.asarray(value)
    if not isinstance(value, np.ndarray):
        raise DataError(f"{name}: must be an array, or a list of numbers, not {type(value).__name__}")
    return value


def by_name(value: Any) -> dict[str, Any]:
    """A dictionary whose keys are texts, also where they were bytes; empty for any other value."""
    if not isinstance(value, dict):
        return {}
    return {key.decode("latin1") if isinstance(key, bytes) else str(key): item for key, item in value.items()}


def _load(stream: IO[bytes], name: object, packed: int, limit: int | None) -> Any:
    try:
        with reading(name, "a pickle"):
            return Machine(Counted(stream, Meter(name, packed, limit))).load()
    except Refused as error:
        raise DataError(f"{name}: is refused: its pickle wants {error}, and only arrays and plain values are read") from None
