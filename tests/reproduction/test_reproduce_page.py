"""The page on reproducing the paper beside the program: what it names exists, and what it says to type can be typed."""

import re
import shlex
from typing import Any

import pytest
import typer
from tests.pages.blocks import DOCS, commands

from einspace.cli import app
from einspace.cli.reproduce import MACHINE
from einspace.config.options import flags
from einspace.reproduction import EXPERIMENTS, SCALES, selected

PAGE = DOCS / "reproduce.md"
TEXT = PAGE.read_text(encoding="utf-8")
CALLS = [
    line for line in commands(PAGE) if not re.search(r" [A-Z]{2}", line.partition("#")[0]) and line.split()[2:] not in ([], ["prepare"])
]
"""What can be typed as it stands: nothing with a place for a name, and no mere name of a command."""


def read(line: str) -> dict[str, Any]:
    """The options of a call, as the program reads them; a mistake raises."""
    words = shlex.split(line, comments=True)[1:]
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    found: dict[str, Any] = command.make_context("einspace", words).params
    return found


@pytest.mark.parametrize("line", CALLS)
def test_a_call_of_the_page_can_be_typed(line: str) -> None:
    """The program takes its options, and an experiment has the scale, the tasks and the columns that are named."""
    options = read(line)
    if line.startswith("einspace reproduce"):
        tasks, columns = ([name for text in options[key] or () for name in text.split(",")] for key in ("task", "column"))
        assert selected(options["experiment"], options["scale"], tasks, columns).rows is not None


def test_the_page_has_calls_of_each_kind() -> None:
    """What the others hold is there: several experiments, and a search at the paper's protocol."""
    assert {"table1", "table4", "table5"} <= {line.split()[2] for line in CALLS if line.startswith("einspace reproduce")}
    assert any("--protocol paper" in line for line in CALLS)


def test_the_page_describes_every_experiment_and_every_scale() -> None:
    """Its tables have them in the order of the program, and its list has the options that say where searches run."""
    assert re.findall(r"^\| `([\w-]+)` \|", TEXT, re.MULTILINE)[: len(EXPERIMENTS)] == list(EXPERIMENTS)
    assert "| | " + " | ".join(f"`{name}`" for name in SCALES) + " |" in TEXT
    (listed,) = re.findall(r"^The options that say where searches run are those of `einspace search`: (.*)\.$", TEXT, re.MULTILINE)
    assert set(re.findall(r"--[\w-]+", listed)) == {flags(key)[-1] for key in MACHINE}
