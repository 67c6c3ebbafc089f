"""Several runs side by side: who is grouped, at what the best are compared, and what cannot be compared."""

import re
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest
from tests.result_samples import searched
from tests.study_samples import SAMPLED

from einspace.errors import SettingError
from einspace.quantities import decimal
from einspace.result import Result
from einspace.result.report import comparison
from einspace.result.report.comparison import best_at, grouped
from einspace.trial import Trial

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    """Two seeds of evolution and one of random search."""
    folder = tmp_path_factory.mktemp("runs")
    return [
        searched(folder, "one", trials=8, seed=0, report=False),
        searched(folder, "two", trials=10, seed=1, report=False),
        searched(folder, "three", trials=8, report=False, **SAMPLED),
    ]


def test_runs_of_equal_settings_from_different_seeds_are_one_line(results: list[Result]) -> None:
    """Their best scores have a mean and a deviation; a single run has none."""
    groups = grouped(results)
    assert [(group.name, [run.run.name for run in group.runs]) for group in groups] == [
        ("evolution", ["one", "two"]),
        ("random", ["three"]),
    ]
    scores = [result.top(1)[0].value or 0.0 for result in results[:2]]
    assert groups[0].best.mean == pytest.approx(sum(scores) / 2)
    assert groups[0].best.deviation == pytest.approx(abs(scores[0] - scores[1]) / 2**0.5)
    assert groups[1].best.deviation is None


def test_two_runs_of_one_seed_are_no_spread_over_seeds(results: list[Result]) -> None:
    """A run of more trials from the same seed begins with the same ones: the mean over both had a deviation that says nothing."""
    again = replace(results[0], run=results[0].run.with_name("again"))
    assert [[run.run.name for run in group.runs] for group in grouped([*results, again])] == [["one", "two"], ["again"], ["three"]]
    assert [group.best.deviation for group in grouped([results[0], again])] == [None, None]
    third = replace(results[1], run=results[1].run.with_name("third"))
    assert [[run.run.name for run in group.runs] for group in grouped([again, third, *results[:2]])] == [["again", "third"], ["one", "two"]]
    names = [group.name for group in grouped([results[0], again])]
    assert names == ["evolution (one)", "evolution (again)"]


def test_runs_of_different_lengths_are_said_to_be_such(results: list[Result]) -> None:
    """The note said that runs of 8 and of 10 trials differ in their seed alone."""
    html = comparison(results)
    assert "seed alone" not in html
    assert "Runs of one line differ in their length, evolution: 8 to 10 trials in " in html
    alike = replace(results[1], history=results[1].history[:8])
    assert "differ in their length" not in comparison([results[0], alike, results[2]])


def test_the_best_at_a_number_of_trials_and_at_a_time(results: list[Result]) -> None:
    """By number the trials before it count, by time those that had ended by then, in either direction of the metric."""
    first = results[0].history[0]

    def trial(number: int, value: float, ended: float) -> Trial:
        assert first.evaluation is not None
        evaluation = replace(first.evaluation, value=value)
        return replace(first, number=number, evaluation=evaluation, fitness=value, started=100.0, ended=100.0 + ended)

    history = (trial(0, 0.5, 9.0), trial(1, 0.7, 2.0), trial(2, 0.6, 4.0))
    result = replace(results[0], history=history)
    assert best_at(result, [1, 2, 3], by_time=False) == [0.5, 0.7, 0.7]
    assert best_at(result, [1.0, 2.0, 4.0, 9.0], by_time=True) == [None, 0.7, 0.7, 0.7]
    lower = replace(result, settings={**result.settings, "metric": {**result.settings["metric"], "higher_is_better": False}})
    assert best_at(lower, [2.0, 4.0, 9.0], by_time=True) == [0.7, 0.6, 0.5]


def test_the_best_of_a_long_run_is_looked_up_and_not_counted(results: list[Result]) -> None:
    """The best at each of 20,000 trials took 80 seconds, for every trial was counted again at each of them."""
    scored = next(trial for trial in results[0].history if trial.evaluation is not None and trial.value is not None)
    known = replace(results[0], history=tuple(replace(scored, number=number) for number in range(20_000)))
    began = monotonic()
    assert best_at(known, range(1, 20_001), by_time=False) == [scored.value] * 20_000
    assert monotonic() - began < 5


def test_the_best_of_a_run_is_that_of_its_search(results: list[Result]) -> None:
    """The winner of a race may have a worse score in the search than others: the line, the tables and the lead have the same number."""
    best, top = results[0].best, results[0].top(1)[0].value
    assert best is not None
    assert top is not None
    raced = replace(results[0], best=replace(best, validation=top - 0.125))
    (group,) = grouped([raced])
    assert group.best.mean == top == best_at(raced, [len(raced.history)], by_time=False)[0]
    html = comparison([raced])
    assert f"of evolution: {decimal(top)} over 1 run" in html
    assert html.count(f'<td class="n">{decimal(top)}</td>') == 2
    assert decimal(top - 0.125) not in html


def test_the_page_names_every_run_and_says_when_seeds_are_missing(results: list[Result]) -> None:
    """The lead names the best strategy; one seed is not enough to tell strategies apart."""
    html = comparison(results)
    for result in results:
        assert f'<th scope="row">{result.run.name}</th>' in html
    assert "several seeds of each strategy are needed" in html
    assert "several seeds of each strategy are needed" not in comparison(results[:2])
    assert re.search(r"The best mean accuracy on validation is that of (evolution|random)", html)


def test_runs_of_different_tasks_are_not_compared(results: list[Result]) -> None:
    """One line names both runs and what differs."""
    other = replace(results[1], settings={**results[1].settings, "task": "other"}, run=Path("runs/other"))
    with pytest.raises(SettingError, match="runs of one task can be compared: one has small, and other has other"):
        grouped([results[0], other])
