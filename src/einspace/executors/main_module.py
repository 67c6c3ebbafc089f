"""Main module: workers import the program that started them only if their work refers to it, and only if that is safe.

multiprocessing has every process import the `__main__` of its parent. A script without `if __name__ == "__main__":` would start itself
again, and standard input or a notebook cannot be imported at all.
"""

import ast
import inspect
import io
import os
import pickle
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from einspace.errors import SettingError


def check_sendable(thing: object) -> bool:
    """True if an object refers to this program's `__main__`.

    Raises SettingError if workers cannot import everything that it refers to, such as an objective, or the operations of a grammar.
    """
    found = _References()
    try:
        found.dump(thing)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise SettingError(f"worker processes cannot import what they need: {error}; define it at the top of a module") from None
    if found.names:
        _check_importable(", ".join(sorted(found.names)))
    return bool(found.names)


@contextmanager
def hidden() -> Iterator[None]:
    """Keep processes that are started in the block from importing `__main__`: a module without a file takes its place."""
    main = sys.modules["__main__"]
    place = ModuleType("__main__")

    def lookup(name: str) -> Any:  # for other threads of this program
        if name == "__file__":
            raise AttributeError(name)
        return getattr(main, name)

    place.__getattr__ = lookup  # type: ignore[method-assign]
    sys.modules["__main__"] = place
    try:
        yield
    finally:
        sys.modules["__main__"] = main


class _References(pickle.Pickler):
    """Finds the names of `__main__` that something refers to. Arrays refer to nothing, and may be large."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO())
        self.names: set[str] = set()

    def reducer_override(self, thing: Any) -> Any:
        if isinstance(thing, np.ndarray) and not thing.dtype.hasobject:
            return bytes, ()
        if isinstance(thing, type | FunctionType) and thing.__module__ == "__main__":
            self.names.add(thing.__qualname__)
        return NotImplemented


def _check_importable(names: str) -> None:
    """Raise SettingError if a worker cannot import `__main__`, or would start everything again by doing so."""
    main = sys.modules["__main__"]
    file = getattr(main, "__file__", None)
    if file is None or not os.path.isfile(file):
        raise SettingError(f"worker processes cannot import {names} from an interactive session or standard input: put it into a file")
    if Path(file).name == "__main__.py":
        raise SettingError(f"worker processes cannot import {names} from {file}: put it into another module of the package")
    guards = [(node.lineno, node.end_lineno or 0) for node in ast.parse(Path(file).read_bytes()).body if _is_guard(node)]
    line = _line_of(main)
    if not guards or (line is not None and not any(first <= line <= last for first, last in guards)):
        raise SettingError(
            f"worker processes import {names} from {file}, which would start everything again: "
            'put whatever it does under `if __name__ == "__main__":`'
        )


def _is_guard(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and any(isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(node.test))


def _line_of(module: ModuleType) -> int | None:
    """The line of a module that this thread executes, if it is one of the module's top-level statements."""
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_globals is vars(module):
            return frame.f_lineno
        frame = frame.f_back
    return None
