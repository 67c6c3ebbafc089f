"""What runs found, as a page: `report`."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from einspace.cli.options import Runs, find_run
from einspace.cli.output import out
from einspace.errors import SettingError


def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's name or folder.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="The page; report.html in the run's folder.")
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Serve the page on this machine, and follow the search.")] = False,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help="Of the live page; 0: any that is free.")] = None,
    runs: Runs = "runs",
    storage: Annotated[str | None, typer.Option("--storage", metavar="URL", help="The database of the run, if it was given one.")] = None,
) -> None:
    """Write the report of a run, finished or not: one page of HTML that works offline."""
    if live and output is not None:
        raise SettingError("--live serves the page and writes no file: leave out --output, or --live")
    if port is not None and not live:
        raise SettingError("--port is that of a live page: add --live")
    result = find_run(run, runs, storage)
    if not live:
        out.print(f"written into {result.report(output)}", markup=False, highlight=False, soft_wrap=True)
        return
    from einspace.result import load_result
    from einspace.result.report import PORT, LiveReport

    server = LiveReport(
        lambda: load_result(result.run.name, str(result.run.parent), storage), result.run.name, PORT if port is None else port
    )
    out.print(f"The report of {result.run.name} is at {server.address}; Ctrl-C ends it.", markup=False, highlight=False, soft_wrap=True)
    with suppress(KeyboardInterrupt):
        server.serve()
