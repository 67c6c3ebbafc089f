"""The table of a benchmark, from its file alone: the mean rank of each method, and its mean score on test by task."""

from collections import Counter
from collections.abc import Sequence
from math import hypot, nan, sqrt
from statistics import fmean, stdev

from benchmarks.search.runs import Run
from rich.table import Table
from scipy.stats import rankdata

from einspace.tasks import over_seeds


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """Mean and its standard error, nan where there are fewer than one and two values.

    >>> mean_and_error([1.0, 2.0, 3.0])
    (2.0, 0.5773502691896258)
    """
    return fmean(values) if values else nan, stdev(values) / sqrt(len(values)) if len(values) > 1 else nan


def score(run: Run) -> float | None:
    """The mean on test over the retrainings of what the method recommends; None where one of them has no score."""
    return over_seeds(run.rival if run.recommends_rival else run.tests).mean


def ranks(runs: Sequence[Run]) -> dict[str, list[float]]:
    """The ranks of each method, 1 for the best, among all methods on each task from each seed that all of them have run.

    Equal scores share the mean of their ranks; a run without a score comes last.
    """
    methods = list(dict.fromkeys(run.method for run in runs))
    cells: dict[tuple[str, int], dict[str, Run]] = {}
    for run in runs:
        cells.setdefault((run.task, run.seed), {})[run.method] = run
    found: dict[str, list[float]] = {method: [] for method in methods}
    for cell in cells.values():
        if len(cell) == len(methods):
            for method, rank in zip(methods, rankdata([_badness(cell[method]) for method in methods]), strict=True):
                found[method].append(float(rank))
    return found


def is_wrong(run: Run) -> bool:
    """Whether a verdict is contradicted on test, by more than a standard error of the difference."""
    mine, rival = ([value for value in tests if value is not None] for tests in (run.tests, run.rival))
    if run.verdict not in ("better", "worse") or min(len(mine), len(rival)) < 2:
        return False
    (mean, error), (other, other_error) = mean_and_error(mine), mean_and_error(rival)
    gain = (mean - other) * (1 if run.higher_is_better else -1) * (1 if run.verdict == "better" else -1)
    return gain < -hypot(error, other_error)


def verdicts(runs: Sequence[Run]) -> str:
    """How many verdicts say what, and how many are wrong.

    >>> verdicts([])
    '-'
    """
    counts = Counter(run.verdict for run in runs if run.verdict)
    wrong = sum(map(is_wrong, runs))
    words = ", ".join(f"{count} {word}" for word, count in counts.most_common())
    return words + (f" ({wrong} wrong)" if wrong else "") or "-"


def tables(runs: Sequence[Run]) -> list[Table]:
    """One table for each time and number of workers, of the runs that were retrained."""
    groups: dict[tuple[float, int], list[Run]] = {}
    for run in (run for run in runs if run.tests):
        groups.setdefault((run.minutes, run.workers), []).append(run)
    return [_table(minutes, workers, group) for (minutes, workers), group in sorted(groups.items())]


def _table(minutes: float, workers: int, runs: Sequence[Run]) -> Table:
    tasks = list(dict.fromkeys(run.task for run in runs))
    ranked = ranks(runs)
    cells = len({(run.task, run.seed) for run in runs})
    complete = min(map(len, ranked.values()))
    title = f"{minutes:g} minutes, {workers} workers: ranks over the {complete} of {cells} pairs of task and seed that all methods have run"
    table = Table("method", "rank", "trials", "unfinished", "verdicts", *(f"{task}, {metric(runs, task)}" for task in tasks), title=title)
    for method, own in sorted(ranked.items(), key=lambda item: mean_and_error(item[1])[0] if item[1] else float("inf")):
        mine = [run for run in runs if run.method == method]
        trials = f"{fmean(run.trials for run in mine):.0f}"
        shares = [run.unfinished for run in mine if run.unfinished is not None]
        columns = [mean_scores([run for run in mine if run.task == task]) for task in tasks]
        table.add_row(method, with_error(own, 2), trials, f"{fmean(shares):.0%}" if shares else "-", verdicts(mine), *columns)
    return table


def mean_scores(runs: Sequence[Run]) -> str:
    """Mean and standard error over the seeds of the search; how many have none, if any: the others would flatter."""
    if not runs:
        return "-"
    scores = [score(run) for run in runs]
    good = [value for value in scores if value is not None]
    if len(good) < len(scores):
        return f"{len(scores) - len(good)} of {len(scores)} failed"
    return f"{with_error(good, 3)} ({len(good)})"


def with_error(values: Sequence[float], digits: int) -> str:
    """Mean and standard error with so many digits; a dash where there is no value.

    >>> with_error([1.0, 2.0, 3.0], 2), with_error([], 2)
    ('2.00 ± 0.58', '-')
    """
    mean, error = mean_and_error(values)
    if mean != mean:
        return "-"
    return f"{mean:.{digits}f}" + (f" ± {error:.{digits}f}" if error == error else "")


def _badness(run: Run) -> float:
    value = score(run)
    if value is None:
        return float("inf")
    return round(-value if run.higher_is_better else value, 12)  # the mean of equal scores may differ in its last digit


def metric(runs: Sequence[Run], task: str) -> str:
    """What a task is scored by, and whether less of it is better."""
    run = next(run for run in runs if run.task == task)
    return run.metric if run.higher_is_better else f"{run.metric} (less is better)"
