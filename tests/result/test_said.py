"""Facts about what is said of runs of every kind and state: nothing that is not so."""

import re
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table
from tests.study.race_samples import Timed, World, baseline_is, run
from tests.study_samples import SAMPLED, SMALL, ThreadExecutor, often_bad, small_task

from einspace.callbacks import Progress
from einspace.reporting.result import summary
from einspace.result import Result
from einspace.result.inheritance import Inheritance
from einspace.result.report import comparison, content
from einspace.result.report.family import family
from einspace.result.report.summary import lead, tried
from einspace.result.words import compared, foretold, inherited
from einspace.space import EinSpace
from einspace.strategies.random import RandomSampling
from einspace.study import search
from einspace.surrogate import Agreement
from einspace.trial import BASELINE, FINAL

pytestmark = pytest.mark.slow


def in_terminal(result: Result) -> str:
    """What a search prints in the end."""
    console = Console(width=200, record=True, file=StringIO())
    console.print(*summary(result, 200))
    return console.export_text()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Random samples beside a baseline, without a race."""
    return run(tmp_path_factory.mktemp("plain"), World(baseline_is(0.3)), race=False)


def test_the_title_of_the_best_counts_the_rows_below_it(tmp_path: Path) -> None:
    """Trials without a score, and those that repeat an architecture, have no row."""
    result = run(tmp_path, often_bad, race=False, trials=8, final_seeds=0)
    (table, *_) = (part for part in summary(result) if isinstance(part, Table))
    assert 0 < table.row_count < 5
    assert str(table.title).startswith(f"Best {table.row_count} of 8 trials")


def test_a_score_of_an_objective_is_on_no_split(tmp_path: Path) -> None:
    """It alone knows what it scores on, and nothing was or will be trained for a test split."""

    def objective(*_: Any) -> float:
        return 0.5

    options: dict[str, Any] = {"executor": ThreadExecutor(), "run": "objective", "runs": tmp_path}
    result = search(None, "random", 4, 1, objective=objective, space=EinSpace((1, 8, 8), limits=SMALL), **options)
    pages = content(result), comparison([result])
    for text in (
        in_terminal(result),
        *(re.sub(r"(?s)<script(?! type=.application/json).*?</script>", "", page) for page in pages),
        repr(result),
        result._repr_html_(),
        " ".join(lead(result)),
    ):
        assert not re.search(r"[^\n]{0,40}validation[^\n]{0,40}|[^\n]{0,40}\btest\b split[^\n]{0,40}|final training", text)


def test_the_best_of_one_is_not_called_the_best_of_many(plain: Result) -> None:
    """A single trial that is ahead was not picked."""
    assert compared(plain, "validation").endswith("because the best of many is picked.")
    assert plain.best is not None
    only = tuple(trial for trial in plain.history if trial.number == plain.best.trial)
    assert "picked" not in compared(replace(plain, history=only), "validation")


class Measured(RandomSampling):
    """A strategy of the user's whose trials are scored on test."""


def test_a_strategy_that_selects_nothing_is_not_waited_for(tmp_path: Path) -> None:
    """All its trials have a score, on test, and no best one is still to come; the table of baselines is not of validation."""
    options: dict[str, Any] = {**SAMPLED, "executor": ThreadExecutor(), "limits": SMALL, "runs": tmp_path, "run": "test"}
    options["strategy"] = Measured(EinSpace((1, 8, 8), limits=SMALL))
    result = search(replace(small_task(), baselines=()), trials=3, workers=1, **options)
    assert (result.best, result.split, result.sampling) == (None, "test", None)
    for text in (in_terminal(result), content(result)):
        said = re.search("None has a score|No trial ended|There is none yet|best architecture yet|cored on validation|No scores on", text)
        assert said is None, said


def test_a_baseline_that_was_not_trained_yet_is_not_said_to_have_been_tried(plain: Result) -> None:
    """A report that follows a search is read before the baselines beside it have ended."""
    assert "beside 1 baseline" in tried(plain)
    early = replace(plain, others=tuple(trial for trial in plain.others if trial.phase not in (BASELINE, FINAL)))
    assert "baseline" not in tried(early)


def test_initial_members_of_the_users_own_are_not_networks_that_people_designed(tmp_path: Path) -> None:
    """They may come from another search."""
    result = run(tmp_path, World(), strategy="evolution", init="[[linear(d=64) relu] linear(d=64)]", trials=4, race=False, population=3)
    assert "people designed" not in tried(result)


def test_a_best_without_parents_is_not_said_to_be_a_sample(plain: Result) -> None:
    """A program or an optimiser proposes without naming parents."""
    assert len(family(plain)) == 1
    assert "It has no parents.</p>" in content(plain)


def test_what_recommends_a_baseline_does_not_offer_it_as_the_best(tmp_path: Path) -> None:
    """`einspace show` takes the recommended network."""
    result = run(tmp_path, World(baseline_is(2.0)))
    assert result.verdict is not None
    assert not result.verdict.of_winner
    page = content(result)
    assert "look at the recommended network" in page
    assert "draw the recommended network" in page
    assert "draw the best" not in page


def test_no_race_is_promised_once_there_is_no_time_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While networks are trained for test, nothing will measure any more how much of a difference is chance."""
    world = Timed(World(baseline_is(0.3)))
    monkeypatch.setattr("einspace.phases.budget.monotonic", lambda: world.now)
    news: list[Progress] = []
    result = run(tmp_path, world, executor=ThreadExecutor(world), trials=None, budget=150, progress=news.append)
    assert result.unjudged.startswith("there was no time")
    said = [each.standing for each in news if each.phase == FINAL and each.standing]
    assert said
    assert not [words for words in said if "the race will measure" in words]


def test_an_order_that_is_not_kept_is_not_said_to_be(plain: Result) -> None:
    """With a Kendall's tau of 0 or less, predictions rank trials otherwise than their scores do."""

    class Told(Result):
        surrogate = Agreement(-0.2, 12, 3)
        inheritance = Inheritance(6, 5, 0.0)

    told = Told(**{name: getattr(plain, name) for name in Result.__dataclass_fields__})
    assert "-0.20" in foretold(told)
    assert "0.00" in inherited(told)
    assert not re.search("(as|alike|order)\\b", foretold(told) + inherited(told))
