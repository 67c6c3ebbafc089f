"""The runs of a benchmark's file as Markdown, for a page: what each method has on average, and every single run."""

from collections.abc import Sequence
from math import inf
from statistics import fmean

from benchmarks.search.runs import Run
from benchmarks.search.table import mean_scores, metric, ranks, score, verdicts, with_error

from einspace.quantities import counted


def markdown(runs: Sequence[Run]) -> str:
    """For each time and number of workers two tables: means over the pairs of task and seed, and a row for each run.

    The best score of a pair is bold. What is scored on test is what a method recommends; where that is a choice between its winner and
    the best baseline, a row has the scores of both.
    """
    groups: dict[tuple[float, int], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.minutes, run.workers), []).append(run)
    return "\n\n".join(
        f"{minutes:g} minutes, {counted(workers, 'worker')}:\n\n{_means(group)}\n\n{_rows(group)}"
        for (minutes, workers), group in sorted(groups.items())
    )


def _means(runs: Sequence[Run]) -> str:
    tasks = list(dict.fromkeys(run.task for run in runs))
    tested = [run for run in runs if run.tests]
    ranked = {run.method: list[float]() for run in runs} | ranks(tested)
    lines = [_row("method", "mean rank", "verdicts", *(f"{task}, {metric(runs, task)}" for task in tasks)), _rule(3 + len(tasks))]
    for method, own in sorted(ranked.items(), key=lambda item: fmean(item[1]) if item[1] else inf):
        mine = [run for run in runs if run.method == method]
        scores = [mean_scores([run for run in tested if (run.method, run.task) == (method, task)]) for task in tasks]
        rank = f"{with_error(own, 2)}, {counted(len(own), 'pair')}" if own else "-"
        lines.append(_row(method, rank, verdicts(mine), *scores))
    return "\n".join(lines)


def _rows(runs: Sequence[Run]) -> str:
    titles = ("task, seed", "method", "trials", "claimed", "again", "verdict", "recommends", "on test", "winner", "best baseline")
    lines = [_row(*titles), _rule(len(titles))]
    order = list(dict.fromkeys(run.task for run in runs))
    for run in sorted(runs, key=lambda run: (order.index(run.task), run.seed, run.method)):
        rivals = [other for other in runs if (other.task, other.seed) == (run.task, run.seed) and other.method != run.method]
        cells = [_number(run.claimed), _number(run.reevaluated), run.verdict or "none", _recommends(run)]
        chosen = _scores(run.rival if run.recommends_rival else run.tests, bold=_leads(run, rivals))
        pair = (_mean(run.tests), _mean(run.rival)) if run.rival else ("", "")
        lines.append(_row(f"{run.task}, {run.seed}", run.method, str(run.trials), *cells, chosen, *pair))
    return "\n".join(lines)


def _recommends(run: Run) -> str:
    if not run.verdict:
        return "its best"
    return "the baseline" if run.recommends_rival else "the winner"


def _leads(run: Run, rivals: Sequence[Run]) -> bool:
    """Whether it has the best score of those on this task from this seed, and no equal; alone it leads nobody."""
    mine, others = score(run), [score(rival) for rival in rivals]
    sign = 1 if run.higher_is_better else -1
    return mine is not None and bool(others) and all(other is None or sign * (mine - other) > 1e-12 for other in others)


def _scores(values: Sequence[float | None], bold: bool) -> str:
    if not values:
        return "not trained again"
    mean = f"**{_mean(values)}**" if bold else _mean(values)
    return f"{mean} ({', '.join(_number(value) or 'none' for value in values)})"


def _mean(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return _number(fmean(known)) if known and len(known) == len(values) else "failed"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _rule(columns: int) -> str:
    return f"|{'---|' * columns}"
