"""The command line. Figures go to standard output, as tables or with `--json` as JSON; progress and errors go to standard error.

A mistake in the input is one message and exit code 2, an interrupted search is exit code 130; a traceback is a bug of ours.
A command is a function of a module of this package and a place in `COMMANDS`; what takes long to import, it imports inside.
"""

import errno
import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from einspace import __version__
from einspace.cli import data, export, figure, grammar, predict, report, reproduce, search, show, space, tasks, training
from einspace.cli.help import Command, CommandGroup
from einspace.cli.numbers import with_plain_numbers
from einspace.cli.output import complain, end, is_lost, lose, prepare_streams
from einspace.errors import EinspaceError

COMMANDS: tuple[Callable[..., None] | typer.Typer, ...] = (
    space.sample,
    show.show,
    space.baselines,
    grammar.grammar,
    figure.figure,
    reproduce.reproduce,
    tasks.tasks,
    data.data,
    training.evaluate,
    search.search,
    report.report,
    report.runs,
    export.export,
    predict.predict,
)
"""Every command, in the order of the help; its name is the function's. A group of commands brings its own."""

app = typer.Typer(
    cls=CommandGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for command in COMMANDS:
    if isinstance(command, typer.Typer):
        app.add_typer(command)
    else:
        app.command(cls=Command)(with_plain_numbers(command))


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"einspace {__version__}")
        raise typer.Exit


@app.callback()
def einspace(
    _version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)] = False,
) -> None:
    """Search neural architectures from fundamental operations."""


def main() -> None:
    """Run the command line and turn mistakes in the input into one message."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that spin slow each other down on a busy machine
    prepare_streams()
    code: int | str | None = 0
    try:
        os.getcwd()  # raises where the folder is gone: PyTorch's libraries would end the process
        app()
    except SystemExit as ended:
        code = ended.code or 0
    except EinspaceError as error:
        complain(str(error))
        code = 2
    except MemoryError:
        complain("out-of-memory: the limit of this process leaves too little memory for the command")
        code = 2
    except ModuleNotFoundError:
        raise
    except ImportError as error:  # such as a library that a limit of memory leaves no room for, or that was built for another machine
        complain(f"a library cannot be loaded: {str(error).splitlines()[0] if str(error) else error.name}")
        code = 2
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            complain(f"a path is too long: {str(error.filename)[:60]}… has {len(str(error.filename)):,} characters")
            code = 2
        elif error.errno == errno.ENOENT and error.filename is None:
            complain("the current folder was deleted: change into another one")
            code = 2
        elif is_lost(error):
            code = lose(error)
        else:
            raise
    sys.exit(end(code) if isinstance(code, int) else code)
