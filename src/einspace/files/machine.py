"""The machine that a pickle is a program for, with few of its instructions.

Those that put plain values together are Python's own; to call something and to fill something are done by hand, and the others are refused.
Each instruction is counted as an object, for a few packed bytes can make millions.
"""

import pickle
import pickletools
import re
import struct
from collections.abc import Callable
from typing import IO, Any, NoReturn

import numpy as np

from einspace.files.border import Meter
from einspace.files.rebuilding import MAKERS, Kind, Maker, Refused, checked

_PLAIN = re.findall(
    r"\w+",
    "PROTO STOP MARK POP POP_MARK DUP NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT "
    "STRING BINSTRING SHORT_BINSTRING BINBYTES BINBYTES8 SHORT_BINBYTES UNICODE BINUNICODE BINUNICODE8 SHORT_BINUNICODE "
    "TUPLE EMPTY_TUPLE TUPLE1 TUPLE2 TUPLE3 LIST EMPTY_LIST APPEND APPENDS EMPTY_DICT "
    "PUT BINPUT LONG_BINPUT MEMOIZE GET BINGET LONG_BINGET GLOBAL STACK_GLOBAL",
)
"""Instructions that are Python's own."""

_KEYS = (str, bytes, int, float, bool, type(None))
"""What a key may be: the hash of nested tuples overflows the stack."""

_OBJECT = 100
"""Bytes that an instruction counts for."""


class Counted:
    """The instructions of a pickle: one of a byte is an object, a longer reading is a value of its size."""

    def __init__(self, stream: IO[bytes], meter: Meter) -> None:
        self.stream, self.meter = stream, meter

    def read(self, size: int) -> bytes:
        """So many bytes, or fewer at the end."""
        self.meter.count(_OBJECT if size == 1 else size)
        return self.stream.read(size)

    def readline(self) -> bytes:
        """Up to the end of the line."""
        line = self.stream.readline()
        self.meter.count(len(line))
        return line


class Machine(pickle._Unpickler):
    """Python's own machine in Python, with the instructions of this module only."""

    stack: list[Any]

    def __init__(self, file: Counted) -> None:
        super().__init__(file, encoding="latin1")

    def find_class(self, module: str, name: str) -> Any:
        """What stands for a name; raises Refused for one of nothing that rebuilds arrays."""
        if (module, name) not in MAKERS:
            raise Refused(f"{module}.{name}")
        return MAKERS[module, name]

    def frame(self) -> None:
        """A frame is only a way to read faster."""
        self.read(8)  # type: ignore[attr-defined]

    def bytearray8(self) -> None:
        """What NumPy writes for the content of an array that can be written to."""
        (size,) = struct.unpack("<Q", self.read(8))  # type: ignore[attr-defined]
        self.stack.append(self.read(size))  # type: ignore[attr-defined]

    def call(self) -> None:
        """Make what a name stands for."""
        given, maker = self.stack.pop(), self.stack.pop()
        if not isinstance(maker, Maker) or not isinstance(given, tuple):
            raise Refused(f"to call {type(maker).__name__}")
        self.stack.append(maker.make(*given))

    def fill(self) -> None:
        """Fill a type or an array."""
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, Kind):
            target.fill(state)
        elif isinstance(target, np.ndarray) and isinstance(state, tuple) and len(state) == 5:
            shape, dtype, content = checked(state[1], state[2], state[4])
            target.__setstate__((1, shape, dtype, int(bool(state[3])), content))  # type: ignore[arg-type]
        else:
            raise Refused(f"to fill {type(target).__name__}")

    def item(self) -> None:
        """Put one item into a dictionary."""
        value, key = self.stack.pop(), self.stack.pop()
        self._put([key, value])

    def items(self) -> None:
        """Put all items since the mark into a dictionary."""
        self._put(self.pop_mark())  # type: ignore[attr-defined]

    def dictionary(self) -> None:
        """Make a dictionary of all items since the mark."""
        items = self.pop_mark()  # type: ignore[attr-defined]
        self.stack.append({})
        self._put(items)

    def _put(self, items: list[Any]) -> None:
        target = self.stack[-1]
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(target) is not dict or type(key) not in _KEYS:
                raise Refused(f"the key {type(key).__name__} in {type(target).__name__}")
            target[key] = value


def _refusing(name: str) -> Callable[[Any], NoReturn]:
    def refuse(_: Any) -> NoReturn:
        raise Refused(f"the instruction {name}")

    return refuse


_OWN: dict[str, Callable[[Any], None]] = {
    "FRAME": Machine.frame,
    "BYTEARRAY8": Machine.bytearray8,
    "REDUCE": Machine.call,
    "BUILD": Machine.fill,
    "SETITEM": Machine.item,
    "SETITEMS": Machine.items,
    "DICT": Machine.dictionary,
}
_PYTHONS: dict[int, Callable[[Any], None]] = dict(pickle._Unpickler.dispatch)
Machine.dispatch = {}
for _known in pickletools.opcodes:
    _code = ord(_known.code)
    Machine.dispatch[_code] = _OWN.get(_known.name) or (_PYTHONS[_code] if _known.name in _PLAIN else _refusing(_known.name))
