"""The data of the paper's tasks: `data list` and `data prepare`."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from einspace.cli.help import Command, CommandGroup
from einspace.cli.numbers import with_plain_numbers
from einspace.cli.options import AsJson, Seed
from einspace.cli.output import out, print_json, progress, waiting
from einspace.echo import escaped

if TYPE_CHECKING:
    from einspace.builders import Built

Folder = Annotated[
    Path | None, typer.Option("--data", metavar="FOLDER", help="Folder of all data sets; $EINSPACE_DATA or ./data if not given.")
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Task whose data can be prepared, as `einspace data list` says.")]

data = typer.Typer(
    name="data", cls=CommandGroup, no_args_is_help=True, help="List the data of the paper's tasks, or build them from their sources."
)


@data.command("list", cls=Command)
def list_(folder: Folder = None, as_json: AsJson = False) -> None:
    """List the data of every task: official, built anew or absent, and how to get them."""
    from einspace.reporting.fitting import FittingTable
    from einspace.tasks import TASKS, data_folder, states

    found = states(TASKS.values(), folder)
    if as_json:
        print_json({"data": str(data_folder(folder)), "tasks": [asdict(state) for state in found]})
        return
    table = FittingTable(title=f"Data in {data_folder(folder)}", title_justify="left", header_style="bold")
    for column in ("name", "state", "size", "from"):
        table.add_column(column, justify="right" if column == "size" else "left", no_wrap=column != "from")
    for state in found:
        lacks = f"lacks {', '.join(state.missing)}; " if state.state == "incomplete" else ""
        table.add_row(state.name, state.state, _size(state.bytes), lacks + state.how)
    out.print(table)


@data.command(cls=Command)
@with_plain_numbers
def prepare(
    name: Name,
    source: Annotated[Path | None, typer.Option("--from", metavar="SOURCE", help="File or folder that the data set is built from.")] = None,
    folder: Folder = None,
    samples: Annotated[
        str | None, typer.Option("--samples", metavar="TRAIN,VALID,TEST", help="Numbers of samples; those of the paper if not given.")
    ] = None,
    resolution: Annotated[
        int | None, typer.Option("--resolution", help="Points a side of Darcy Flow, from 85 (fast) to 421 (official).")
    ] = None,
    seed: Seed = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace the folder if it exists.")] = False,
    as_json: AsJson = False,
) -> None:
    """Build a data set in its official format; the folder is written whole or not at all."""
    from einspace.builders import Sizes, plan, target_of
    from einspace.builders.building import build, check_target

    started = time.monotonic()
    target = target_of(name, folder)
    sizes = None if samples is None else Sizes.parse(samples)
    check_target(target, force)
    with waiting("reading the source"):
        planned = plan(name, source, seed, sizes, resolution)
    with progress() as bar:
        line = bar.add_task(escaped(f"writing {target}", keep=""), total=planned.samples, best="")
        built = build(name, target, planned, seed, lambda count: bar.advance(line, count))
    seconds = round(time.monotonic() - started, 3)
    if as_json:
        print_json({"name": name, "folder": str(built.folder), "seconds": seconds, **built.metadata})
        return
    _show(built, seconds)


def _show(built: "Built", seconds: float) -> None:
    from einspace.reporting.fitting import FittingTable

    metadata = built.metadata
    total = sum(file["bytes"] for file in metadata["files"].values())
    out.print(
        f"{built.folder}: built, not the official files; {_size(total)} in {seconds:.1f} s, seed {metadata['seed']}",
        highlight=False,
        soft_wrap=True,
    )
    table = FittingTable(header_style="bold")
    for column in ("file", "bytes", "SHA-256, its start"):
        table.add_column(column, justify="right" if column == "bytes" else "left", no_wrap=True)
    for file, facts in metadata["files"].items():
        table.add_row(file, f"{facts['bytes']:,}", facts["sha256"][:16])
    out.print(table)
    for split, counts in metadata["balance"].items():
        out.print(f"{split}: {sum(counts):,} samples, {min(counts):,} to {max(counts):,} of each of {len(counts)} classes", highlight=False)
    for key, value in metadata["source"].items():
        out.print(f"source, {key}: {value}", highlight=False, soft_wrap=True)


def _size(count: int) -> str:
    """Bytes as a short text.

    >>> _size(0), _size(812), _size(3_200_000_000)
    ('', '812 B', '3.2 GB')
    """
    if count < 1000:
        return f"{count} B" if count else ""
    power = min((len(str(count)) - 1) // 3, 4)
    return f"{count / 1000**power:.1f} {('kB', 'MB', 'GB', 'TB')[power - 1]}"
