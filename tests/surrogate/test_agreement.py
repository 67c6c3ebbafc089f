"""Kendall's tau of predictions that were made before, and whether the surrogate may choose by it."""

from dataclasses import replace

import pytest

from einspace.evaluation.outcome import Evaluation, Outcome
from einspace.surrogate import Agreement, trusted
from einspace.surrogate.agreement import FEWEST, RECENT
from einspace.trial import Costs, Prediction, Proposal, Trial


def trial(number: int, percentile: float | None, fitness: float | None, among: int = 1) -> Trial:
    """A trial that ended, well if it has a fitness."""
    prediction = None if percentile is None else Prediction(percentile, among)
    proposal = Proposal("[relu relu]", f"key{number}", Costs(0), "sample", prediction=prediction)
    return Trial(number, proposal).end(Evaluation(Outcome.NAN if fitness is None else Outcome.OK, fitness), 1.0, 0.0)


def test_it_is_of_what_was_predicted_and_ended_well() -> None:
    """Trials without a prediction, those that failed, and repetitions of a trial do not count."""
    counted = [trial(0, 0.1, 1.0), trial(1, 0.2, 2.0, 20), trial(2, 0.3, 3.0, 20)]
    others = [trial(3, None, 9.0), trial(4, 0.9, None), replace(trial(5, 0.9, 0.0), reused=0)]
    assert Agreement.of([*counted, *others]) == Agreement(1.0, 3, 2)
    assert Agreement.of(counted[:1]) is None


@pytest.mark.parametrize("found", [[trial(n, 0.5, float(n)) for n in range(9)], [trial(n, n / 9, 1.0) for n in range(9)]])
def test_what_tells_nothing_apart_has_no_agreement(found: list[Trial]) -> None:
    """Equal predictions or equal scores have a tau of 0 and not of nan."""
    agreement = Agreement.of(found)
    assert agreement is not None
    assert agreement.tau == 0


def test_only_the_latest_decide() -> None:
    """A surrogate that was wrong for long may choose as soon as the last thirty predictions are right; few decide nothing."""
    wrong = [trial(number, 0.5 + number / 1000, -float(number)) for number in range(50)]
    right = [trial(number, 0.5 + number / 1000, float(number)) for number in range(50, 50 + RECENT)]
    assert trusted([])
    assert trusted(wrong[: FEWEST - 1])
    assert not trusted(wrong[:FEWEST])
    assert not trusted(wrong)
    assert trusted([*wrong, *right])


def test_a_prediction_is_stored_with_its_trial() -> None:
    """It comes back from JSON as it was, and a trial from before there was any is read."""
    found = trial(0, 0.25, 1.0, 20)
    assert Trial.from_json(found.to_json()) == found
    old = found.to_json()
    del old["proposal"]["prediction"]
    assert Trial.from_json(old).proposal.prediction is None
