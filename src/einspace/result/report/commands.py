"""Commands: what a reader of a report can do next, as lines to type."""

import shlex

from einspace.result.result import Result
from einspace.tasks import TASKS

Commands = list[tuple[str, str]]
"""Pairs of a purpose and a command."""


def next_commands(result: Result) -> Commands:
    """Commands that use the recommended network, show the best one and continue the run; none before a trial has a score."""
    if result.best is None:
        return []
    name, folder = result.run.name, _folder(result)
    look = ("look at the best network in the terminal", ["einspace", "show", name, *folder])
    if "objective" in result.settings:
        return _typed([look])
    again = ["einspace", "search", "--config", str(result.run / "config.yaml"), "--run", name, *(folder or ["--runs", "runs"])]
    known = _is_known(result)
    use = [
        ("predict with the recommended network on new DATA", ["einspace", "predict", name, *folder, "DATA", "-o", "predictions.csv"]),
        ("export it with its weights", ["einspace", "export", name, *folder, "--format", "onnx", "-o", "network.onnx"]),
    ]
    network = None if result.recommended is None else result.recommended.proposal
    if network is None or network.stem not in result.weights:
        use = [("train the recommended network, for predict and export", [*again, "--final-seeds", "1"])] if known else []
    if known:
        return _typed([*use, look, ("search for longer (add a longer --budget or more --trials)", again)])
    call = f"es.search(task, run={name!r}, runs={str(result.run.parent)!r}, budget=...)"
    return [*_typed([*use, look]), ("search for longer, in Python with the task of this run and a longer budget", call)]


def further_commands(result: Result) -> Commands:
    """Commands that draw the best network, and repeat the run and its report."""
    name, folder = result.run.name, _folder(result)
    found = [("write this report again", ["einspace", "report", name, *folder])]
    if result.best is not None:
        found.insert(0, ("draw the best architecture", ["einspace", "show", name, *folder, "--svg", "best.svg"]))
    if "objective" not in result.settings and _is_known(result):
        found.insert(0, ("repeat this run", ["einspace", "search", "--config", str(result.run / "config.yaml")]))
    return _typed(found)


def _is_known(result: Result) -> bool:
    """Whether the command line finds the data of a run again: a task with a name of ours, or a path."""
    return bool(result.settings.get("path")) or result.settings["task"] in TASKS


def _folder(result: Result) -> list[str]:
    """The option for the folder of all runs, where it is not the usual one."""
    runs = str(result.run.parent)
    return [] if runs == "runs" else ["--runs", runs]


def _typed(commands: list[tuple[str, list[str]]]) -> Commands:
    return [(words, shlex.join(command)) for words, command in commands]
