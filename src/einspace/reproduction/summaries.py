"""Summaries: the rows over all tasks, computed for our numbers and for the paper's from the same cells."""

from collections.abc import Mapping, Sequence
from statistics import fmean

from scipy.stats import rankdata

from einspace.reproduction.described import Number, Selection, Summary
from einspace.tasks import TASKS

Cells = Mapping[tuple[str, str], float | None]
"""Numbers by row and column."""


def summarise(selection: Selection, numbers: Sequence[Number]) -> list[Number]:
    """The summaries of an experiment, as its numbers allow.

    Ours are over the tasks on which every search of ours has a score, and so are the paper's beside them; before there is any, the
    paper's are over all tasks. Columns that the paper took from others count among ours where all these scores are of the published data.
    """
    own = [column.name for column in selection.columns if column.settings is not None]
    ours = {(number.row, number.column): _float(number.ours) for number in numbers}
    theirs = {(number.row, number.column): _float(number.reference) for number in numbers}
    comparable = {(number.row, number.column): number.comparable for number in numbers}
    counted = [row for row in selection.rows if own and all(ours[row, name] is not None for name in own)]
    official = bool(counted) and all(comparable[row, name] for row in counted for name in own)
    if official:
        ours |= {place: theirs[place] for place in ours if place[1] not in own}
    among = [column.name for column in selection.columns if not counted or official or column.name in own]
    against = any(column.against for column in selection.columns)
    rows = counted or selection.rows
    found = []
    for summary in selection.experiment.summaries:
        mine, paper = ({} if not counted else over(summary, rows, among, ours)), over(summary, rows, among, theirs)
        paper = {column.name: mine.get(column.against) for column in selection.columns} if against else paper
        for name in among:
            note = (
                f"over {len(rows)} of {len(selection.experiment.rows)} tasks, {len(among)} of {len(selection.experiment.columns)} columns"
            )
            found.append(Number(summary.name, name, mine.get(name), paper.get(name), None, official or against, note))
    return found


def over(summary: Summary, rows: Sequence[str], columns: Sequence[str], cells: Cells) -> dict[str, float | None]:
    """A summary of each column over the rows; None where a cell is missing that it needs."""
    if summary.kind == "rank":
        by_row = [_ranks(row, columns, cells) for row in rows]
    else:
        by_row = [{name: cells[row, name] for name in columns} for row in rows]
    found: dict[str, float | None] = {}
    for name in columns:
        values = [value for of_row in by_row if (value := of_row[name]) is not None]
        found[name] = fmean(values) if values and len(values) == len(rows) else None
    return found


def _ranks(row: str, columns: Sequence[str], cells: Cells) -> dict[str, float | None]:
    """The rank of each column on a task, 1 for the best; None for all where a column has no score."""
    values = [cells[row, name] for name in columns]
    sign = -1.0 if TASKS[row].metric.higher_is_better else 1.0
    if any(value is None for value in values):
        return dict.fromkeys(columns)
    ranks = rankdata([sign * value for value in values if value is not None])
    return {name: float(rank) for name, rank in zip(columns, ranks, strict=True)}


def _float(value: float | str | None) -> float | None:
    return None if isinstance(value, str) else value
