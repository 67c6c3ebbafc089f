"""How a search shows how far it is."""

import time

import pytest
from rich.progress import Progress as Bar
from tests.commands import call

from einspace.callbacks import Progress
from einspace.cli.display import SearchDisplay
from einspace.cli.options import PANELS
from einspace.cli.output import waiting
from einspace.config import SearchSettings, leaves
from einspace.evaluation.outcome import Evaluation, Outcome
from einspace.trial import Costs, Proposal, Trial


def news(done: int, best: float | None, value: float | None) -> Progress:
    """A trial of six that has ended, with a score or without."""
    outcome = Outcome.OK if value is not None else Outcome.NAN
    trial = Trial(done - 1, Proposal("relu", "key", Costs(0), "sample"), evaluation=Evaluation(outcome, value))
    return Progress("search", done, 6, best, trial)


def test_without_a_terminal_each_new_best_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A log has no bar, and no line for what is not new."""
    display = SearchDisplay(Bar(disable=True), "search", SearchSettings(task="digits", trials=6))
    for step in (news(1, None, None), news(2, 0.5, 0.5), news(3, 0.5, 0.4), news(4, 0.75, 0.75)):
        display.tell(step)
    assert capsys.readouterr().err.splitlines() == ["2 of 6 trials: best 0.5000 (trial 1)", "4 of 6 trials: best 0.7500 (trial 3)"]


def test_the_bar_has_the_best_its_curve_and_the_failures() -> None:
    """What a terminal shows of three trials."""
    bar = Bar(disable=True)
    display = SearchDisplay(bar, "search", SearchSettings(task="digits", trials=6))
    for step in (news(1, 0.25, 0.25), news(2, 0.5, 0.5), news(3, 0.5, None)):
        display.tell(step)
    (task,) = bar.tasks
    assert (task.completed, task.total) == (3, 6)
    assert task.fields["best"] == "best 0.5000 ▁██, 1 without a score"


def test_every_option_of_a_search_is_in_a_panel(monkeypatch: pytest.MonkeyPatch) -> None:
    """An option that is added without one would stand apart from those it belongs to."""
    members = [member for panel in PANELS.values() for member in panel]
    assert [key for key in leaves() if key not in members and key.split(".")[0] not in members] == ["task"]
    monkeypatch.setenv("COLUMNS", "120")
    said = call("search", "--help").stdout
    assert all(f"─ {panel} ─" in said for panel in PANELS)


def test_what_takes_long_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """A line on standard error, without a terminal too, and with any name in it; what is quick says nothing."""
    with waiting("reading [/x]a\nb", seconds=0.01):
        end = time.monotonic() + 10
        said = ""
        while not said and time.monotonic() < end:
            said += capsys.readouterr().err
            time.sleep(0.01)
    with waiting("writing"):
        pass
    assert said == "reading [/x]a\\x0ab ...\n"
    assert capsys.readouterr().err == ""
