"""The commands `report` and `runs`: the results of runs as a page and as a list."""

from contextlib import suppress
from pathlib import Path
from time import time
from typing import Annotated

import typer

from einspace.cli.options import AsJson, Runs, Storage, find_run
from einspace.cli.output import err, out, print_json, write
from einspace.errors import RunError, SettingError
from einspace.reporting.runs import listed, run_table, unread


def report(
    names: Annotated[list[str], typer.Argument(metavar="RUN", help="Names or folders of runs; several are compared.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="File to write; if not given, report.html in the run's folder, or comparison.html here for several runs.",
        ),
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Serve the page on this machine, where it follows the search.")] = False,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help="Port of the live page; 0 takes any that is free.")] = None,
    runs: Runs = "runs",
    storage: Storage = None,
) -> None:
    """Write the report of a run, finished or not, or compare several: one page of HTML that works offline."""
    if live and output is not None:
        raise SettingError("--live serves the page and writes no file: leave out --output, or --live")
    if port is not None and not live:
        raise SettingError("--port is for the live page: add --live")
    results = [find_run(name, runs, storage) for name in dict.fromkeys(names)]
    result = results[0]
    if len(results) > 1:
        from einspace.result.report import comparison

        if live:
            raise SettingError("--live follows one run, not several")
        file = output or Path("comparison.html")
        write(file, comparison(results))
        out.print(f"written into {file}", markup=False, highlight=False, soft_wrap=True)
        return
    if not live:
        out.print(f"written into {result.report(output)}", markup=False, highlight=False, soft_wrap=True)
        return
    from einspace.result import Following
    from einspace.result.report import PORT, LiveReport

    with Following(result.run.name, str(result.run.parent), storage) as following:
        server = LiveReport(following.read, result.run.name, PORT if port is None else port)
        out.print(f"The report of {result.run.name} is at {server.address}; Ctrl-C ends it.", markup=False, highlight=False, soft_wrap=True)
        with suppress(KeyboardInterrupt):
            server.serve()


def runs(runs: Runs = "runs", as_json: AsJson = False) -> None:
    """List the runs of a folder with the task of each, its progress and what it found."""
    from einspace.result import load_result
    from einspace.run.folder import Run
    from einspace.run.settings import making_sense

    found = []
    for path in sorted(Path(runs).glob("*/run.json")):
        name, begun = path.parent.name, path.stat().st_mtime
        try:
            result = load_result(name, runs)
            with making_sense(name):
                found.append(listed(result, begun))
        except RunError as error:  # a broken run, or one in another database, must not hide the others
            err.print(f"{name}: {error}", markup=False, highlight=False, soft_wrap=True)
            with suppress(RunError), making_sense(name):
                found.append(unread(name, Run(runs, name).settings() or {}, begun))
    if as_json:
        print_json(found)
    elif found:
        out.print(run_table(found, time()))
    else:
        out.print(f"There are no runs in {runs}.", markup=False, highlight=False, soft_wrap=True)
