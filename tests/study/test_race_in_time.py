"""Facts about the race of a search that time bounds: how large it is, what goes on beside the final trainings, and what is late."""

import signal
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from rich.console import Console
from tests.study.race_samples import Timed, World, baseline_is, run
from tests.study_samples import ThreadExecutor

from einspace.callbacks import Progress
from einspace.evaluation.outcome import Evaluation, Request, Seconds
from einspace.reporting.result import summary
from einspace.result import Result, load_result
from einspace.result.words import recommended
from einspace.study import Interrupted
from einspace.trial import DECISION, FINAL

SHORT, LONG = "1 epoch", "3 epochs"
"""How long a training of the search and a final one are."""

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("budget", "field", "finalists", "pairs", "long"),
    [
        (None, 5, 2, 3, True),
        ("1000s", 5, 2, 8, True),
        ("700s", 5, 2, 5, True),
        ("500s", 5, 1, 8, True),
        ("400s", 2, 1, 8, True),
        ("240s", 1, 1, 8, False),
        ("200s", 1, 1, 8, False),
        ("100s", 0, 0, 0, False),
    ],
)
def test_the_race_shrinks_to_the_time_that_there_is(
    tmp_path: Path, budget: str | None, field: int, finalists: int, pairs: int, long: bool
) -> None:
    """Race and decision have the time that the search has left: the decision shrinks, then the field, then it is at search epochs, alone.

    Trials claim 10 seconds each, so a race of n candidates takes 22 (n + 1) of them, and a decision of n takes 11 (n + 1) for each pair, or
    33 (n + 1) at final epochs. No real time passes, so that a decision of one finalist has as many pairs as there may be.
    """
    result = run(tmp_path, World(seconds=10.0), budget=budget)
    assert len(result.finalists) - bool(result.finalists) == field
    decided = [row for row in result.finalists if row.decision]
    assert len(decided) - bool(decided) == finalists
    assert {len(row.decision) for row in decided} == ({pairs} if pairs else set())
    if field:
        assert result.verdict is not None
        assert result.verdict.pairs == pairs
        assert f"Each was trained again {pairs} times for {LONG if long else SHORT}," in result.verdict.evidence
    else:
        assert (result.verdict, result.unjudged) == (None, "there was no time to train several candidates again (a race)")
        assert result.best is not None


@dataclass
class Slow(Timed):
    """A world whose fourth architecture is the best, by far if nothing else is said, and takes 50 seconds more."""

    best: float = 0.9
    asked: int = 0
    slow: str = ""

    def __call__(self, request: Request) -> Evaluation:
        self.asked += 1
        if self.asked == 4:
            self.slow = request.text
        found = super().__call__(request)
        if request.text != self.slow:
            return found
        self.now += 50.0
        return replace(found, value=self.best, seconds=Seconds(train=found.seconds.train + 50.0))


def timed(folder: Path, monkeypatch: pytest.MonkeyPatch, timed: Timed, **options: Any) -> tuple[Result, list[Request]]:
    """A run in which nothing but trainings takes time, and what was asked for in it."""
    monkeypatch.setattr("einspace.phases.budget.monotonic", lambda: timed.now)
    executor = ThreadExecutor(timed)
    return run(folder, timed, executor=executor, trials=None, **options), executor.requests


@pytest.mark.parametrize(("budget", "long", "most"), [(400, False, 4), (600, True, 3), (900, True, 3)])
def test_a_decision_of_one_has_the_time_that_the_final_trainings_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, budget: int, long: bool, most: int
) -> None:
    """Its finalist and the baseline are trained in the end first; then pairs are trained again for as long as the next one fits."""
    world = Timed(World(baseline_is(0.3, lambda text: 0.5)))
    result, requests = timed(tmp_path, monkeypatch, world, budget=budget)
    assert result.verdict is not None
    assert (result.verdict.word, result.verdict.pairs) == ("better", most)
    assert world.now <= budget
    assert world.now + 2 * (30 if long else 10) > budget
    kinds = ["final" if request.final else "decision" if (request.partition or 0) >= 5000 else "before" for request in requests]
    assert kinds[kinds.index("final") :] == ["final", "final", *["decision"] * 2 * most]
    assert {request.long for request in requests if (request.partition or 0) >= 5000} == {long}
    assert len([trial for trial in result.others if trial.phase == FINAL]) == 2


def test_what_more_samples_take_is_planned(tmp_path: Path) -> None:
    """A decision on 1.6 times the samples takes 1.6 times as long, so that 700 seconds have room for another one than on as many."""
    world = World(seconds=10.0)
    found = [run(tmp_path / str(decisive), world, budget="700s", decisive=decisive).finalists for decisive in (0.5, 0.2)]
    assert [max(len(row.decision) for row in rows) for rows in found] == [5, 8]
    assert [sum(1 for row in rows if row.decision) for rows in found] == [3, 2]


def test_an_interrupted_decision_beside_the_final_trainings_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that has ended is trained again, in the search, in the race, for test, or in a pair; and there is a verdict on more pairs."""

    def stop(progress: Progress) -> None:
        if (progress.phase, progress.done) == (DECISION, 3):
            signal.raise_signal(signal.SIGINT)

    world = Timed(World(baseline_is(0.3, lambda text: 0.5)))
    with pytest.raises(Interrupted):
        timed(tmp_path, monkeypatch, world, budget=900, progress=stop)
    before = load_result("test", str(tmp_path))
    ended = [(trial.text, trial.seed, trial.phase == FINAL) for trial in (*before.history, *before.others)]
    assert [trial.phase for trial in before.others].count(FINAL) == 2
    result, requests = timed(tmp_path, monkeypatch, world, budget=900)
    assert result.verdict is not None
    assert (result.verdict.word, result.verdict.pairs) == ("better", 8)
    again = [(request.text, request.seed, request.final) for request in requests if request.partition is not None or request.final]
    assert not set(again) & set(ended)
    assert len(set(again)) == len(again)


def test_the_race_tells_what_a_training_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A baseline is trained first, and its worker waits for PyTorch: where the race took half of that, there is time for a decision."""
    slow, _ = timed(tmp_path, monkeypatch, Timed(World()), budget=400, run="slow")
    quick, _ = timed(tmp_path, monkeypatch, Timed(World(), warm=0.5), budget=400, run="quick")
    assert slow.verdict is not None
    assert quick.verdict is not None
    assert f"times for {SHORT}," in slow.verdict.evidence
    assert f"times for {LONG}," in quick.verdict.evidence
    assert quick.verdict.pairs > slow.verdict.pairs


@pytest.mark.parametrize(("budget", "pairs"), [(300, 4), (330, 5)])
def test_without_time_for_a_race_the_best_is_in_the_decision_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, budget: int, pairs: int
) -> None:
    """It is the best by its claimed score; two standard errors are asked for, and the verdict says that there was no race."""
    world = Timed(World(baseline_is(0.3)))
    result, requests = timed(tmp_path, monkeypatch, world, budget=budget)
    assert world.now <= budget
    assert result.best is not None
    assert result.verdict is not None
    claimed = {trial.number: trial.value or 0.0 for trial in result.history if trial.proposal.origin != "resnet8"}
    assert result.best.name == f"trial {max(claimed, key=lambda number: claimed[number])}"
    assert (result.verdict.word, result.verdict.pairs) == ("better", pairs)
    assert result.verdict.evidence.endswith(
        "There was no time to train several candidates again (a race), so the best of the search was compared with the baseline alone."
    )
    assert {(row.race, len(row.decision)) for row in result.finalists} == {((), pairs)}
    assert {request.partition for request in requests if request.partition is not None} == set(range(5000, 5000 + pairs))


def test_a_decision_without_a_race_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its scores stand in the JSON, and its winner, which need not be the best by validation, is called neither that nor of a race."""
    result, _ = timed(tmp_path, monkeypatch, Slow(World(baseline_is(0.3, lambda text: 0.5))), budget=330)
    assert result.best is not None
    assert (result.best.race, result.best.validation == result.top(1)[0].value) == ((), False)
    console = Console(width=200)
    with console.capture() as captured:
        console.print(*summary(result))
    texts = captured.get(), result.report().read_text()
    assert f"{result.best.name} (compared with the baseline)" in texts[0]
    assert f'<th scope="row">{result.best.name}</th>' in texts[1]
    assert "compared with the best baseline" in texts[1]
    for text in texts:
        assert not {said for said in ("best of the search)", "winner of the race", "best of the search</td>") if said in text}
    for row in (result.to_json()["best"], *result.to_json()["finalists"]):
        assert (row["race"], len(row["decision"])) == ((), result.verdict and result.verdict.pairs)
        assert row["reevaluated"] == pytest.approx(fmean(row["decision"]))


def test_a_difference_without_a_race_has_to_be_over_two_standard_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its three pairs alone measure their noise: of such differences some are better, and none that is under two errors."""
    found = []
    for gain in (0.0, 0.01, 0.02, 0.03, 0.05):
        world = Timed(World(baseline_is(0.5, lambda text, gain=gain: 0.5 + gain)))  # type: ignore[misc]
        found += [verdict] if (verdict := timed(tmp_path, monkeypatch, world, budget=300, run=f"r{gain}")[0].verdict) else []
    assert {verdict.word for verdict in found} == {"better", "not distinguishable"}
    assert all((verdict.word == "better") == (verdict.difference > 2 * verdict.standard_error) for verdict in found)


def test_a_trial_that_is_late_costs_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the smallest decision does not fit by less than the margin of what is predicted, there is one, and all of it ends in time."""
    world = Timed(World(), late=90.0)
    result, _ = timed(tmp_path, monkeypatch, world, budget=310)
    assert result.verdict is not None
    assert result.verdict.pairs == 3
    assert len([trial for trial in result.others if trial.phase == FINAL]) == 2
    assert world.now <= 310


@pytest.mark.parametrize(("best", "epochs"), [(0.6, LONG), (0.9, SHORT)])
def test_the_next_best_is_compared_at_final_epochs_in_the_place_of_one_that_is_too_slow_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, best: float, epochs: str
) -> None:
    """Short trainings order networks otherwise than final ones do. One that claims more over the next best than that claims over the
    baseline is compared by short ones all the same; the verdict says what was passed over.
    """
    world = Slow(World(baseline_is(0.3, lambda text: 0.5)), best=best)
    result, _ = timed(tmp_path, monkeypatch, world, budget=1000)
    slow = next(trial for trial in result.history if trial.text == world.slow)
    assert result.verdict is not None
    assert f"times for {epochs}," in result.verdict.evidence
    assert (result.verdict.winner == f"trial {slow.number}") == (epochs == SHORT)
    assert ("no time to compare it with the baseline" in result.verdict.evidence) == (epochs == LONG)


def test_a_network_that_is_too_slow_to_be_compared_is_no_candidate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The best by its claimed score takes longer than its smallest comparison has time for: the next one has a verdict, which says so."""
    world = Slow(World(baseline_is(0.3, lambda text: 0.5)))
    result, _ = timed(tmp_path, monkeypatch, world, budget=450)
    slow = next(trial for trial in result.history if trial.text == world.slow)
    assert result.verdict is not None
    assert result.best is not None
    assert (result.verdict.word, result.verdict.winner) == ("better", result.best.name)
    assert result.best.name != f"trial {slow.number}"
    assert slow.value == max(trial.value or 0.0 for trial in result.history)
    said = f"Trial {slow.number} stood higher in the search, with {slow.value:.4f}, but there was no time to compare it"
    assert said in result.verdict.evidence
    assert {row.name for row in result.finalists} >= {result.best.name, "resnet8"}
    assert f"trial {slow.number}" not in {row.name for row in result.finalists}
    assert world.now <= 450


@pytest.mark.parametrize(
    ("budget", "why"), [(310, "there was no time to train the best again often enough (a decision)"), (450, "the race has not ended")]
)
def test_a_best_that_was_passed_over_is_named_without_a_verdict_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, budget: int, why: str
) -> None:
    """Another was called the best and recommended, below a table that begins with a better score, with no reason."""
    world = Slow(World(baseline_is(0.3, lambda text: 0.5)), warm=3.0)
    result, _ = timed(tmp_path, monkeypatch, world, budget=budget)
    top = result.top(1)[0]
    assert (result.best is not None, result.verdict, result.passed_over, top.text) == (True, None, top.number, world.slow)
    said = f"Trial {top.number} stood higher in the search, with 0.9000, but there was no time to compare it with the baseline"
    assert result.unjudged == f"{why}. {said}"
    assert said in result.report().read_text()
    assert recommended(result).endswith(f"trial {top.number} has a better score in the search, but takes too long to be compared.")


@pytest.mark.parametrize(
    ("budget", "said"), [(450, "the race has not ended"), (310, "there was no time to train the best again often enough (a decision)")]
)
def test_a_race_that_the_time_ends_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, budget: int, said: str) -> None:
    """Nobody failed in it: its trainings took three times as long as those of the search."""
    result, _ = timed(tmp_path, monkeypatch, Timed(World(), warm=3.0), budget=budget)
    assert (result.verdict, result.unjudged) == (None, said)


def test_a_verdict_without_a_decision_says_that_there_was_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It rests on the two pairs of the race, where the race has used up the time."""
    monkeypatch.setattr("einspace.phases.race.IN_TIME", ())
    result = run(tmp_path, World(seconds=10.0), budget="1000s")
    assert result.verdict is not None
    assert result.verdict.pairs == 2
    assert f"times for {SHORT}," in result.verdict.evidence
    assert "There was no time to train the best again often enough (a decision)." in result.verdict.evidence
    assert "a final training has" in result.verdict.evidence
