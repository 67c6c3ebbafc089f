"""Functions that many things are given to take them by name."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

from typer import Typer

import einspace
from einspace.cli import COMMANDS

ROOT = Path(einspace.__file__).parent

MOST = 7
"""Parameters that a call may give by position alone."""


def by_position(function: ast.FunctionDef) -> int:
    arguments = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    return len(arguments) - (arguments[:1] in (["self"], ["cls"]))


def commands() -> set[str]:
    """The functions that Typer calls, by name, with what the command line gave."""
    nested = [command for group in COMMANDS if isinstance(group, Typer) for command in group.registered_commands]
    called = [*COMMANDS, *(command.callback for command in nested)]
    plain = [inspect.unwrap(command) for command in called if command is not None and not isinstance(command, Typer)]
    return {f"{Path(inspect.getfile(command)).relative_to(ROOT)}:{command.__name__}" for command in plain}


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                yield f"{path.relative_to(ROOT)}:{node.name}", node


def test_no_call_gives_more_than_seven_things_by_position() -> None:
    """A reader of a call sees what its eighth argument is.

    Dataclasses have constructors that are written nowhere, and the functions of commands are called by Typer alone.
    """
    called = commands()
    assert [name for name, function in functions() if by_position(function) > MOST and name not in called] == []
