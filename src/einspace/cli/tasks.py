"""The data: `tasks`."""

from typing import TYPE_CHECKING

from einspace.cli.options import AsJson, Data
from einspace.cli.output import out, print_json
from einspace.features import Feature

if TYPE_CHECKING:
    from einspace.tasks import Entry


def tasks(data: Data = None, as_json: AsJson = False) -> None:
    """List the tasks, and whether their data are there."""
    from rich.table import Table

    from einspace.tasks import TASKS

    entries = list(TASKS.values())
    if as_json:
        print_json([_facts(entry, data) for entry in entries])
        return
    table = Table(title="Tasks", title_justify="left", header_style="bold")
    for column in ("name", "input", "output", "train/valid/test", "metric", "data"):
        table.add_column(column, no_wrap=column in ("name", "train/valid/test", "data"))
    for entry in entries:
        sizes = "/".join(map(str, entry.sizes))
        output = str(Feature(entry.head.output(entry.input)))
        table.add_row(entry.name, str(entry.input), output, sizes, entry.metric.name, "absent" if entry.missing(data) else "there")
    out.print(table)
    for entry in entries:
        where = f" {entry.source[0].upper()}{entry.source[1:]}." if entry.missing(data) else ""
        out.print(f"[bold]{entry.name}[/]: {entry.description}{where}")


def _facts(entry: "Entry", data: str | None) -> dict[str, object]:
    """An entry for machines; `classes` is None for what is no classification."""
    from einspace.networks import Classification

    train, valid, test = entry.sizes
    return {
        "name": entry.name,
        "input": list(entry.input.shape),
        "output": list(entry.head.output(entry.input)),
        "classes": entry.head.classes if isinstance(entry.head, Classification) else None,
        "train": train,
        "valid": valid,
        "test": test,
        "metric": entry.metric.name,
        "higher_is_better": entry.metric.higher_is_better,
        "baselines": list(entry.baselines),
        "published": dict(entry.published),
        "description": entry.description,
        "missing": list(entry.missing(data)),
        "source": entry.source,
    }
