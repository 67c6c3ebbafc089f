"""The benchmark of stored searches: a prediction is made of the trials before it alone, and tau says what it was worth."""

from dataclasses import replace
from math import log10
from pathlib import Path
from random import Random

import pytest
from benchmarks.agreement import foretold, main, row, searches
from benchmarks.surrogate import SPACE

from einspace.evaluation.outcome import Evaluation, Outcome
from einspace.known import BEGIN
from einspace.result.table import Recorded
from einspace.trial import Costs, Proposal

TRIALS = 42
"""Twelve of them are predicted."""


@pytest.fixture(scope="module")
def history() -> list[Recorded]:
    """A search of random samples whose scores follow from their sizes."""
    found = []
    for number in range(TRIALS):
        architecture = SPACE.sample(Random(number))
        costs = Costs(architecture.parameters, architecture.cost.flops)
        trial = Recorded(number, Proposal(str(architecture), str(number), costs, "sample"), run="sizes", task="adddigits")
        found.append(trial.end(Evaluation(Outcome.OK, log10(architecture.parameters + 1)), 1.0, float(number)))
    return found


def test_scores_that_follow_from_the_architecture_are_foretold(history: list[Recorded]) -> None:
    """From thirty trials on; the tau of the numbers of parameters is 1 where they are the scores."""
    found = row("sizes", "adddigits", history, SPACE)
    assert found is not None
    assert found.agreement.predictions == TRIALS - BEGIN
    assert found.agreement.tau > 0.6
    assert found.parameters == pytest.approx(1.0)
    assert found.chance == pytest.approx(0.22, abs=0.01)


def test_a_prediction_knows_nothing_of_what_comes_later(history: list[Recorded]) -> None:
    """Other scores of a trial and of those after it leave its prediction as it is."""
    end = BEGIN + 5
    later = [trial.end(Evaluation(Outcome.OK, 0.0), 1.0, float(trial.number)) for trial in history[end:]]
    told, other = foretold(history, SPACE), foretold([*history[:end], *later], SPACE)
    assert told[end].proposal.prediction == other[end].proposal.prediction is not None
    assert told[BEGIN - 1].proposal.prediction is None


def test_only_searches_that_are_whole_count(history: list[Recorded]) -> None:
    """Trials of a race, and a search of which some trials are missing, are left out."""
    raced = [replace(trial, phase="race") for trial in history]
    assert searches(history + raced) == {("sizes", "adddigits"): history}
    assert searches(history[1:]) == {}


def test_short_searches_are_not_asked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Ten predictions are the fewest that say something; an empty table prints no row."""
    (tmp_path / "none.jsonl").write_text("")
    main([str(tmp_path / "none.jsonl")])
    assert "searches: mean tau" not in capsys.readouterr().out
