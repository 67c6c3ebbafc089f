"""The machine that a pickle is a program for, with few of its instructions.

`pickle.Unpickler` with a list of the names that it may look up is not enough: a key of tuples in tuples overflows its stack, which ends the
process, and the number of a memo makes it take gigabytes (`tests/files/test_pickles.py` shows both). Here each instruction is counted as
an object, for a few packed bytes can make millions; what a name stands for is made by hand; and any instruction that puts together
something else than plain values, lists, dictionaries and arrays is refused.
"""

import ast
import pickletools
from collections.abc import Callable
from typing import IO, Any, cast

import numpy as np

from einspace.files.guarded import Meter
from einspace.files.rebuilding import MAKERS, SHOWN, Kind, Maker, Refused, checked

_OPCODES = {opcode.code.encode("latin1"): opcode for opcode in pickletools.opcodes}
_VALUES = {
    opcode.name
    for opcode in pickletools.opcodes
    if opcode.arg is not None and not opcode.stack_before and any(made.obtype is not object for made in opcode.stack_after)
}
"""Instructions that put the number, the bytes or the text that follows them on the stack."""

_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}

_KEYS = (str, bytes, int, float, bool, type(None))
"""The types that a key may have: the hash of nested tuples overflows the stack."""

_OBJECT = 100
"""Bytes that an instruction counts for."""


class Counted:
    """The instructions of a pickle: one of a byte is an object, a longer reading is a value of its size."""

    def __init__(self, stream: IO[bytes], meter: Meter) -> None:
        self.stream, self.meter = stream, meter

    def read(self, size: int) -> bytes:
        """Read so many bytes, or fewer at the end."""
        self.meter.count(_OBJECT if size == 1 else size)
        return self.stream.read(size)

    def readline(self) -> bytes:
        """Read up to the end of the line."""
        line = self.stream.readline()
        self.meter.count(len(line))
        return line


class Machine:
    """A stack, the stacks that marks have put aside, and a memo; `load` runs the instructions and gives what is left on the stack."""

    def __init__(self, stream: Counted) -> None:
        self.stream = stream
        self.stack: list[Any] = []
        self.aside: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def load(self) -> Any:
        """The value in the pickle; raises Refused for anything but a plain value, and the errors of `guarded.BROKEN` for damage."""
        while code := self.stream.read(1):
            opcode = _OPCODES[code]
            name = opcode.name
            if name == "STOP":
                return self.stack.pop()
            if name in _CONSTANTS:
                self.stack.append(_CONSTANTS[name])
                continue
            act = _ACTIONS.get(name)
            if act is None and name not in _VALUES:
                raise Refused(f"the instruction {name}")
            argument = self._argument(opcode)
            if act is None:
                self.stack.append(argument)
            else:
                act(self, argument)
        raise EOFError

    def _argument(self, opcode: pickletools.OpcodeInfo) -> Any:
        """The argument of an instruction; texts of Python 2 are latin-1, and a bytearray, which NumPy writes for an array, is bytes."""
        if opcode.name == "STRING":
            text = self.stream.readline().decode("ascii").strip()
            if text[:1] not in ("'", '"'):
                raise ValueError("a text has no quotes")
            return cast(bytes, ast.literal_eval(f"b{text}")).decode("latin1")
        argument = None if opcode.arg is None else opcode.arg.reader(cast(IO[bytes], self.stream))
        return bytes(argument) if isinstance(argument, bytearray) else argument

    def since_mark(self) -> list[Any]:
        """The values since the last mark, which goes with them."""
        items, self.stack = self.stack, self.aside.pop()
        return items

    def mark(self, _: Any) -> None:
        """Put the stack aside."""
        self.aside.append(self.stack)
        self.stack = []

    def pop(self, _: Any) -> None:
        """Drop the last value, or the last mark."""
        if self.stack:
            self.stack.pop()
        else:
            self.since_mark()

    def look_up(self, name: str | None) -> None:
        """The stand-in for a name of two parts; raises Refused for a name of anything that does not rebuild arrays."""
        last = self.stack.pop() if name is None else None
        module, attribute = (self.stack.pop(), last) if name is None else name.split(" ", 1)
        if type(module) is not str or type(attribute) is not str:
            raise Refused(f"a name of {type(module).__name__} and {type(attribute).__name__}")
        if (module, attribute) not in MAKERS:
            raise Refused(f"{module[:SHOWN]}.{attribute[:SHOWN]}")
        self.stack.append(MAKERS[module, attribute])

    def call(self, _: Any) -> None:
        """Call the maker that a name stands for."""
        given, maker = self.stack.pop(), self.stack.pop()
        if not isinstance(maker, Maker) or not isinstance(given, tuple):
            raise Refused(f"to call {type(maker).__name__}")
        self.stack.append(maker.make(*given))

    def fill(self, _: Any) -> None:
        """Fill a type or an array."""
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, Kind):
            target.fill(state)
        elif isinstance(target, np.ndarray) and isinstance(state, tuple) and len(state) == 5:
            shape, dtype, content = checked(state[1], state[2], state[4])
            target.__setstate__((1, shape, dtype, int(bool(state[3])), content))  # type: ignore[arg-type]
        else:
            raise Refused(f"to fill {type(target).__name__}")

    def extend(self, items: list[Any]) -> None:
        """Append values to a list."""
        target = self.stack[-1]
        if type(target) is not list:
            raise Refused(f"to append to {type(target).__name__}")
        target.extend(items)

    def put(self, items: list[Any]) -> None:
        """Put keys and their values into a dictionary."""
        target = self.stack[-1]
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(target) is not dict or type(key) not in _KEYS:
                raise Refused(f"the key {type(key).__name__} in {type(target).__name__}")
            target[key] = value

    def push(self, value: Any) -> None:
        """Put a value on the stack."""
        self.stack.append(value)

    def take(self, count: int) -> list[Any]:
        """The last values, off the stack."""
        if len(self.stack) < count:
            raise IndexError("the stack is too short")
        items = self.stack[-count:]
        del self.stack[-count:]
        return items

    def keep(self, place: int | None) -> None:
        """Note the last value in the memo."""
        self.memo[len(self.memo) if place is None else place] = self.stack[-1]

    def dictionary(self, _: Any) -> None:
        """Make a dictionary of all items since the mark."""
        items = self.since_mark()
        self.stack.append({})
        self.put(items)


def _same(_: Machine, __: Any) -> None:
    """Skip a version or the length of a frame, neither of which changes the value."""


_Action = Callable[[Machine, Any], None]
_ACTIONS: dict[str, _Action] = {
    "PROTO": _same,
    "FRAME": _same,
    "MARK": Machine.mark,
    "POP": Machine.pop,
    "POP_MARK": lambda machine, _: machine.since_mark().clear(),
    "DUP": lambda machine, _: machine.push(machine.stack[-1]),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "LIST": lambda machine, _: machine.push(machine.since_mark()),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.since_mark())),
    "TUPLE1": lambda machine, _: machine.push(tuple(machine.take(1))),
    "TUPLE2": lambda machine, _: machine.push(tuple(machine.take(2))),
    "TUPLE3": lambda machine, _: machine.push(tuple(machine.take(3))),
    "DICT": Machine.dictionary,
    "APPEND": lambda machine, _: machine.extend(machine.take(1)),
    "APPENDS": lambda machine, _: machine.extend(machine.since_mark()),
    "SETITEM": lambda machine, _: machine.put(machine.take(2)),
    "SETITEMS": lambda machine, _: machine.put(machine.since_mark()),
    "GLOBAL": Machine.look_up,
    "STACK_GLOBAL": Machine.look_up,
    "REDUCE": Machine.call,
    "BUILD": Machine.fill,
}
for _name in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
    _ACTIONS[_name] = Machine.keep
for _name in ("GET", "BINGET", "LONG_BINGET"):
    _ACTIONS[_name] = lambda machine, place: machine.push(machine.memo[place])
