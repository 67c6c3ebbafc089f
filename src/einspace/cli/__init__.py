"""The command line. Figures go to standard output, as tables or with `--json` as JSON; progress and errors go to standard error.

A mistake in the input is one message and exit code 2, an interrupted search is exit code 130; a traceback is a bug of ours.
A command is a function of a module of this package and a place in `COMMANDS`; what takes long to import, it imports inside.
"""

import os
import sys
from collections.abc import Callable

import typer

from einspace.cli import data, export, grammar, report, search, show, space, tasks, training
from einspace.cli.output import err
from einspace.errors import EinspaceError

COMMANDS: tuple[Callable[..., None] | typer.Typer, ...] = (
    space.sample,
    show.show,
    space.baselines,
    grammar.grammar,
    tasks.tasks,
    data.data,
    training.evaluate,
    search.search,
    report.report,
    report.runs,
    export.export,
)
"""Every command, in the order of the help; its name is the function's. A group of commands brings its own."""

app = typer.Typer(
    help="Search neural architectures from fundamental operations.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for command in COMMANDS:
    if isinstance(command, typer.Typer):
        app.add_typer(command)
    else:
        app.command()(command)


def main() -> None:
    """Run the command line and turn mistakes in the input into one message."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that spin slow each other down on a busy machine
    try:
        app()
    except EinspaceError as error:
        err.print("[bold red]error:[/] ", end="")
        err.print(str(error), markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)
