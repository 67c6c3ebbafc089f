"""The end of a search, for the terminal: the best few, the test scores beside the baselines', and where the time went."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from einspace.quantities import counted, decimal, quantity
from einspace.reporting.fitting import FittingTable
from einspace.reporting.tables import shortened
from einspace.result import TOP, Entrant, Result
from einspace.result.entrant import rounds_of
from einspace.result.words import Found, afterwards, climbed, compared, foretold, how_found, inherited, is_tested, judged, untested
from einspace.run.folder import WEIGHTS
from einspace.trial import Trial

REMARKS: dict[Found, str] = {
    "race": " (winner of the race)",
    "verdict": " (compared with the baseline)",
    "search": " (best of the search)",
    "": "",
}
"""Remarks on how the best network was found."""


def summary(result: Result, width: int = 80, top: int = TOP) -> list[RenderableType]:
    """The table that `search` prints when it is done."""
    parts: list[RenderableType] = []
    if result.split == "validation":
        rows = result.top(top)
        parts.append(_rows(result, f"Best {len(rows)} of {counted(len(result.history), 'trial')}", rows, width))
    if "cost" in result.settings:
        cost = result.settings["cost"]
        parts.append(_rows(result, f"Pareto set of {result.metric} and {cost}", result.pareto(cost), width))
    if result.entrants or result.settings["published"]:
        parts.append(_scores(result))
    if result.sampling is not None:
        spread = result.sampling
        parts.append(
            f"a random architecture scores {decimal(spread.mean)} ± {decimal(spread.deviation, spread.mean)} on {result.split} "
            f"({spread.seeds} scored)"
        )
    parts += [verdict(result), foretold(result), inherited(result), climbed(result), _time(result, counts(result)), _disk(result)]
    return [part for part in parts if part != ""]


def _disk(result: Result) -> str:
    """The size of the weights on the disk, in words; empty where none are kept."""
    sizes = [file.stat().st_size for file in result.weights.values()]
    networks = counted(len(sizes), "network")
    return f"{result.run / WEIGHTS} holds the trained weights of {networks}, {sum(sizes) / 1e6:.1f} MB." if sizes else ""


def counts(result: Result) -> str:
    """The number of trials with each outcome, in words."""
    return ", ".join(f"{count} {outcome}" for outcome, count in result.outcomes.items())


def _rows(result: Result, title: str, rows: Sequence[Trial], width: int) -> Table:
    table = FittingTable(title=f"{title} on {result.settings['task']}", title_justify="left", header_style="bold")
    for column in ("trial", _column(result), "params", "FLOPs"):
        table.add_column(column, justify="right", no_wrap=True)
    measured = result.settings.get("cost") == "latency"
    if measured:
        table.add_column("latency", justify="right", no_wrap=True)
    table.add_column("from", no_wrap=True)
    table.add_column("architecture", no_wrap=True)
    for row in rows:
        proposal = row.proposal
        text = Text(shortened(proposal.text, max(16, width - (80 if measured else 70))))
        flops = "" if proposal.costs.flops is None else quantity(proposal.costs.flops)
        latency = [] if not measured else ["–" if row.latency is None else f"{row.latency * 1e3:.2f} ms"]
        size = quantity(proposal.costs.parameters)
        table.add_row(str(row.number), decimal(row.value), size, flops, *latency, shortened(proposal.origin, 16), text)
    return table


def _scores(result: Result) -> Table:
    seeds = max((len(row.finals) for row in (result.best, *result.baselines) if row is not None), default=1)
    times = f"from each of {seeds} seeds" if seeds > 1 else "once"
    title = f"Retrained on train and valid, scored {times} on test" if is_tested(result) else untested(result)
    table = FittingTable(title=title, title_justify="left", header_style="bold")
    rows, found = result.entrants, len(result.entrants) - len(result.baselines)
    rounds = rounds_of(rows)
    table.add_column("")
    for column in ("claimed" if result.finalists else _column(result), *rounds, "test", "params"):
        table.add_column(column, justify="right")
    for number, row in enumerate(rows):
        label = row.name
        if number == 0 < found:
            label += REMARKS[how_found(result)]
        elif number >= found and row.validation is None and row.reason:
            label += f" ({row.reason})"
        scores = [decimal(row.validation), *(decimal(row.means[name]) for name in rounds), _test(row)]
        size = "" if row.parameters is None else quantity(row.parameters)
        table.add_row(label, *scores, size, style="bold" if number == 0 < found else "", end_section=number + 1 == found)
    published = result.settings["published"]
    if published and table.rows:
        table.rows[-1].end_section = True
    for method, score in published.items():
        table.add_row(f"published: {method}", *([""] * (1 + len(rounds))), decimal(score), "", style="dim")
    return table


def _column(result: Result) -> str:
    """The name of the column of scores on validation; that of an objective has its name, for it alone knows what it scores on."""
    return result.metric if result.is_of_objective else "validation"


def _test(row: Entrant) -> str:
    """A score on test; over several seeds the mean and spread, or the number of seeds without a score."""
    scores = row.over_seeds
    if scores.seeds > 1 and scores.mean is None:
        return f"– ({scores.failed} of {counted(scores.seeds, 'seed')} without a score)"
    return str(scores)


def verdict(result: Result) -> str:
    """The verdict of the race, or the comparison on validation without one, and the comparison on test, in sentences."""
    best = result.best
    if best is None:
        return "" if result.split == "test" else "No trial ended with a score."
    words = [judged(result) or compared(result, "validation"), compared(result, "test")]
    return " ".join(word for word in words if word)


def _time(result: Result, counts: str) -> str:
    spent = result.seconds
    parts = ", ".join(f"{name} {spent[name]:.1f}" for name in ("proposing", "building", "training", "scoring"))
    overhead = "" if result.overhead is None else f"; {_overhead(result)}"
    search = f"{spent['search']:.0f} s of search ({parts} s summed over the workers)"
    error = result.cost_error
    predicted = ""
    if error is not None:
        predicted = f" The cost model predicts a trial's seconds within {error.typical:.0%} (median of {counted(error.trials, 'trial')})."
    after = f", {spent['final']:.0f} s of {phases}" if (phases := afterwards(result)) else ""
    return f"Protocol {result.protocol}: {counts}.{predicted} {search}{after}{overhead}."


def _overhead(result: Result) -> str:
    """A note on the workers' time outside of evaluations, and on the times that it leaves out."""
    starting, ending = result.seconds["starting"], result.seconds["ending"]
    share = f"{result.overhead:.2%} of the workers' time was outside evaluations"
    return f"{share}, besides {starting:.1f} s of starting workers and {ending:.1f} s of workers with nothing left to do"
