"""Facts about the tables of scores: short trainings of a race and long ones of a decision stand in columns of their own."""

import re
import signal
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from tests.study.race_samples import RESNET, Timed, World, baseline_is, run
from tests.study_samples import ThreadExecutor

from einspace.callbacks import Progress
from einspace.evaluation.outcome import Evaluation, Outcome, Request
from einspace.quantities import decimal
from einspace.reporting.card import card
from einspace.reporting.result import summary
from einspace.result import Result, load_result
from einspace.result.report import content
from einspace.result.report.summary import cards
from einspace.study import Interrupted
from einspace.trial import DECISION

pytestmark = pytest.mark.slow

Rows = dict[str, dict[str, str]]
"""The cells of a table, by the name of their row and by the first word of their column."""


def longer_is_better(request: Request) -> Evaluation:
    """Trainings of a decision have more epochs, and score 2 more."""
    found = World(baseline_is(0.3))(request)
    return replace(found, value=(found.value or 0.0) + 2 * request.long)


def baseline_fails(request: Request) -> Evaluation:
    """The same, but that of the baseline's fail."""
    if request.text == RESNET and request.long:
        return Evaluation(Outcome.NAN, reason="the loss is nan")
    return longer_is_better(request)


def _by_column(header: list[str], rows: list[list[str]]) -> Rows:
    names = [re.split(r"\W", cell.strip())[0] for cell in header]
    return {re.split(r" \(|,", row[0].strip())[0]: dict(zip(names, map(str.strip, row), strict=True)) for row in rows}


def tables(result: Result) -> dict[str, Rows]:
    """The tables of scores of the terminal, the report and the model card."""
    console = Console(width=200, record=True, file=StringIO())
    console.print(*summary(result, 200))
    lines = [re.split("[│┃]", line)[1:-1] for line in console.export_text().splitlines() if line[:1] in tuple("│┃")]
    start = next(i for i, line in enumerate(lines) if not line[0].strip())
    page = content(result)
    table = page[page.index('aria-label="Table of scores"') :].partition("</table>")[0]
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line) for line in table.splitlines() if "<th" in line]
    written = card(result, result.trained(result.history[0].number), [], raw=False, fresh=True)
    marked = [line.strip("|").split("|") for line in written.splitlines() if line.startswith("| ")]
    return {
        "terminal": _by_column(lines[start], lines[start + 1 :]),
        "page": _by_column(cells[0], cells[1:]),
        "card": _by_column(marked[0], marked[2:]),
    }


def check_columns(result: Result, *columns: str) -> None:
    """The tables have these columns of re-trainings alone, and in them the means of the entrants."""
    entrants = {row.name: row for row in result.entrants}
    for where, rows in tables(result).items():
        known = [name for name in rows if name in entrants]
        assert len(known) >= 2, where
        for name in known:
            found = {column: cell for column, cell in rows[name].items() if column in ("race", "decision")}
            assert found == {column: decimal(entrants[name].means[column]) for column in columns}, (where, name)


def check_the_verdict_s_numbers_stand_in(result: Result, column: str) -> None:
    """Both scores that the verdict quotes are in one column of the terminal and the page, and on the first screen."""
    verdict = result.verdict
    assert verdict is not None
    for where in ("terminal", "page"):
        rows = tables(result)[where]
        assert [rows[name][column] for name in (verdict.winner, verdict.baseline)] == [decimal(score) for score in verdict.scores]
    (again,) = (figure for figure in cards(result) if "trained again" in figure.name)
    assert (again.value, again.remark) == (decimal(verdict.scores[0]), f"{verdict.baseline}: {decimal(verdict.scores[1])}")


def test_short_and_long_trainings_stand_in_columns_of_their_own(tmp_path: Path) -> None:
    """Who was in the race alone had the mean of short trainings beside that of long ones, and seemed far behind."""
    result = run(tmp_path, longer_is_better)
    check_columns(result, "race", "decision")
    check_the_verdict_s_numbers_stand_in(result, "decision")
    rows = tables(result)["terminal"]
    losers = [row for row in result.finalists if not row.decision]
    assert losers
    assert {rows[row.name]["decision"] for row in losers} == {"–"}
    assert all(float(rows[row.name]["race"]) < 2 for row in result.finalists)


def test_where_a_decision_does_not_count_the_numbers_of_the_verdict_are_those_of_the_race(tmp_path: Path) -> None:
    """The winner had its mean of the decision, in which the baseline failed, beside a verdict that quotes the race."""
    result = run(tmp_path, baseline_fails)
    check_columns(result, "race", "decision")
    check_the_verdict_s_numbers_stand_in(result, "race")


def test_a_finalist_of_an_interrupted_decision_has_its_score_of_the_race(tmp_path: Path) -> None:
    """It had none at all, beside a verdict that quotes it."""

    def stop(progress: Progress) -> None:
        if (progress.phase, progress.done) == (DECISION, 1):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted):
        run(tmp_path, longer_is_better, executor=ThreadExecutor(longer_is_better, delay=0.01), progress=stop)
    result = load_result("test", str(tmp_path))
    check_columns(result, "race")
    check_the_verdict_s_numbers_stand_in(result, "race")


@pytest.mark.parametrize(("budget", "column"), [(330, "decision"), (None, "race")])
def test_a_column_without_a_score_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, budget: int | None, column: str) -> None:
    """A decision may be without a race, and a race without a decision."""
    world = Timed(World(baseline_is(0.3)))
    monkeypatch.setattr("einspace.phases.budget.monotonic", lambda: world.now)
    monkeypatch.setattr("einspace.phases.race.USUAL", ())
    result = run(tmp_path, world, budget=budget, trials=12 if budget is None else None)
    check_columns(result, column)
    check_the_verdict_s_numbers_stand_in(result, column)
