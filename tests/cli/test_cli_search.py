"""`einspace search` around the search itself: strategies of the current folder, and the command that goes on."""

import re
import shlex
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.commands import Done, call
from tests.study_samples import SMALL, ThreadExecutor, small_task

from einspace.cli.options import PANELS
from einspace.cli.search import _more
from einspace.config import SearchSettings, leaves
from einspace.limits import Limits
from einspace.result import Result, load_result
from einspace.study import search
from einspace.study.bounds import BUDGET

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "own-strategy.md").read_text()


@pytest.fixture
def climbing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the page's strategy in `climbing.py`."""
    (block,) = [code for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "class HillClimbing" in code]
    (tmp_path / "climbing.py").write_text(block)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "climbing", raising=False)
    return tmp_path


@pytest.fixture(autouse=True)
def _threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores that follow from the text, in place of trainings."""
    monkeypatch.setattr("einspace.executors.choose", lambda *_: ThreadExecutor())


def searched(*words: str) -> Done:
    """A search on the digits that ended well."""
    done = call("search", "digits", "--workers", "1", "--max-operations", "60", "--max-parameters", "2000000", *words)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.slow
def test_the_page_s_strategy_searches_from_python_and_the_command_line(climbing: Path) -> None:
    """It stands in fifteen lines, each child descends from the best before it, and both ways find the same."""
    lines = [line for line in (climbing / "climbing.py").read_text().splitlines() if line.strip()]
    assert len(lines) <= 15
    options = {"trials": 8, "workers": 1, "seed": 2, "limits": SMALL, "runs": "runs"}
    here = search("digits", "climbing:HillClimbing", run="python", executor=ThreadExecutor(), **options)  # type: ignore[arg-type]
    searched("--strategy", "climbing:HillClimbing", "--trials", "8", "--seed", "2", "--run", "command")
    there = load_result("command", "runs")
    assert [(trial.text, trial.parents) for trial in there.history] == [(trial.text, trial.parents) for trial in here.history]
    assert here.settings == there.settings
    assert here.settings["strategy_source"] not in (None, "einspace")
    assert [trial.origin for trial in here.history] == ["sample", *["climb"] * 7]
    for trial in here.history[1:]:
        before = here.history[: trial.number]
        assert trial.parents == (max(before, key=lambda other: other.fitness or 0).number,)


def test_a_strategy_that_has_changed_does_not_continue_a_run(climbing: Path) -> None:
    """The source of a strategy of the user's is a setting of the run, as the grammar is."""
    path = climbing / "climbing.py"
    words = ["search", "digits", "--strategy", "climbing:HillClimbing", "--trials", "2", "--run", "one", "--max-operations", "60"]
    assert call(*words).returncode == 0
    path.write_text(path.read_text().replace("max(scored", "min(scored"))
    del sys.modules["climbing"]
    refused = call(*words)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "strategy_source: " in refused.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "flag", "value", "trials"),
    [
        (["--iterations", "2", "--init", "resnet8"], "--iterations", "4", 5),
        (["--iterations=2", "--init", "resnet8"], "--iterations", "4", 5),
        (["--trials", "3"], "--trials", "6", 6),
        (["--trials=3"], "--trials", "6", 6),
    ],
)
def test_the_command_that_goes_on_can_be_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], flag: str, value: str, trials: int
) -> None:
    """It doubles what bounds the search, by the option that was used, and runs as it is printed."""
    monkeypatch.chdir(tmp_path)
    done = searched("--run", "mine", *words)
    assert len(load_result("mine", "runs").history) == 3
    (line,) = [line for line in done.stdout.splitlines() if line.strip().startswith("einspace search digits")]
    again = shlex.split(line)[1:]
    assert f"{flag} {value}" in " ".join(again).replace("=", " ")
    assert call(*again).returncode == 0
    assert len(load_result("mine", "runs").history) == trials


@pytest.mark.slow
def test_a_budget_is_doubled_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only time bounds a search, more time is offered, and no number of trials."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("einspace.executors.choose", lambda *_: ThreadExecutor(delay=0.05))
    done = searched("--run", "mine", "--budget", "1s")
    assert "--budget 2s" in done.stdout
    assert "--trials" not in done.stdout
    assert load_result("mine", "runs").history


@pytest.mark.slow
def test_a_search_without_a_bound_has_four_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It says so; a number, iterations or a budget take its place."""
    given: dict[str, Any] = {"workers": 1, "limits": Limits(operations=2), "runs": tmp_path}
    assert BUDGET == "4m"
    monkeypatch.setattr("einspace.study.bounds.BUDGET", "2s")
    ours = search(small_task(), "random", run="ours", executor=ThreadExecutor(delay=0.2), race=False, **given)
    assert 1 <= len(ours.history) < 50
    assert "nothing bounds this search, so it has 2s: a budget or a number of trials says otherwise" in caplog.text
    assert "budget: 2s" in (ours.run / "config.yaml").read_text()
    options = {"workers": 1, "limits": SMALL, "runs": tmp_path, "init": "resnet8,random*2", "population": 6, "tournament": 2}
    counted = search(small_task(), iterations=4, run="counted", executor=ThreadExecutor(), **options)  # type: ignore[arg-type]
    assert [len(trial.parents) for trial in counted.history] == [0] * 3 + [1] * 4


def test_every_option_of_a_search_is_in_a_panel(monkeypatch: pytest.MonkeyPatch) -> None:
    """An option that is added without one would stand apart from those it belongs to."""
    members = [member for panel in PANELS.values() for member in panel]
    assert [key for key in leaves() if key not in members and key.split(".")[0] not in members] == ["task"]
    monkeypatch.setenv("COLUMNS", "120")
    said = call("search", "--help").stdout
    assert all(f"─ {panel} ─" in said for panel in PANELS)


def test_help_shows_values_only_of_options_that_take_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A switch stands alone, and what an option takes is a word and no type of Python's."""
    monkeypatch.setenv("COLUMNS", "140")
    for command in (["search"], ["show"], ["data", "list"], []):
        options = [line for line in call(*command, "--help").stdout.splitlines() if line.startswith("│ --")]
        assert any(line.split()[1:3] == ["--help", "Show"] for line in options)
        assert not [line for line in options if "<bool>" in line or "<str>" in line or "list[" in line]


@pytest.mark.slow
@pytest.mark.parametrize("writes_reports", [True])
def test_a_report_that_is_not_written_is_not_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes_reports: bool) -> None:
    """Where a folder has taken its place, no line tells the user to open it."""
    monkeypatch.chdir(tmp_path)
    words = ["search", "digits", "--init", "", "--strategy", "random", "--run", "mine", "--no-race", "--final-seeds", "0"]
    page = tmp_path / "runs" / "mine" / "report.html"
    assert "The report is runs/mine/report.html" in call(*words, "--trials", "1").stdout
    page.unlink()
    page.mkdir()
    assert "The report is" not in call(*words, "--trials", "2").stdout


@pytest.mark.parametrize(
    ("given", "ended", "more"),
    [
        ({"trials": 6}, 6, ("--trials", "12")),
        ({"budget": "2m"}, 40, ("--budget", "240s")),
        ({}, 40, ("--budget", "480s")),
        ({"budget": "7d"}, 40, ("--budget", "1209600s")),
        ({"trials": 1000, "budget": "2m"}, 40, ("--budget", "240s")),
        ({"trials": 40, "budget": "2m"}, 40, ("--budget", "240s", "--trials", "80")),
        ({"iterations": 9, "budget": "2m"}, 10, ("--budget", "240s", "--iterations", "18")),
        ({"protocol": "paper"}, 1_000, ("--trials", "2000")),
        ({"protocol": "paper", "init": "resnet8"}, 501, ("--iterations", "1000")),
    ],
)
def test_what_goes_on_with_a_search_raises_what_has_ended_it(given: dict[str, Any], ended: int, more: tuple[str, ...]) -> None:
    """A budget that is spent begins no trial, and a number that time has cut short is no bound to be lowered."""
    initial = [given["init"]] if "init" in given else []
    result = SimpleNamespace(history=range(ended), protocol=given.get("protocol", "einspace"), settings={"init": initial})
    assert _more(SearchSettings(task="digits", **given), cast("Result", result)) == more
