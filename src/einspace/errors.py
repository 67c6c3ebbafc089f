"""The types of errors. Every error of this tree is a mistake in the input; anything else is our bug.

    EinspaceError
    ├── ShapeError         an operation does not accept the features that reach it (section 3.6)
    ├── NotationError      a text is not a derivation, or no shape; shows the place with a caret
    ├── GrammarError       a grammar cannot be used as it is
    ├── LimitError         limits that contradict themselves, or that sampling cannot meet
    ├── MutationError      no valid, new child was found within the allowed tries
    ├── UnknownNameError   a name that is not in a registry; names the nearest that is
    ├── SettingError       an option with a value that makes no sense
    │   └── StrategyError  a strategy of the user's that raises, or whose answer is not a proposal
    ├── TaskError          data that cannot be used as a task
    │   └── DataError      files of data that cannot be read, built or written
    ├── NetworkError       an architecture, a head, weights and a task that do not fit together, or a module that does not fit the space
    ├── ExportError        a network that cannot be written in a format, or a file that cannot be written
    └── RunError           a run's folder or storage that cannot be used
        └── StorageError   a database that cannot be reached, read or written (any more); the run goes on once it can

The command line prints such an error as one message and exits with code 2.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

from einspace.echo import escaped, replaced

SHOWN = 8
"""Features that a message shows at most."""

DAMAGE = (ValueError, TypeError, LookupError, AttributeError, AssertionError, OverflowError)
"""Exceptions for stored contents that make no sense, from whatever reads them."""


def cut(text: str) -> str:
    """At most 80 characters of a text that a message shows."""
    return text if len(text) <= 80 else text[:79] + "…"


def in_one_line(error: BaseException) -> str:
    """The message of an error, at most 200 characters of it, or its type where there is none."""
    return " ".join(str(error).split())[:200] or type(error).__name__


class EinspaceError(Exception):
    """The base of all errors that tell a user what to change.

    Its arguments are the lines of the message. Names and texts of others in them are shown with their control characters escaped, so that
    none begins a line of its own or writes to the terminal.
    """

    def __str__(self) -> str:
        return "\n".join(escaped(str(line), keep="\t") for line in self.args)


class ShapeError(EinspaceError):
    """An operation does not accept the features that reach it.

    The message is put together only when it is read: sampling raises thousands of these a second.

    Args:
        operation: The operation, or its text.
        requirement: What the operation needs, such as "one input".
        features: The features that reach it.
    """

    def __init__(self, operation: object, requirement: str, features: Sequence[object]) -> None:
        super().__init__(operation, requirement, features)
        self.operation = operation
        self.requirement = requirement
        self.features = tuple(features)

    def __str__(self) -> str:
        shown = " and ".join(str(feature) for feature in self.features[:SHOWN])
        more = f" and {len(self.features) - SHOWN} more" if len(self.features) > SHOWN else ""
        return f"{cut(str(self.operation))} needs {self.requirement}, but gets {shown}{more}"


class NotationError(EinspaceError):
    """A text that cannot be read: says what was expected and points at the place.

    Args:
        problem: The fault in a few words.
        text: The whole text.
        position: The index of the character in it that the message points at.
        hint: The remedy, if one is known.

    >>> print(NotationError("an unknown operation", "[relu norn]", 6, hint="did you mean norm?"))
    an unknown operation, at line 1, column 7: did you mean norm?
      [relu norn]
            ^
    """

    def __init__(self, problem: str, text: str, position: int, hint: str = "") -> None:
        super().__init__(problem, text, position, hint)
        self.problem = problem
        self.text = text
        self.position = position
        self.hint = hint

    def __str__(self) -> str:
        before = self.text[: self.position]
        line = before.count("\n") + 1
        start = before.rfind("\n") + 1
        end = self.text.find("\n", self.position)
        column = self.position - start
        shown = self.text[start : len(self.text) if end < 0 else end].replace("\t", " ")
        cut = max(0, column - 60)
        excerpt = ("…" if cut else "") + replaced(shown[cut : column + 40]) + ("…" if len(shown) > column + 40 else "")
        caret = " " * (column - cut + (1 if cut else 0)) + "^"
        hint = f": {escaped(self.hint, keep='')}" if self.hint else ""
        return f"{escaped(self.problem, keep='')}, at line {line}, column {column + 1}{hint}\n  {excerpt}\n  {caret}"


class GrammarError(EinspaceError):
    """A grammar that cannot be used as it is."""


class LimitError(EinspaceError):
    """Limits that contradict themselves, or that sampling cannot meet."""


class MutationError(EinspaceError):
    """No valid and new child was found within the allowed tries."""


class UnknownNameError(EinspaceError):
    """A name that is not in its registry.

    Args:
        kind: The kind of thing that has no such name, such as "baseline".
        name: The name.
        known: The names that there are.

    >>> print(UnknownNameError("baseline", "resnet19", ["resnet18", "vit"]))
    unknown baseline 'resnet19': did you mean resnet18? Known: resnet18, vit
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        super().__init__(kind, name, known)
        self.kind = kind
        self.name = name
        self.known = tuple(known)

    def __str__(self) -> str:
        nearest = get_close_matches(str(self.name), self.known, n=3, cutoff=0.5)
        guess = f" did you mean {' or '.join(nearest)}?" if nearest else ""
        return escaped(f"unknown {self.kind} {self.name!r}:{guess} Known: {', '.join(self.known)}", keep="")


class SettingError(EinspaceError):
    """An option whose value cannot be used."""


class StrategyError(SettingError):
    """A strategy of the user's that raises, or whose answer is not a proposal; names its class and method, with the traceback below."""


class TaskError(EinspaceError):
    """Data that cannot be used as a task."""


class DataError(TaskError):
    """Files of data that cannot be read, built or written, and so no task either."""


class NetworkError(EinspaceError):
    """An architecture, a head, weights and a task that do not fit together, or a module that does not fit the space."""


class ExportError(EinspaceError):
    """A network that cannot be written in a format, or a file that cannot be written."""


class RunError(EinspaceError):
    """A run's folder or storage that cannot be used."""


class StorageError(RunError):
    """A database that cannot be reached, read or written, or not any more. What was stored is kept, and the run goes on once it can."""

    run: Path | None = None
    """The folder of the run that it ended, if it was one."""
