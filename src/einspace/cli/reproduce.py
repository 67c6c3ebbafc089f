"""The paper's tables and figures, ours beside the paper's: `reproduce`."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from einspace.cli.options import AsJson, parameter, with_settings
from einspace.cli.output import err, out, print_json, waiting, write
from einspace.errors import EinspaceError, SettingError
from einspace.executors import forkserver

if TYPE_CHECKING:
    from einspace.callbacks import Progress
    from einspace.reproduction.cells import Cell

MACHINE = (
    "workers",
    "devices",
    "executor",
    "address",
    "cpus_per_trial",
    "gpus_per_trial",
    "storage",
    "patience",
    "data_folder",
    "runs",
)
"""The settings of a search that say where it runs; the experiment decides the others."""

Named = Annotated[
    str, typer.Argument(metavar="EXPERIMENT", help="table1, table4, table5, table6, figure4, figure7, follow-up or findings.")
]
Size = Annotated[str | None, typer.Option("--scale", help="smoke, small or paper: smoke if not given, or paper where nothing is trained.")]
Tasks = Annotated[list[str] | None, typer.Option("--task", help="A row, or several with commas between them; all of them if not given.")]
Columns = Annotated[list[str] | None, typer.Option("--column", help="A column, or several with commas between them.")]
Folder = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where EXPERIMENT-SCALE.md, .csv and the picture go.")]


@with_settings(*MACHINE)
def reproduce(
    *,
    experiment: Named,
    scale: Size = None,
    task: Tasks = None,
    column: Columns = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=100, help="Searches of each cell, whose mean and spread are shown.")] = 1,
    run: Annotated[bool, typer.Option("--run/--no-run", help="Run what is missing, or only read the runs that exist.")] = True,
    output: Folder = Path("reproduction"),
    as_json: AsJson = False,
    **options: Any,
) -> None:
    """Run an experiment of the paper, and show our numbers beside the paper's. The same command goes on where it was cut off."""
    machine = {key: options[parameter(key)] for key in MACHINE if options[parameter(key)] is not None}
    from einspace.reproduction.experiments import selected

    selection = selected(experiment, scale, _listed(task), _listed(column))
    scale = selection.scale.name
    trains = selection.experiment.measure is None
    if seeds > 1 and not trains:
        raise SettingError(f"{experiment} trains nothing: it has one seed, not {seeds}")
    if trains and run and machine.get("executor", "processes") == "processes":
        forkserver.start()
    from einspace import study
    from einspace.reproduction.reproduced import reproduce
    from einspace.study.signals import ending

    try:
        with ending(), waiting(f"measuring {experiment}") if not trains else redirect_stdout(sys.stderr):
            found = reproduce(selection, seeds, machine, _shown if run else None)
    except study.Interrupted as interrupted:
        err.print(f"{interrupted}; the same command goes on", highlight=False, soft_wrap=True)
        raise typer.Exit(128 + interrupted.signal) from None
    files = [_written(output, f"{experiment}-{scale}{suffix}", text) for suffix, text in found.files().items()]
    if as_json:
        print_json(found.to_json() | {"files": [str(file) for file in files]})
    else:
        for part in found.shown():
            out.print(part)
        out.print(f"The same lies in {', '.join(map(str, files))}.", highlight=False, soft_wrap=True)
    if found.failed:
        raise typer.Exit(1)


def _listed(given: Sequence[str] | None) -> list[str]:
    """Names that were given several times, or with commas between them."""
    return [name.strip() for names in given or () for name in names.split(",")]


@contextmanager
def _shown(cell: "Cell") -> "Iterator[Callable[[Progress], None]]":
    """Show how far the search of a cell is."""
    from einspace.callbacks import Bar

    err.print(f"{cell.name}: {cell.column.title} on {cell.task}", highlight=False, soft_wrap=True)
    with Bar(cell.name, err) as bar:
        yield bar


def _written(folder: Path, name: str, text: str) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EinspaceError(f"the folder {folder} cannot be used: {error.strerror}") from None
    write(folder / name, text)
    return folder / name
