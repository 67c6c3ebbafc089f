"""MATLAB's files, of which numbers are read."""

from math import prod
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from einspace.errors import DataError
from einspace.files.border import Meter, reading

_WIDEST = 8
"""Bytes of a number at most."""


def read_mat(path: Path, names: tuple[str, ...], limit: int | None = None) -> dict[str, NDArray[Any]]:
    """Some arrays of numbers of a .mat file of format 5, by name; raises DataError for what is missing or no number.

    What a packed array unpacks to is looked up before it is read.
    """
    from scipy.io import loadmat, whosmat
    from scipy.io.matlab import MatReadError

    with reading(path, "a file of MATLAB's"):
        try:
            told = {name: (shape, kind) for name, shape, kind in whosmat(path)}
        except NotImplementedError:
            raise DataError(f"{path}: is of MATLAB's format 7.3, not 5: write it anew with scipy.io.savemat") from None
        except MatReadError as error:
            raise ValueError(str(error)) from None
        meter = Meter(path, path.stat().st_size, limit)
        for name in names:
            shape, kind = told.get(name, ((), "nothing"))
            if kind not in ("double", "single", "logical") and not kind.startswith(("int", "uint")):
                raise DataError(f"{path}: must hold {name}, an array of numbers, not {kind}")
            meter.count(prod(shape) * _WIDEST)
        whole = loadmat(path, variable_names=list(names))
        return {name: whole[name] for name in names}
