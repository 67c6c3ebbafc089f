"""Two objectives: the strategy `pareto` and what a search tells of it."""

from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

import pytest
from rich.table import Table
from tests.study_samples import SMALL, ThreadExecutor, good, score, small_task

from einspace import EinSpace, search
from einspace.errors import SettingError
from einspace.evaluation import Evaluation, Outcome, Request
from einspace.reporting.result import summary
from einspace.result import Result, load_result
from einspace.strategies import COSTS, ParetoEvolution
from einspace.strategies.fronts import dominates
from einspace.trial import Costs, Proposal, Trial

SPACE = EinSpace((4, 4))


def _trial(number: int, fitness: float, parameters: int, flops: int = 0, latency: float | None = None) -> Trial:
    proposal = Proposal("[relu relu]", str(number), Costs(parameters, flops), "sample")
    return Trial(number, proposal).end(Evaluation(Outcome.OK, fitness, latency=latency), 1.0, 0.0)


def _latency(text: str) -> float:
    """Seconds that follow from the text alone, and not from its score."""
    return 0.001 + 0.01 * score(text[::-1])


def _measured(request: Request) -> Evaluation:
    """A good score and a latency that is prescribed."""
    return replace(good(request), latency=_latency(request.text))


def _search(
    runs: Path, run: str = "one", trials: int = 24, function: Callable[[Request], Evaluation] = _measured, **options: Any
) -> Result:
    settings = {
        "init": "random*6",
        "population": 8,
        "tournament": 3,
        "limits": SMALL,
        "runs": runs,
        "cost": "latency",
        "protocol": "paper",
        **options,
    }
    return search(small_task(), "pareto", trials, 1, 3, run=run, executor=ThreadExecutor(function), **settings)


def test_the_population_is_the_first_fronts() -> None:
    """Whole fronts while there is room; of the next those that are farthest from the others, so its ends first."""
    history = [
        _trial(0, 0.9, 100),
        _trial(1, 0.5, 10),
        _trial(2, 0.85, 90),
        _trial(3, 0.7, 50),
        _trial(4, 0.4, 200),
        _trial(5, 0.89, 99),
    ]
    strategy = ParetoEvolution(SPACE, population=3, tournament=2)
    assert [member.number for member in strategy.members(history)] == [0, 1, 3]
    assert [member.number for member in ParetoEvolution(SPACE, population=6, tournament=2).members(history)] == [0, 1, 2, 3, 4, 5]


def test_a_tournament_is_won_by_the_front() -> None:
    """Who is beaten in both objectives never wins, however good in one; the cost is the one that was asked for."""
    worse, better = _trial(0, 0.8, 50, 10), _trial(1, 0.9, 40, 20)
    assert ParetoEvolution(SPACE).winner([worse, better]) == better
    middle = _trial(2, 0.85, 30, 15)
    assert ParetoEvolution(SPACE, cost="flops").winner([better, worse, middle]) in (better, worse)


@pytest.mark.parametrize("cost", COSTS)
def test_less_of_the_cost_wins(cost: str) -> None:
    """Of two that are equally good, the one that costs less wins and stays in the population, whatever the other costs are."""
    cheap, dear = ({other: 5 if other == cost else 9 - sign for other in COSTS} | {cost: 5 + sign} for sign in (0, 1))
    one, other = (_trial(number, 0.5, **figures) for number, figures in enumerate((dear, cheap)))
    assert ParetoEvolution(SPACE, cost=cost).winner([one, other]) == other
    assert ParetoEvolution(SPACE, population=1, cost=cost).members([one, other]) == [other]


def test_a_cost_that_there_is_not_is_refused(tmp_path: Path) -> None:
    """The error says which there are."""
    for refused in (lambda: ParetoEvolution(SPACE, cost="speed"), lambda: _search(tmp_path, trials=1).pareto("speed")):
        with pytest.raises(SettingError, match="parameters, flops or latency, not 'speed'"):
            refused()


def test_a_search_by_a_latency_that_nobody_measures_ends(tmp_path: Path) -> None:
    """Without one nothing is ever a member, and all proposals would be samples; what was trained stays."""
    with pytest.raises(SettingError, match=r"none of the 10 trials with a score has a latency.* choose the cost parameters or flops"):
        _search(tmp_path, function=good)
    assert len(load_result("one", str(tmp_path)).history) == 10
    _search(tmp_path, "two", function=good, cost="flops")


@pytest.mark.slow
@pytest.mark.parametrize("cost", COSTS)
def test_a_search_ends_with_its_pareto_set(tmp_path: Path, cost: str) -> None:
    """Nothing in the set is beaten in both, everything outside is; and the same seed gives the same set."""
    results = [_search(tmp_path, run, cost=cost) for run in ("one", "two")]
    first, second = (result.pareto(cost) for result in results)
    assert [row.text for row in first] == [row.text for row in second]

    def point(trial: Trial) -> tuple[float, float]:
        return trial.value or 0.0, float(trial.cost(cost) or 0.0)

    scored = [row for row in results[0].history if row.value is not None]
    inside = {row.key for row in first}
    assert not any(dominates(point(a), point(b)) for a in scored for b in first)
    assert all(any(dominates(point(a), point(b)) or point(a) == point(b) for a in first) for b in scored if b.key not in inside)
    assert results[0].settings["cost"] == cost
    assert [row["trial"] for row in results[0].to_json()["pareto"]] == [row.number for row in first]


def test_selection_follows_the_latency(tmp_path: Path) -> None:
    """Where all score the same and all compete, each child is of the one that was fastest by then."""

    def equal(request: Request) -> Evaluation:
        return replace(_measured(request), value=0.5)

    result = _search(tmp_path, function=equal, tournament=8)
    children = [row for row in result.history if row.parents]
    assert len(children) > 10
    for row in children:
        before = [other for other in result.history[: row.number] if other.reused is None]
        assert result.history[row.parents[0]].latency == min(_latency(other.text) for other in before)
    (fastest,) = result.pareto("latency")
    assert fastest.latency == min(_latency(row.text) for row in result.history if row.reused is None)


@pytest.mark.slow
@pytest.mark.timeout(30)
def test_a_failed_measurement_is_no_cost(tmp_path: Path) -> None:
    """Who has no latency keeps the score, and is neither a parent nor in the Pareto set; a run without any latency samples afresh."""

    def failed(request: Request) -> Evaluation:
        return replace(good(request), latency=next(failures))

    def sometimes(request: Request) -> Evaluation:
        return _measured(request) if score(request.text) < 0.5 else failed(request)

    failures = cycle([None, float("nan"), float("inf"), 0.0, -1.0])

    result = _search(tmp_path, function=sometimes)
    without = {row.number for row in result.history if row.latency is None}
    assert len(without) > 5
    assert all(result.history[number].value is not None for number in without)
    assert not without & {parent for row in result.history for parent in row.parents}
    assert not without & {row.number for row in result.pareto("latency")}
    assert result.best is not None
    assert result.best.trial in without
    never = _search(tmp_path, "never", 8, failed)
    assert {row.origin for row in never.history} == {"seed random", "sample"}
    assert never.pareto("latency") == never.to_json()["pareto"] == []


@pytest.mark.slow
def test_a_duplicate_has_the_latency_of_its_twin(tmp_path: Path) -> None:
    """The stored measurement is reused with the score."""
    result = _search(tmp_path, trials=30, init=(), population=100, limits=type(SMALL)(operations=2))
    reused = [row for row in result.history if row.reused is not None]
    assert reused
    assert all(row.latency == result.history[row.reused or 0].latency is not None for row in reused)


@pytest.mark.slow
def test_a_continued_run_selects_by_what_was_stored(tmp_path: Path) -> None:
    """Twelve and then twelve more trials are what 24 would have been, though nothing is measured again; the table is read back."""
    _search(tmp_path, "two", 12)
    continued, whole = _search(tmp_path, "two"), _search(tmp_path)
    assert [(row.text, row.parents, row.latency) for row in continued.history] == [
        (row.text, row.parents, row.latency) for row in whole.history
    ]
    assert load_result("two", str(tmp_path)).history == continued.history
    assert [row["latency"] for row in continued.to_json()["pareto"]] == [row.latency for row in whole.pareto("latency")]
    shown = "".join(str(cell) for table in summary(whole) if isinstance(table, Table) for column in table.columns for cell in column.cells)
    assert all(f"{(row.latency or 0) * 1e3:.2f} ms" in shown for row in whole.pareto("latency"))


@pytest.mark.slow
def test_workers_measure_the_latency(tmp_path: Path) -> None:
    """A search in processes stores what each of them measured, whatever its strategy."""
    options: dict[str, Any] = {"init": "resnet8", "limits": SMALL, "runs": tmp_path, "recipe": {"epochs_final": 1}}
    result = search(small_task(), "evolution", 1, 1, **options)
    (row,) = result.history
    assert row.outcome == "ok"
    assert row.latency is not None
    assert row.latency > 0
    assert result.pareto("latency") == [row]


def test_proposals_follow_from_history_and_seed() -> None:
    """A pure function, like every strategy."""
    strategy = ParetoEvolution(SPACE, population=4, tournament=2, initial=("random",))
    history = [_trial(0, 0.5, 10), _trial(1, 0.6, 20)]
    assert strategy.propose(history, Random(1)) == strategy.propose(history, Random(1))
