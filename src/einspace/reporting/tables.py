"""Tables for the terminal."""

from rich.table import Table
from rich.text import Text

from einspace.features import Feature
from einspace.operations import Group
from einspace.quantities import quantity
from einspace.reporting.fitting import FittingTable
from einspace.space import Architecture

STYLES = {Group.BRANCHING: "yellow", Group.AGGREGATION: "magenta", Group.ROUTING: "green", Group.COMPUTATION: "blue"}
"""The paper's colours, as terminals have them."""


def facts(architecture: Architecture) -> dict[str, object]:
    """Figures that follow from an architecture by arithmetic, ready for JSON."""
    return {
        "architecture": str(architecture),
        "key": architecture.key,
        "input": list(architecture.input.shape),
        "output": list(architecture.output.shape),
        "parameters": architecture.parameters,
        "flops": architecture.flops,
        "activation_bytes": architecture.activation_bytes,
        "saved_bytes": architecture.saved_bytes,
        "terminals": architecture.terminals,
        "nonterminals": architecture.nonterminals,
        "depth": architecture.depth,
    }


def shortened(text: str, length: int) -> str:
    """The beginning of an architecture's text, with an ellipsis where it is cut."""
    return text if len(text) <= length else text[: length - 1] + "…"


def architectures(rows: list[tuple[str, Architecture]], title: str, width: int = 80) -> Table:
    """A table of architectures, one in each row: label, costs and the beginning of the text, on lines of `width` letters."""
    table = FittingTable(title=title, title_justify="left", header_style="bold")
    table.add_column("", no_wrap=True)
    for column in ("params", "FLOPs", "ops", "output"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("architecture", no_wrap=True)
    for label, a in rows:
        row = (quantity(a.parameters), quantity(a.flops), str(a.terminals), str(Feature(a.output.shape)))
        table.add_row(label, *row, Text(shortened(str(a), max(16, width - 62))))
    return table
