"""Commands: what a reader of a report can do next, as lines to type."""

import shlex

from einspace.result.result import Result
from einspace.tasks import TASKS

Commands = list[tuple[str, str]]
"""Pairs of a purpose and a command."""

IN_PYTHON = "in Python, with the task of this run"
"""Where a search is continued whose data the command line does not know."""


def next_commands(result: Result) -> Commands:
    """Commands that use the recommended network, show the best one and continue the run; none before a trial has a score."""
    if result.best is None:
        return []
    name, place = result.run.name, _place(result)
    look = ("look at the best network in the terminal", ["einspace", "show", name, *place])
    if "objective" in result.settings:
        return _typed([look])
    longer = _again(result, "search for longer", "add a longer --budget or more --trials", 'budget="1h"')
    network = None if result.recommended is None else result.recommended.proposal
    if network is None or network.stem not in result.weights:
        purpose = "train the recommended network, for predict and export"
        return [_again(result, purpose, "", "final_seeds=1", ["--final-seeds", "1"]), *_typed([look]), longer]
    use = [
        ("predict with the recommended network on new DATA", ["einspace", "predict", name, *place, "DATA", "-o", "predictions.csv"]),
        ("export it with its weights", ["einspace", "export", name, *place, "--format", "onnx", "-o", "network.onnx"]),
    ]
    return [*_typed([*use, look]), longer]


def further_commands(result: Result) -> Commands:
    """Commands that draw the best network, and repeat the run and its report."""
    name, place = result.run.name, _place(result)
    found = [("write this report again", ["einspace", "report", name, *place])]
    if result.best is not None:
        found.insert(0, ("draw the best architecture", ["einspace", "show", name, *place, "--svg", "best.svg"]))
    if "objective" not in result.settings and _is_known(result):
        found.insert(0, ("repeat this run", ["einspace", "search", "--config", str(result.run / "config.yaml")]))
    return _typed(found)


def _again(result: Result, purpose: str, hint: str, argument: str, options: list[str] | None = None) -> tuple[str, str]:
    """The line that continues a run: a command, or a call in Python where the command line does not know the data."""
    name, runs = result.run.name, str(result.run.parent)
    if not _is_known(result):
        storage = "" if result.storage is None else f"storage={result.storage!r}, "
        return f"{purpose} ({IN_PYTHON})", f"es.search(task, run={name!r}, runs={runs!r}, {storage}{argument})"
    config = str(result.run / "config.yaml")
    command = ["einspace", "search", "--config", config, "--run", name, "--runs", runs, *_storage(result), *(options or [])]
    return f"{purpose} ({hint})" if hint else purpose, shlex.join(command)


def _is_known(result: Result) -> bool:
    """Whether the command line finds the data of a run again: those of a task with a name of ours, or at a path."""
    return bool(result.settings.get("path")) or result.settings["task"] in TASKS


def _place(result: Result) -> list[str]:
    """The options for the folder of all runs, where it is not the usual one, and for the database, where it is not in the run's folder."""
    runs = str(result.run.parent)
    return [*([] if runs == "runs" else ["--runs", runs]), *_storage(result)]


def _storage(result: Result) -> list[str]:
    return [] if result.storage is None else ["--storage", result.storage]


def _typed(commands: list[tuple[str, list[str]]]) -> Commands:
    return [(words, shlex.join(command)) for words, command in commands]
