"""Runs: the list of a folder's runs, for the terminal and for machines."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from einspace.quantities import decimal, duration
from einspace.reporting.fitting import FittingTable

if TYPE_CHECKING:
    from einspace.result import Result


def listed(result: "Result", begun: float) -> dict[str, Any]:
    """The line of a run: its task, its progress, its findings, and its start in seconds since 1970."""
    best = result.best
    return unread(result.run.name, result.settings, begun) | {
        "trials": len(result.history),
        "validation": None if best is None else best.validation,
        "test": None if best is None else best.test,
        "verdict": result.verdict and result.verdict.word,
        "seconds": result.seconds["total"],
    }


def unread(run: str, settings: Mapping[str, Any], begun: float) -> dict[str, Any]:
    """The line of a run whose study is not there or cannot be read: what its settings tell, and None for the rest."""
    return {
        "run": run,
        "task": settings["task"],
        "strategy": settings["strategy"],
        "seed": settings["seed"],
        "trials": None,
        "metric": settings["metric"]["name"],
        "validation": None,
        "test": None,
        "verdict": None,
        "seconds": None,
        "begun": begun,
    }


def run_table(rows: Sequence[Mapping[str, Any]], now: float) -> Table:
    """The columns of those lines that a terminal of 80 letters has room for, as a table, the latest run last."""
    table = FittingTable(header_style="bold", box=SIMPLE_HEAD, padding=0, show_edge=False)
    table.add_column("run", overflow="fold")
    table.add_column("task", overflow="fold")
    table.add_column("strategy", no_wrap=True)
    for column in ("trials", "valid", "test", "age"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("verdict")
    for row in sorted(rows, key=lambda row: row["begun"]):
        scores = [decimal(row[name]) for name in ("validation", "test")]
        age = " ".join(duration(max(0.0, now - row["begun"])).split()[:2])
        words = [Text("–" if row[name] is None else str(row[name])) for name in ("run", "task", "strategy", "trials")]
        table.add_row(*words, *scores, age, row["verdict"] or "–")
    return table
