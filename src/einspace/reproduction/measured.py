"""Measured: the experiments that train nothing. Each function gives the numbers of a selection."""

from collections.abc import Iterable, Mapping
from math import ceil

from einspace.features import Feature
from einspace.grammar import COMPUTATION_PROBABILITY
from einspace.grammar.grammar import expanded
from einspace.operations.branching import sampled_branches
from einspace.reporting import figures
from einspace.reporting import table_6 as tables
from einspace.reporting.complexity import take_each
from einspace.reporting.published import CRITICAL, TERMINALS, Hyperparameters, Statistics
from einspace.reporting.published import TABLE_4 as PAPERS_TABLE_4
from einspace.reporting.published import TABLE_6 as PAPERS_TABLE_6
from einspace.reporting.rules import critical
from einspace.reproduction.cells import recipe_at
from einspace.reproduction.described import Findings, Number, Selection
from einspace.tasks import TASKS

TABLE_4 = {
    "metric": "Metric type",
    "baseline": "Baseline model",
    "epochs_search": "Epochs (search)",
    "epochs_final": "Epochs (eval)",
    "batch_size": "Batch size",
    "learning_rate": "Learning rate",
    "weight_decay": "Weight decay",
    "momentum": "Momentum",
}
"""The columns of table 4 and their headings."""

STATISTICS = Statistics._fields
"""The columns of table 6."""

FIGURE_4 = {"drawn": "repeated branches counted once", "expanded": "every copy counted"}
"""The values of p(M -> C) that figure 4 is computed for."""

FIGURE_7 = {"drawn_share": "share of the drawn", "expanded_share": "share of the expanded", "samples_share": "share of the samples"}
"""The operations that figure 7 counts."""

IMAGE = Feature((3, 32, 32))
"""The input of the architectures that are sampled."""

SAMPLES_6, SAMPLES_7 = 2_000, 8_000
"""The architectures that table 6 and figure 7 count."""

SEED = 0


def table_4(selection: Selection) -> Findings:
    """The recipes that searches of the scale train with, the metrics and the baselines."""
    numbers: list[Number] = []
    for row in selection.rows:
        entry, recipe = TASKS[row], recipe_at(selection.scale, row)
        counts = (recipe.epochs_search, recipe.epochs_final, recipe.batch_size)
        ours = Hyperparameters(entry.metric.name, entry.baselines[0], *counts, recipe.learning_rate, recipe.weight_decay, recipe.momentum)
        numbers += _beside(selection, row, ours._asdict(), PAPERS_TABLE_4[row]._asdict())
    return Findings(tuple(numbers))


def table_6(selection: Selection) -> Findings:
    """The spread of sizes and branching factors at each p of the paper."""
    censuses = take_each(PAPERS_TABLE_6[TERMINALS], IMAGE, _part(selection, SAMPLES_6), SEED)
    numbers = [
        number
        for part, published in PAPERS_TABLE_6.items()
        for p, census in censuses.items()
        for number in _beside(selection, f"{part}, p = {p:g}", census.statistics(part)._asdict(), published[p]._asdict())
    ]
    return Findings(tuple(numbers), tables.table_6(censuses))


def figure_4(selection: Selection) -> Findings:
    """The p at which the spectral radius is one."""
    copies = {"drawn": sampled_branches, "expanded": expanded}
    ours = {name: critical(copies[name]) for name in FIGURE_4}
    return Findings(tuple(_beside(selection, "critical p(M -> C)", ours, {"drawn": CRITICAL})), picture=figures.figure_4())


def figure_7(selection: Selection) -> Findings:
    """The frequency of every module and function at the paper's p(M -> C); the paper prints no numbers."""
    p = COMPUTATION_PROBABILITY
    census = take_each([p], IMAGE, _part(selection, SAMPLES_7), SEED)[p]
    shares = tables.figure_7_shares(census)
    numbers = [number for rows in shares.values() for name, row in rows.items() for number in _beside(selection, name, row, {})]
    return Findings(tuple(numbers), tables.figure_7(census, p), figures.figure_7(census, p))


def _part(selection: Selection, samples: int) -> int:
    return ceil(selection.share * samples)


def _beside(selection: Selection, row: str, ours: Mapping[str, float | str], paper: Mapping[str, float | str]) -> Iterable[Number]:
    """A row of numbers, for the columns that are wanted; texts that are not equal are noted."""
    for column in selection.columns:
        mine, theirs = ours[column.name], paper.get(column.name)
        unequal = isinstance(mine, str) and mine != theirs
        yield Number(row, column.name, mine, theirs, note=OTHER.get((row, column.name), "not the paper's") if unequal else "")


OTHER = {("cosmic", "metric"): "decision 006: the number that the benchmark publishes as 1 - AUROC is that of masks"}
"""Why we have something else than the paper."""
