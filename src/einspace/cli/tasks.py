"""The data: `tasks`."""

from einspace.cli.options import AsJson
from einspace.cli.output import out, print_json


def tasks(as_json: AsJson = False) -> None:
    """List the tasks."""
    from rich.table import Table

    from einspace.tasks import load_task, names

    loaded = [load_task(name) for name in names()]
    if as_json:
        print_json(
            [
                {
                    "name": task.name,
                    "input": list(task.input.shape),
                    "classes": task.classes,
                    "train": len(task.train),
                    "valid": len(task.valid),
                    "test": len(task.test),
                    "metric": task.metric.name,
                    "baselines": list(task.baselines),
                    "description": task.description,
                }
                for task in loaded
            ]
        )
        return
    table = Table(title="Tasks", title_justify="left", header_style="bold")
    for column in ("name", "input", "classes", "train / valid / test", "metric"):
        table.add_column(column)
    for task in loaded:
        sizes = f"{len(task.train):,} / {len(task.valid):,} / {len(task.test):,}"
        table.add_row(task.name, str(task.input), str(task.classes), sizes, task.metric.name)
    out.print(table)
    for task in loaded:
        out.print(f"[bold]{task.name}[/]: {task.description}")
