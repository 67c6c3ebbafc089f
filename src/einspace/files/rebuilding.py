"""Functions that rebuild an array in a pickle: our own, by name, so that no name of the file is ever looked up."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from einspace.files.arrays import KINDS

_CODE = re.compile(rf"[{KINDS}]\d{{1,9}}")


SHOWN = 60
"""Characters of a text that a message shows."""

MOST_AXES = 64
"""Axes that an array of NumPy's may have."""


class Refused(Exception):
    """The pickle holds something that is not an array or a plain value."""


@dataclass(frozen=True)
class Maker:
    """The stand-ins for names in a pickle."""

    make: Callable[..., Any]


@dataclass(eq=False)
class Kind:
    """A type of NumPy's in the making: `code` as in f4."""

    dtype: np.dtype[Any]

    def fill(self, state: Any) -> None:
        """Set the byte order; raises Refused for an unknown order, and for a type that has parts."""
        if not isinstance(state, tuple) or len(state) < 5 or any(part is not None for part in state[2:5]):
            raise Refused("a type with parts")
        order = state[1]
        if type(order) is not str or order not in ("<", ">", "=", "|"):
            raise Refused(f"the order of bytes {_shown(order)}")
        self.dtype = self.dtype.newbyteorder(order)  # type: ignore[arg-type]


def _shown(value: Any) -> str:
    """A text, cut; of any other value its type, since the text of a small list that holds one list again and again has no bound."""
    return repr(value[:SHOWN]) if type(value) is str else type(value).__name__


def _kind(code: Any, *_: Any) -> Kind:
    if type(code) is not str or _CODE.fullmatch(code) is None:
        raise Refused(f"the type {_shown(code)}")
    return Kind(np.dtype(code))


def checked(shape: Any, kind: Any, raw: Any) -> tuple[tuple[int, ...], np.dtype[Any], bytes]:
    """Shape, type and content of an array that fit together; raises ValueError or Refused."""
    if not isinstance(kind, Kind) or not isinstance(shape, tuple) or not all(type(size) is int and 0 <= size < 2**63 for size in shape):
        raise Refused("an array of something else than numbers")
    if len(shape) > MOST_AXES:
        raise Refused(f"an array of {len(shape):,} axes")
    content = raw.encode("latin1") if isinstance(raw, str) else raw
    need = prod(shape) * kind.dtype.itemsize
    if not isinstance(content, bytes) or len(content) != need:
        raise ValueError(f"an array {shape} of {kind.dtype} needs {need:,} bytes")
    return shape, kind.dtype, content


def _array(raw: Any, kind: Any, shape: Any, order: Any) -> NDArray[Any]:
    shape, dtype, content = checked(shape, kind, raw)
    return np.ndarray(shape, dtype, content, order="F" if order == "F" else "C").copy("A")


def _empty(kind: Any, *_: Any) -> NDArray[Any]:
    """An array that is filled later."""
    if kind is not _NDARRAY:
        raise Refused("an array of another class")
    return np.empty(0, np.int8)


def _encoded(text: Any, encoding: Any) -> bytes:
    """The bytes of a text in latin-1, as Python 3 writes bytes for Python 2; no other codec is looked up."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise Refused(f"the codec {_shown(encoding)}")
    return text.encode("latin1")


def _uncalled(*_: Any) -> NoReturn:
    raise Refused("an array without content")


_NDARRAY = Maker(_uncalled)
MAKERS = {
    ("numpy", "ndarray"): _NDARRAY,
    ("numpy", "dtype"): Maker(_kind),
    ("_codecs", "encode"): Maker(_encoded),
    ("__builtin__", "bytes"): Maker(lambda: b""),
}
for _core in ("numpy.core", "numpy._core"):
    MAKERS[f"{_core}.multiarray", "_reconstruct"] = Maker(_empty)
    MAKERS[f"{_core}.multiarray", "scalar"] = Maker(lambda kind, raw: _array(raw, kind, (), "C")[()])
    MAKERS[f"{_core}.numeric", "_frombuffer"] = Maker(_array)
