"""Two objectives: the strategy `pareto` and what a search tells of it."""

from pathlib import Path
from random import Random

import pytest
from tests.study_samples import SMALL, ThreadExecutor, small_task

from einspace import EinSpace, search
from einspace.errors import SettingError
from einspace.pareto import dominates
from einspace.strategies import Individual, ParetoEvolution

SPACE = EinSpace((4, 4))


def _individual(number: int, fitness: float, parameters: int, flops: int = 0) -> Individual:
    return Individual(number, "[relu relu]", str(number), fitness, parameters, flops)


def test_the_population_is_the_first_fronts() -> None:
    """Whole fronts while there is room; of the next those that are farthest from the others, so its ends first."""
    history = [
        _individual(0, 0.9, 100),
        _individual(1, 0.5, 10),
        _individual(2, 0.85, 90),
        _individual(3, 0.7, 50),
        _individual(4, 0.4, 200),
        _individual(5, 0.89, 99),
    ]
    strategy = ParetoEvolution(SPACE, population=3, tournament=2)
    assert [member.number for member in strategy.members(history)] == [0, 1, 3]
    assert [member.number for member in ParetoEvolution(SPACE, population=6, tournament=2).members(history)] == [0, 1, 2, 3, 4, 5]


def test_a_tournament_is_won_by_the_front() -> None:
    """Who is beaten in both objectives never wins, however good in one; the cost is the one that was asked for."""
    worse, better = _individual(0, 0.8, 50, 10), _individual(1, 0.9, 40, 20)
    assert ParetoEvolution(SPACE).winner([worse, better]) == better
    middle = _individual(2, 0.85, 30, 15)
    assert ParetoEvolution(SPACE, cost="flops").winner([better, worse, middle]) in (better, worse)


def test_a_cost_that_there_is_not_is_refused() -> None:
    """The error says which there are."""
    with pytest.raises(SettingError, match="parameters or flops, not 'latency'"):
        ParetoEvolution(SPACE, cost="latency")


@pytest.mark.parametrize("cost", ["parameters", "flops"])
def test_a_search_ends_with_its_pareto_set(tmp_path: Path, cost: str) -> None:
    """Nothing in the set is beaten in both, everything outside is; and the same seed gives the same set."""
    options = {"init": "random*6", "population": 8, "tournament": 3, "limits": SMALL, "runs": tmp_path, "cost": cost}
    results = [
        search(small_task(), "pareto", 24, 1, 3, run=run, executor=ThreadExecutor(), **options)  # type: ignore[arg-type]
        for run in ("one", "two")
    ]
    first, second = (result.pareto(cost) for result in results)
    assert [row.text for row in first] == [row.text for row in second]

    def point(row: object) -> tuple[float, float]:
        return row.value, float(getattr(row, cost))  # type: ignore[attr-defined]

    scored = [row for row in results[0].history if row.value is not None]
    inside = {row.key for row in first}
    assert not any(dominates(point(a), point(b)) for a in scored for b in first)
    assert all(any(dominates(point(a), point(b)) or point(a) == point(b) for a in first) for b in scored if b.key not in inside)
    assert results[0].settings["cost"] == cost
    assert [row["trial"] for row in results[0].to_json()["pareto"]] == [row.number for row in first]


def test_proposals_follow_from_history_and_seed() -> None:
    """A pure function, like every strategy."""
    strategy = ParetoEvolution(SPACE, population=4, tournament=2, initial=("random",))
    history = [_individual(0, 0.5, 10), _individual(1, 0.6, 20)]
    assert strategy.propose(5, history, Random(1)) == strategy.propose(5, history, Random(1))
