"""Table 6 and figure 7, ours beside the paper's, for the terminal and for JSON."""

from rich.console import RenderableType
from rich.text import Text

from einspace.operations import OPERATIONS
from einspace.reporting.complexity import MODULES, Census
from einspace.reporting.fitting import FittingTable
from einspace.reporting.published import TABLE_6, Statistics
from einspace.reporting.tables import STYLES

BAR = 18
"""Letters of the longest bar."""
NOTES = """\
non-terminals: S and M. branching factor: mean over the operations of the factor b at hand where each was chosen.
Where and why we differ: the authors' code leaves out every group-dim whose factor exceeds any axis, so at three channels it branches by
4 and 8 less often; it has limits of depth and time, ours one of size. By the rules alone the expanded size has an infinite variance up to
p = 82/91 = 0.90 and an infinite mean up to 14/23 = 0.61: there mean, std and max are those of the few largest samples, medians are not.
docs/decisions/011-table-6.md has more."""


def table_6(censuses: dict[float, Census]) -> list[RenderableType]:
    """One table for each of the three parts, with a line of ours and a line of the paper's at each p."""
    parts: list[RenderableType] = []
    for part, published in TABLE_6.items():
        table = FittingTable(title=f"Table 6: {part}", title_justify="left", header_style="bold")
        table.add_column("p(M -> C)")
        table.add_column("")
        for heading in ("min", "mean", "median", "std", "max"):
            table.add_column(heading, justify="right")
        for p, census in censuses.items():
            table.add_row(f"{p:g}", "ours", *_cells(census.statistics(part)))
            if p in published:
                table.add_row("", "paper", *_cells(published[p]), style="dim", end_section=True)
        parts.append(table)
    return [*parts, _attempts(censuses), Text(NOTES, style="dim")]


def _attempts(censuses: dict[float, Census]) -> str:
    lines = []
    for p, census in censuses.items():
        reasons = ", ".join(f"{number} by {reason}" for reason, number in census.given_up().items() if number)
        if reasons:
            lines.append(f"p = {p:g}: {reasons}")
    return "Attempts given up: " + ("; ".join(lines) or "none") + "."


def table_6_facts(censuses: dict[float, Census]) -> list[dict[str, object]]:
    """Table 6 as JSON values: an entry for each p."""
    rows: list[dict[str, object]] = []
    for p, census in censuses.items():
        row: dict[str, object] = {"p": p, "samples": census.samples, "given_up": census.given_up()}
        for part, published in TABLE_6.items():
            paper = published.get(p)
            row[part] = {"ours": census.statistics(part)._asdict(), "paper": None if paper is None else paper._asdict()}
        rows.append(row)
    return rows


def figure_7(census: Census, probability: float) -> list[RenderableType]:
    """The frequency of each function and module: among all draws, in the expanded networks, and as the share of samples with it."""
    parts: list[RenderableType] = []
    for section, shares in figure_7_shares(census).items():
        title = f"Figure 7: {section} of {census.samples:,} samples, p = {probability:g}"
        table = FittingTable(title=title, title_justify="left", header_style="bold")
        table.add_column("", no_wrap=True)
        for heading in ("drawn", "share", "expanded", "in samples"):
            table.add_column(heading, justify="right", no_wrap=True)
        table.add_column("share of the drawn", no_wrap=True)
        longest = max(share["drawn_share"] for share in shares.values())
        for name, share in shares.items():
            style = STYLES[OPERATIONS[name].group] if name in OPERATIONS else ""
            bar = "█" * round(BAR * share["drawn_share"] / longest)
            figures = (f"{share[column]:.1%}" for column in ("drawn_share", "expanded_share", "samples_share"))
            table.add_row(Text(name, style=style), f"{census.drawn[name]:,}", *figures, Text(bar, style=style))
        parts.append(table)
    return parts


def figure_7_facts(census: Census, probability: float) -> dict[str, object]:
    """Figure 7 as JSON values."""
    return {"p": probability, "samples": census.samples, "given_up": census.given_up(), **figure_7_shares(census)}


def figure_7_shares(census: Census) -> dict[str, dict[str, dict[str, float]]]:
    """The count of each function and of each module, and its share of all functions or modules, the most frequent first."""
    shares = {}
    for section, names in {"functions": list(OPERATIONS), "modules": list(MODULES.values())}.items():
        drawn = sum(census.drawn[name] for name in names)
        expanded = sum(census.expanded[name] for name in names)
        shares[section] = {
            name: {
                "drawn": census.drawn[name],
                "drawn_share": census.drawn[name] / drawn,
                "expanded": census.expanded[name],
                "expanded_share": census.expanded[name] / expanded,
                "samples_share": census.holders[name] / census.samples,
            }
            for name in sorted(names, key=lambda name: -census.drawn[name])
        }
    return shares


def _cells(columns: Statistics) -> list[str]:
    whole = (f"{columns.minimum:.0f}", f"{columns.mean:,.2f}", f"{columns.median:,.2f}", f"{columns.deviation:,.2f}")
    return [*whole, f"{columns.maximum:,.0f}" if columns.maximum == int(columns.maximum) else f"{columns.maximum:,.2f}"]
