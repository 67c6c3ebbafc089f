"""Facts about whom a report calls the winner of a race: nobody before it is over."""

import json
import re
import signal
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from tests.study.race_samples import Timed, World, baseline_is, failing, run
from tests.study_samples import ThreadExecutor

from einspace.callbacks import Progress
from einspace.evaluation.outcome import Outcome
from einspace.reporting.card import card
from einspace.reporting.result import summary
from einspace.result import Result, load_result
from einspace.result.report import comparison, content
from einspace.result.words import recommended
from einspace.study import Interrupted
from einspace.trial import DECISION, RACE

pytestmark = pytest.mark.slow


def told(result: Result) -> dict[str, str]:
    """Everything that is said about a run, by where it stands."""
    assert result.best is not None
    console = Console(width=200, record=True, file=StringIO())
    console.print(*summary(result, 200))
    page = content(result)
    charts = json.loads(re.findall(r'<script type="application/json" id="charts">(.*?)</script>', page, re.DOTALL)[0])
    return {
        "terminal": console.export_text(),
        "page": page,
        "chart": " ".join(str(trace.get("name")) for trace in charts["by-trial"]["data"]),
        "card": card(result, result.trained(result.history[0].number), [], raw=False, fresh=True),
        "recommended": recommended(result),
        "comparison": comparison([result]),
    }


def check_nobody_has_won(result: Result) -> None:
    """No text speaks of a winner, nor of trainings that were not made."""
    assert not result.won
    for where, text in told(result).items():
        said = re.findall(r".{40}[^_]\bwinner\b.{40}|.{40}did best when.{40}", text)
        assert not said, (where, said)


def interrupted(folder: Path, phase: str, done: int) -> Result:
    """A run that was interrupted once so many trainings of a phase had ended."""

    def stop(progress: Progress) -> None:
        if (progress.phase, progress.done) == (phase, done):
            signal.raise_signal(signal.SIGINT)

    world = World(noise=0.001, luck=1.0)
    with pytest.raises(Interrupted):
        run(folder, world, executor=ThreadExecutor(world, delay=0.01), progress=stop)
    return load_result("test", str(folder))


def test_a_race_that_the_time_ends_has_no_winner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The best claimed score was called the winner, beside the sentence that the race has not ended."""
    world = Timed(World(), warm=3.0)
    monkeypatch.setattr("einspace.phases.budget.monotonic", lambda: world.now)
    result = run(tmp_path, world, executor=ThreadExecutor(world), trials=None, budget=450)
    assert result.unjudged == "the race has not ended"
    check_nobody_has_won(result)
    assert "(best of the search)" in told(result)["terminal"]


def test_a_decision_without_a_race_that_comes_to_nothing_has_no_winner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page said that the best and the best baseline were trained again and scored, though too little was to count."""
    world = Timed(World(), warm=3.0)
    monkeypatch.setattr("einspace.phases.budget.monotonic", lambda: world.now)
    result = run(tmp_path, world, executor=ThreadExecutor(world), trials=None, budget=310)
    assert [(row.race, row.decision) for row in result.finalists] == [((), ())] * 2
    check_nobody_has_won(result)
    assert "trained again and scored on validation" not in content(result)


def test_a_network_whose_trainings_of_a_decision_fail_has_not_won_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a race it is the only candidate, and yet has no mean to win with."""
    world = Timed(World(baseline_is(0.3)))
    monkeypatch.setattr("einspace.phases.budget.monotonic", lambda: world.now)
    result = run(tmp_path, failing(world, (5000, 5001, 5003), Outcome.NAN), trials=None, budget=330)
    assert result.unjudged.endswith("could not be trained again each time")
    check_nobody_has_won(result)


@pytest.mark.parametrize(("phase", "done"), [(RACE, 1), (RACE, 8), (DECISION, 4)])
def test_an_interrupted_race_has_no_winner(tmp_path: Path, phase: str, done: int) -> None:
    """Neither before a candidate has all of its scores, nor while others lack theirs."""
    check_nobody_has_won(interrupted(tmp_path, phase, done))


def test_a_race_that_was_planned_is_not_said_to_have_been_run(tmp_path: Path) -> None:
    """The page said of all candidates that they were trained again before one of them was."""
    result = interrupted(tmp_path, RACE, 1)
    page = content(result)
    assert "trained again and scored on validation" not in page
    assert page.count(", trained again</td>") <= sum(row.trained_again for row in result.finalists) < len(result.finalists)


def test_a_race_that_is_over_has_a_winner(tmp_path: Path) -> None:
    """It is called so everywhere."""
    result = run(tmp_path, World(noise=0.001, luck=1.0))
    assert result.won
    texts = told(result)
    assert result.best is not None
    assert f"{result.best.name} (winner of the race)" in texts["terminal"]
    assert "winner, after the best were trained again" in texts["page"]
    assert "the winner" in texts["chart"]
    assert f"{result.best.name}, the winner of the race" in texts["card"] or f"{result.best.name}, this network" in texts["card"]
    assert "those of the winner" in texts["comparison"]
