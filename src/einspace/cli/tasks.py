"""The tasks and how networks are trained on them: `tasks`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from einspace.cli.options import AsJson, Data
from einspace.cli.output import out, print_json
from einspace.features import Feature

if TYPE_CHECKING:
    from einspace.reporting.fitting import FittingTable
    from einspace.tasks import Entry, State


def tasks(data: Data = None, as_json: AsJson = False) -> None:
    """List the tasks, their recipes (table 4), and whether their data are there."""
    from rich.text import Text

    from einspace.tasks import TASKS, states

    entries = list(TASKS.values())
    found = states(entries, data)
    if as_json:
        print_json([_facts(entry, state) for entry, state in zip(entries, found, strict=True)])
        return
    out.print(_shapes(entries, found))
    out.print(_recipes(entries))
    for entry, state in zip(entries, found, strict=True):
        where = "" if state.loads else f" Data: {state.how}"
        out.print(Text.assemble((entry.name, "bold"), f": {entry.description}{where}"))


def _shapes(entries: Sequence["Entry"], found: Sequence["State"]) -> "FittingTable":
    table = _table("Tasks", ("name", "input", "output", "train/valid/test", "data"))
    for entry, state in zip(entries, found, strict=True):
        output = str(Feature(entry.head.output(entry.input)))
        table.add_row(entry.name, str(entry.input), output, "/".join(map(str, entry.sizes)), state.state)
    return table


def _recipes(entries: Sequence["Entry"]) -> "FittingTable":
    """Table 4, whose epochs are those of the search and of the evaluation in the end."""
    table = _table("Recipes", ("name", "metric", "baselines", "epochs", "batch", "rate", "decay", "mom"))
    for entry in entries:
        recipe = entry.recipe
        epochs = f"{recipe.epochs_search}/{recipe.epochs_final}"
        figures = (f"{recipe.batch_size}", f"{recipe.learning_rate:g}", f"{recipe.weight_decay:g}", f"{recipe.momentum:g}")
        table.add_row(entry.name, entry.metric.name, ", ".join(entry.baselines), epochs, *figures)
    return table


def _table(title: str, columns: Sequence[str]) -> "FittingTable":
    from einspace.reporting.fitting import FittingTable

    table = FittingTable(title=title, title_justify="left", header_style="bold", show_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=column not in ("input", "output", "metric", "baselines"))
    return table


def _facts(entry: "Entry", state: "State") -> dict[str, object]:
    """An entry for machines; `classes` is None where the target is not a class."""
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
        "recipe": asdict(entry.recipe),
        "baselines": list(entry.baselines),
        "published": dict(entry.published),
        "description": entry.description,
        "data": state.state,
        "missing": list(state.missing),
        "source": state.how,
    }
