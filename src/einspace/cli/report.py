"""What runs found, as a page: `report`."""

from pathlib import Path
from typing import Annotated

import typer

from einspace.cli.options import Runs, find_run
from einspace.cli.output import out


def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's name or folder.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="The page; report.html in the run's folder.")
    ] = None,
    runs: Runs = "runs",
    storage: Annotated[str | None, typer.Option("--storage", metavar="URL", help="The database of the run, if it was given one.")] = None,
) -> None:
    """Write the report of a run, finished or not: one page of HTML that works offline."""
    file = find_run(run, runs, storage).report(output)
    out.print(f"written into {file}", markup=False, highlight=False, soft_wrap=True)
