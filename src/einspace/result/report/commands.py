"""Commands: the next steps of a reader of a report, as lines to type."""

import shlex
import sys
from pathlib import Path
from typing import Any

from einspace.config import CONFIG, only_python
from einspace.errors import SettingError
from einspace.files.yaml import read
from einspace.result.result import Result
from einspace.run.attachments import modules_of_run
from einspace.strategies.program import Program
from einspace.tasks import TASKS
from einspace.tasks.fingerprints import name_of

Commands = list[tuple[str, str]]
"""Pairs of a purpose and a command."""

IN_PYTHON = "in Python, with the arguments of this run"
"""The remark on a search that only Python can continue, for the command line does not know its data, grammar or strategy."""


def next_commands(result: Result) -> Commands:
    """Commands that use and show the recommended network and continue the run; none before a trial has a score."""
    if result.best is None:
        return []
    name, place = result.run.name, [*_place(result), *_modules(result)]
    look = ("look at the recommended network in the terminal", ["einspace", "show", name, *place])
    if "objective" in result.settings:
        return _typed([look])
    stored = _stored(result)
    longer = _again(result, stored, "search for longer", "add a longer --budget or more --trials", 'budget="1h"')
    network = None if result.recommended is None else result.recommended.proposal
    if network is None or network.stem not in result.weights:
        purpose = "train the recommended network, for predict and export"
        return [_again(result, stored, purpose, "", "final_seeds=1", ["--final-seeds", "1"]), *_typed([look]), longer]
    use = [
        ("predict with the recommended network on new DATA", ["einspace", "predict", name, *place, "DATA", "-o", "predictions.csv"]),
        ("export it with its weights", ["einspace", "export", name, *place, "--format", "onnx", "-o", "network.onnx"]),
    ]
    return [*_typed([*use, look]), longer]


def further_commands(result: Result) -> Commands:
    """Commands that draw the recommended network, and repeat the run and its report."""
    name, place = result.run.name, _place(result)
    found = [("write this report again", ["einspace", "report", name, *place])]
    if result.best is not None:
        found.insert(0, ("draw the recommended network", ["einspace", "show", name, *place, *_modules(result), "--svg", "recommended.svg"]))
    if not _only_python(result, stored := _stored(result)):
        found.insert(0, ("repeat this run", _repeating(result, stored)))
    return _typed(found)


def any_trial(result: Result) -> str:
    """The command that shows a trial."""
    return shlex.join(["einspace", "show", result.run.name, *_place(result), *_modules(result), "--trial", "NUMBER"])


def all_trials(result: Result) -> str:
    """The Python expression that gives all trials."""
    runs, storage = str(result.run.parent), "" if result.storage is None else f", storage={result.storage!r}"
    return f"es.load_result({result.run.name!r}, {runs!r}{storage}).history"


def _again(
    result: Result, stored: dict[str, Any], purpose: str, hint: str, argument: str, options: list[str] | None = None
) -> tuple[str, str]:
    """The line that continues a run: a command, or a call in Python where the command line cannot give all of its arguments."""
    name, runs = result.run.name, str(result.run.parent)
    if missing := _only_python(result, stored):
        given = ", ".join(["task", *(f"{argument}={argument}" for argument in missing if argument != "task")])
        storage = "" if result.storage is None else f"storage={result.storage!r}, "
        return f"{purpose} ({IN_PYTHON})", f"es.search({given}, run={name!r}, runs={runs!r}, {storage}{argument})"
    command = [*_repeating(result, stored), "--run", name, "--runs", runs, *_storage(result), *(options or [])]
    return f"{purpose} ({hint})" if hint else purpose, shlex.join(command)


def _stored(result: Result) -> dict[str, Any]:
    """The settings in the run's folder, with which the command line repeats it; empty where they are not there or cannot be read."""
    try:
        return read(result.run / CONFIG)[0]
    except SettingError:
        return {}


def _only_python(result: Result, stored: dict[str, Any]) -> list[str]:
    """The arguments that the command line cannot give. It finds the data of a task with a name of ours, and those at a path."""
    known = bool(result.settings.get("path")) or result.settings["task"] in TASKS
    return [*([] if known and stored else ["task"]), *only_python(stored)]


def _repeating(result: Result, stored: dict[str, Any]) -> list[str]:
    """The command that repeats a run; a program that proposes is stored nowhere, so that it is to be given again."""
    proposer = ["--proposer", "COMMAND"] if stored.get("strategy") == name_of(Program) else []
    return ["einspace", "search", "--config", str(result.run / CONFIG), *proposer]


def _modules(result: Result) -> list[str]:
    """The options that import the user's own operations: by the name of a module in a package, by the file of a script."""
    return [word for name in modules_of_run(result.run) for word in ("--module", _importable(name))]


def _importable(name: str) -> str:
    """A module as `--module` finds it: by its file where that is known and has the name, as from the current folder."""
    files = [getattr(sys.modules.get(module), "__file__", None) for module in (name, "__main__")]
    found = next((Path(file).resolve() for file in files if file is not None and Path(file).stem == name), None)
    if found is None:
        return name
    return str(found.relative_to(Path.cwd()) if found.is_relative_to(Path.cwd()) else found)


def _place(result: Result) -> list[str]:
    """The options for the folder of all runs, where it is not the usual one, and for the database, where it is not in the run's folder."""
    runs = str(result.run.parent)
    return [*([] if runs == "runs" else ["--runs", runs]), *_storage(result)]


def _storage(result: Result) -> list[str]:
    return [] if result.storage is None else ["--storage", result.storage]


def _typed(commands: list[tuple[str, list[str]]]) -> Commands:
    return [(words, shlex.join(command)) for words, command in commands]
