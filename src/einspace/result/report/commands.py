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
    name, folder = result.run.name, _folder(result)
    look = ("look at the best network in the terminal", ["einspace", "show", name, *folder])
    if "objective" in result.settings:
        return _typed([look])
    longer = _again(result, "search for longer", "add a longer --budget or more --trials", 'budget="1h"')
    network = None if result.recommended is None else result.recommended.proposal
    if network is None or network.stem not in result.weights:
        purpose = "train the recommended network, for predict and export"
        return [_again(result, purpose, "", "final_seeds=1", ["--final-seeds", "1"]), *_typed([look]), longer]
    use = [
        ("predict with the recommended network on new DATA", ["einspace", "predict", name, *folder, "DATA", "-o", "predictions.csv"]),
        ("export it with its weights", ["einspace", "export", name, *folder, "--format", "onnx", "-o", "network.onnx"]),
    ]
    return [*_typed([*use, look]), longer]


def further_commands(result: Result) -> Commands:
    """Commands that draw the best network, and repeat the run and its report."""
    name, folder = result.run.name, _folder(result)
    found = [("write this report again", ["einspace", "report", name, *folder])]
    if result.best is not None:
        found.insert(0, ("draw the best architecture", ["einspace", "show", name, *folder, "--svg", "best.svg"]))
    if "objective" not in result.settings and _is_known(result):
        found.insert(0, ("repeat this run", ["einspace", "search", "--config", str(result.run / "config.yaml")]))
    return _typed(found)


def _again(result: Result, purpose: str, hint: str, argument: str, options: list[str] | None = None) -> tuple[str, str]:
    """The line that continues a run: a command, or a call in Python where the command line does not know the data."""
    name, runs = result.run.name, str(result.run.parent)
    if not _is_known(result):
        return f"{purpose} ({IN_PYTHON})", f"es.search(task, run={name!r}, runs={runs!r}, {argument})"
    command = ["einspace", "search", "--config", str(result.run / "config.yaml"), "--run", name, "--runs", runs, *(options or [])]
    return f"{purpose} ({hint})" if hint else purpose, shlex.join(command)


def _is_known(result: Result) -> bool:
    """Whether the command line finds the data of a run again: those of a task with a name of ours, or at a path."""
    return bool(result.settings.get("path")) or result.settings["task"] in TASKS


def _folder(result: Result) -> list[str]:
    """The option for the folder of all runs, where it is not the usual one."""
    runs = str(result.run.parent)
    return [] if runs == "runs" else ["--runs", runs]


def _typed(commands: list[tuple[str, list[str]]]) -> Commands:
    return [(words, shlex.join(command)) for words, command in commands]
