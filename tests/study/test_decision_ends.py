"""Facts about decisions that do not come to their end as planned: the time is over, they are interrupted, or trainings fail."""

import signal
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.study.race_samples import RESNET, Timed, World, baseline_is, failing, run

from einspace.callbacks import Progress
from einspace.evaluation.outcome import Evaluation, Outcome, Request
from einspace.result import Result, load_result
from einspace.study import Interrupted
from einspace.trial import DECISION

pytestmark = pytest.mark.slow


@dataclass
class Dragging(Timed):
    """A world in which trainings of a decision at final epochs take longer than any before them says."""

    drag: float = 1.0

    def __call__(self, request: Request) -> Evaluation:
        self.warm = self.drag if request.long else 1.0
        return super().__call__(request)


def dragged(folder: Path, monkeypatch: pytest.MonkeyPatch, world: Dragging, **options: Any) -> Result:
    """A run whose time has room for a decision of two finalists on 8 partitions, as predicted."""
    monkeypatch.setattr("einspace.phases.budget.monotonic", lambda: world.now)
    return run(folder, world, budget=1250, **options)


@pytest.mark.parametrize(("drag", "pairs"), [(1.0, 8), (1.3, 7), (1.9, 5)])
def test_of_a_decision_of_two_that_the_time_ends_whole_partitions_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drag: float, pairs: int
) -> None:
    """What was trained on a partition that is not complete is left out; and the run is told the same when it is read again."""
    result = dragged(tmp_path, monkeypatch, Dragging(World(baseline_is(0.3)), drag=drag))
    assert result.verdict is not None
    assert (result.verdict.word, result.verdict.pairs) == ("better", pairs)
    assert f"Each was trained again {pairs} times for 3 epochs" in result.verdict.evidence
    assert {len(row.decision) for row in result.finalists} == {0, pairs}
    assert "no time" not in result.verdict.evidence
    assert load_result("test", str(tmp_path)).verdict == result.verdict


def test_where_too_few_partitions_are_complete_the_verdict_rests_on_the_race_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four of a decision of two are too few; with more time there are more, and nothing is trained twice."""
    world = Dragging(World(baseline_is(0.3)), drag=2.5)
    result = dragged(tmp_path, monkeypatch, world)
    assert result.verdict is not None
    assert (result.verdict.pairs, {row.decision for row in result.finalists}) == (2, {()})
    assert "There was no time to train the best again often enough (a decision)." in result.verdict.evidence
    longer = run(tmp_path, world, budget=4000)
    assert longer.verdict is not None
    assert longer.verdict.pairs == 8
    trained = [(trial.text, trial.seed) for trial in longer.others if trial.phase == DECISION]
    assert len(trained) == len(set(trained)) == 3 * 8


def test_a_decision_that_was_interrupted_is_said_not_to_have_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it goes on, the verdict rests on the race."""

    def stop(progress: Progress) -> None:
        if (progress.phase, progress.done) == (DECISION, 3):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted):
        dragged(tmp_path, monkeypatch, Dragging(World(baseline_is(0.3))), progress=stop)
    verdict = load_result("test", str(tmp_path)).verdict
    assert verdict is not None
    assert verdict.pairs == 2
    assert "The decision has not ended." in verdict.evidence


def test_a_decision_in_which_the_baseline_fails_does_not_count_and_that_is_said(tmp_path: Path) -> None:
    """The verdict rests on the race, in which it was trained."""

    def function(request: Request) -> Evaluation:
        if request.text == RESNET and request.long:
            return Evaluation(Outcome.NAN, reason="the loss is nan")
        return World(baseline_is(0.3))(request)

    verdict = run(tmp_path, function).verdict
    assert verdict is not None
    assert verdict.pairs == 2
    assert "Trainings of the decision failed, so that it does not count." in verdict.evidence


@pytest.mark.parametrize(("lost", "pairs"), [((5003,), 4), ((5000, 5003), 3)])
def test_of_a_decision_of_one_the_pairs_of_failed_trainings_do_not_count_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: tuple[int, ...], pairs: int
) -> None:
    """One lost training out of five had cost the verdict, and the baseline was blamed for it; the same is told when the run is read."""
    world = Timed(World(baseline_is(0.3)))
    monkeypatch.setattr("einspace.phases.budget.monotonic", lambda: world.now)
    result = run(tmp_path, failing(world, lost, Outcome.TIMEOUT), budget=330, trials=None)
    assert result.verdict is not None
    assert result.verdict.pairs == pairs
    name, count = result.verdict.winner, len(lost)
    assert f"{count} further training{'s' * (count > 1)} of {name} failed and do{'es' * (count == 1)} not count." in result.verdict.evidence
    assert load_result("test", str(tmp_path)).verdict == result.verdict


def test_a_network_whose_trainings_fail_too_often_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pairs of five are too few for a verdict, and its reason is not that the baseline, which has all scores, failed."""
    world = Timed(World(baseline_is(0.3)))
    monkeypatch.setattr("einspace.phases.budget.monotonic", lambda: world.now)
    result = run(tmp_path, failing(world, (5000, 5001, 5003), Outcome.NAN), budget=330, trials=None)
    assert result.best is not None
    assert (result.verdict, result.unjudged) == (None, f"{result.best.name} could not be trained again each time")


def test_a_decision_of_other_epochs_takes_no_score_of_an_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With more time, short trainings are followed by long ones. Those of the baseline were not repeated before, and so it had the scores
    of short trainings beside the long ones of another finalist: the verdict was "better" for a network of equal worth.
    """
    world = Timed(World(lambda text: 0.5, noise=0.01))
    monkeypatch.setattr("einspace.phases.budget.monotonic", lambda: world.now)

    def function(request: Request) -> Evaluation:
        found = world(request)
        return replace(found, value=(found.value or 0.0) + 0.3 * request.long)

    short = run(tmp_path, function, budget=400, trials=None)
    assert short.verdict is not None
    assert max(short.verdict.scores) < 0.6
    long = run(tmp_path, function, budget=2500, trials=None)
    assert long.verdict is not None
    assert min(long.verdict.scores) > 0.7
    assert long.verdict.word == "not distinguishable"
    again = [trial for trial in long.others if trial.phase == DECISION]
    assert len({(trial.text, trial.seed) for trial in again}) == len(again)
