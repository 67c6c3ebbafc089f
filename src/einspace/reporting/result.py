"""The end of a search, for the terminal: the best few, the test scores beside the baselines', and where the time went."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from einspace.reporting.tables import quantity, shortened, spread
from einspace.result import TOP, BaselineRow, Best, Result, Row
from einspace.tasks import TASKS, over_seeds


def summary(result: Result, width: int = 80, top: int = TOP) -> list[RenderableType]:
    """What `search` prints when it is done."""
    counts = ", ".join(f"{count} {outcome}" for outcome, count in result.outcomes.items())
    parts: list[RenderableType] = [_rows(result, f"Best {top} of {len(result.history)} trials", result.top(top), width)]
    if "cost" in result.settings:
        cost = result.settings["cost"]
        parts.append(_rows(result, f"Pareto set of {result.settings['metric']} and {cost}", result.pareto(cost), width))
    parts.append(_scores(result))
    if result.sampling is not None:
        spread = result.sampling
        parts.append(f"a random architecture scores {spread.mean:.4f} ± {spread.deviation:.4f} on validation ({spread.count} scored)")
    parts += [_verdict(result), _time(result, counts)]
    return parts


def _rows(result: Result, title: str, rows: Sequence[Row], width: int) -> Table:
    table = Table(title=f"{title} on {result.settings['task']}", title_justify="left", header_style="bold")
    for column in ("trial", "validation", "params", "FLOPs"):
        table.add_column(column, justify="right", no_wrap=True)
    measured = result.settings.get("cost") == "latency"
    if measured:
        table.add_column("latency", justify="right", no_wrap=True)
    table.add_column("from", no_wrap=True)
    table.add_column("architecture", no_wrap=True)
    for row in rows:
        text = Text(shortened(row.text, max(16, width - (80 if measured else 70))))
        flops = "" if row.flops is None else quantity(row.flops)
        latency = [] if not measured else ["–" if row.latency is None else f"{row.latency * 1e3:.2f} ms"]
        table.add_row(str(row.number), _score(row.value), quantity(row.parameters), flops, *latency, shortened(row.origin, 16), text)
    return table


def _scores(result: Result) -> Table:
    seeds = max((len(row.tests) for row in (result.best, *result.baselines) if row is not None), default=0)
    times = f"from each of {seeds} seeds" if seeds else "once"
    table = Table(title=f"Retrained on train and valid, scored {times} on test", title_justify="left", header_style="bold")
    table.add_column("")
    for column in ("validation", "test", "params"):
        table.add_column(column, justify="right")
    if result.best is not None:
        best = result.best
        label = f"trial {best.trial} (best by validation)"
        table.add_row(label, _score(best.validation), _test(best), quantity(best.parameters), style="bold", end_section=True)
    for row in result.baselines:
        parameters = "" if row.parameters is None else quantity(row.parameters)
        name = row.name + (f" ({row.reason})" if row.validation is None and row.reason else "")
        table.add_row(name, _score(row.validation), _test(row), parameters)
    published = TASKS[result.settings["task"]].published if result.settings["task"] in TASKS else {}
    if published and table.rows:
        table.rows[-1].end_section = True
    for method, score in published.items():
        table.add_row(f"published: {method}", "", _score(score), "", style="dim")
    return table


def _test(row: Best | BaselineRow) -> str:
    """A score on test; over several seeds its mean and spread, or how many of them have none."""
    if not row.tests:
        return _score(row.test)
    scores = over_seeds(row.tests)
    return spread(scores) if scores.mean is not None else f"– ({scores.failed} of {scores.seeds} seeds without a score)"


def _verdict(result: Result) -> str:
    """Says in words what validation and test say, favourable or not."""
    best = result.best
    if best is None:
        return "No trial ended with a score."
    words = [
        _compared(result, "validation", best.validation, [(row, row.validation) for row in result.baselines]),
        _compared(result, "test", best.test, [(row, row.test) for row in result.baselines]),
    ]
    return " ".join(word for word in words if word)


def _compared(result: Result, split: str, score: float | None, rows: list[tuple[BaselineRow, float | None]]) -> str:
    others = [(row.name, value) for row, value in rows if value is not None]
    if score is None or not others:
        return ""
    name, value = (max if result.higher_is_better else min)(others, key=lambda other: other[1])
    gain = (score - value) * (1 if result.higher_is_better else -1)
    word = "beats" if gain > 0 else "equals" if gain == 0 else "does not beat"
    return f"On {split} the best found {word} the best baseline, {name}: {score:.4f} against {value:.4f}."


def _time(result: Result, counts: str) -> str:
    spent = result.seconds
    phases = ", ".join(f"{name} {spent[name]:.1f}" for name in ("proposing", "building", "training", "scoring"))
    overhead = "" if result.overhead is None else f"; {_overhead(result)}"
    search = f"{spent['search']:.0f} s of search ({phases} s summed over the workers)"
    return f"{counts}. {search}, {spent['final']:.0f} s of final training{overhead}."


def _overhead(result: Result) -> str:
    """What is counted, and what is not."""
    starting, ending = result.seconds["starting"], result.seconds["ending"]
    share = f"{result.overhead:.2%} of the workers' time was outside evaluations"
    return f"{share}, besides {starting:.1f} s of starting workers and {ending:.1f} s in which one had nothing left to do"


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
