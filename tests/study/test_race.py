"""Facts about the race between a search and its final trainings: who is re-evaluated, who wins, and what the verdict says."""

import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Any

import pytest
from tests.study_samples import EVOLUTION, SAMPLED, SMALL, ThreadExecutor, score, small_task

from einspace import baselines
from einspace.callbacks import Progress
from einspace.errors import SettingError
from einspace.evaluation.outcome import PARTS, Evaluation, Outcome, Request, Seconds
from einspace.executors.base import Executor
from einspace.result import Result, load_result
from einspace.study import Interrupted, search
from einspace.tasks.metrics import Metric
from einspace.trial import BASELINE, DECISION, FINAL, RACE, SEARCH

RESNET = str(baselines.get("resnet8", (1, 8, 8)))
LARGEST_LUCK = 0.2


@dataclass
class World:
    """Architectures of known worth, whose scores have known noise: `worth` by text, between plus and minus `noise` around it."""

    worth: Callable[[str], float] = score
    noise: float = 0.02
    luck: float = 0.0
    """What architectures gain in the search alone, at most; the baseline gains nothing."""
    seconds: float = 0.001

    def __call__(self, request: Request) -> Evaluation:
        claimed = request.partition is None and not request.final
        drawn = 2 * score(f"{request.text}{request.seed}{request.partition}{request.long}") - 1
        value = (
            self.worth(request.text)
            + self.noise * drawn
            + (self.luck * score(f"luck {request.text}") if claimed and request.text != RESNET else 0.0)
        )
        return Evaluation(Outcome.OK, value, seconds=Seconds(train=self.seconds))


def baseline_is(worth: float, others: Callable[[str], float] = score) -> Callable[[str], float]:
    """Worth of the baseline, and of all others."""
    return lambda text: worth if text == RESNET else others(text)


def run(
    folder: Path, world: Callable[[Request], Evaluation], pooled: bool = True, executor: Executor | None = None, **options: Any
) -> Result:
    given: dict[str, Any] = {"trials": 12, "workers": 1, "limits": SMALL, "run": "test", "runs": folder, **SAMPLED, "race": None, **options}
    return search(replace(small_task(), one_pool=pooled), executor=executor or ThreadExecutor(world), **given)


@pytest.fixture(scope="module")
def lucky(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A run in which luck decides the search, never interrupted."""
    return run(tmp_path_factory.mktemp("lucky"), World(noise=0.001, luck=1.0))


def phases(result: Result, name: str) -> list[tuple[str, int]]:
    return [(trial.text, trial.seed) for trial in result.others if trial.phase == name]


def test_the_best_are_trained_again_on_the_same_partitions_as_the_baseline(tmp_path: Path) -> None:
    """Five of 12 trials and the best baseline twice, the best two and the baseline three times for final epochs; then test, once."""
    executor = ThreadExecutor(World())
    result = run(tmp_path, World(), executor=executor)
    race, decision = (phases(result, name) for name in (RACE, DECISION))
    field = [*(trial.text for trial in result.top(5)), RESNET]
    assert sorted(race) == sorted((text, seed) for text in field for seed in (1000, 1001))
    means = {row.text: row.reevaluated for row in result.finalists}
    assert {text for text, _ in decision} == {row.text for row in result.finalists if row.decision}
    assert {seed for _, seed in decision} == {2000, 2001, 2002}
    assert len(decision) == 9
    again = [request for request in executor.requests if request.partition is not None]
    assert all(request.partition == request.seed and request.long == (request.seed >= 2000) and not request.final for request in again)
    order = [request.partition is not None for request in executor.requests]
    assert [request.final for request in executor.requests[order.index(True) + len(again) :]] == [True, True]
    assert result.best is not None
    assert result.best.reevaluated == max(means[text] or 0.0 for text, _ in decision if text != RESNET)
    assert {text for text, _ in phases(result, FINAL)} == {result.best.text, RESNET}


def test_all_weights_are_those_of_the_finalists_too(tmp_path: Path) -> None:
    """Whoever was in the decision is trained for test and kept, also where a finished run is asked for it afterwards."""
    result = run(tmp_path, World(), trials=10)
    assert len(phases(result, FINAL)) == 2
    result = run(tmp_path, World(), trials=10, keep_weights="all")
    decided = {row.text: row for row in result.finalists if row.decision}
    assert len(decided) == 3
    assert {text for text, _ in phases(result, FINAL)} == set(decided)
    assert set(result.weights) == {row.proposal.stem for row in decided.values() if row.proposal is not None}
    assert all(row.test is not None for row in decided.values())


def test_luck_is_unmasked(lucky: Result) -> None:
    """The architecture that the search claims to be the best had luck; the best of those that are trained again is another one."""
    claimed, best = lucky.top(1)[0], lucky.best
    worth = {trial.text: score(trial.text) for trial in lucky.top(5)}
    assert best is not None
    assert best.text == max(worth, key=lambda text: worth[text]) != claimed.text
    assert best.validation is not None
    assert best.reevaluated == pytest.approx(score(best.text), abs=0.002)
    assert best.validation > score(best.text) + 0.01
    row = next(row for row in lucky.finalists if row.text == claimed.text)
    assert row.reevaluated == pytest.approx(score(claimed.text), abs=0.002)
    assert load_result("test", str(lucky.run.parent)).best == best


def test_what_is_truly_better_is_said_to_be(tmp_path: Path) -> None:
    """The difference is that of the worths, within a few of its standard errors, and the noise is measured."""
    result = run(tmp_path, World(baseline_is(0.3, lambda text: 0.5)))
    verdict = result.verdict
    assert verdict is not None
    assert (verdict.word, verdict.baseline, verdict.pairs) == ("better", "resnet8", 3)
    assert verdict.difference == pytest.approx(0.2, abs=0.02)
    assert 0.002 < verdict.standard_error < 0.02
    assert verdict.noise == pytest.approx(0.02 / 3**0.5, rel=0.35)
    assert result.best is not None
    assert verdict.winner == verdict.recommended == result.best.name
    assert verdict.sentence.startswith(f"T{result.best.name[1:]} is better than the best baseline, resnet8: +0.")
    assert verdict.sentence.endswith("as long as final ones, on new splits of train and validation.")
    report = result.to_json()
    assert report["verdict"] == verdict.to_json()
    assert (report["best"]["verdict"], report["best"]["finals"]) == ("better", result.best.tests)
    assert [row["name"] for row in report["finalists"]] == [row.name for row in result.finalists]


def test_what_is_worse_is_said_to_be(tmp_path: Path) -> None:
    """A search that claims to beat the baseline by luck alone is found out, and the baseline recommended."""
    result = run(tmp_path, World(baseline_is(0.5, lambda text: 0.4), luck=LARGEST_LUCK))
    verdict = result.verdict
    assert result.best is not None
    assert result.baselines[0].validation is not None
    assert (result.best.validation or 0.0) > result.baselines[0].validation
    assert verdict is not None
    assert (verdict.word, verdict.recommended) == ("worse", "resnet8")
    assert verdict.difference == pytest.approx(-0.1, abs=0.02)


def test_where_nothing_is_distinguishable_the_smaller_is_recommended(tmp_path: Path) -> None:
    """All are worth the same: claims that differ by luck change nothing."""
    words = []
    for seed in range(3):
        result = run(tmp_path, World(lambda text: 0.5, noise=0.05, luck=0.1), seed=seed, run=f"seed-{seed}")
        verdict, best = result.verdict, result.best
        assert verdict is not None
        assert best is not None
        words.append(verdict.word)
        if verdict.word == "not distinguishable":
            smaller = best.name if (best.parameters or 0) < (result.baselines[0].parameters or 0) else "resnet8"
            assert verdict.recommended == smaller
            assert f"{smaller}, the smaller one, is recommended" in verdict.sentence.replace("Trial", "trial")
    assert words.count("not distinguishable") >= 2


def test_lower_is_better_where_the_metric_says_so(tmp_path: Path) -> None:
    """A difference over 0 is an improvement, whatever the metric's direction."""
    task = replace(small_task(Metric("error", False, lambda outputs, targets: 0.0)), one_pool=True)
    executor = ThreadExecutor(World(baseline_is(0.9, lambda text: 0.4)))
    result = search(task, trials=10, workers=1, limits=SMALL, run="test", runs=tmp_path, executor=executor, **{**SAMPLED, "race": None})
    assert result.verdict is not None
    assert result.verdict.word == "better"
    assert result.verdict.difference == pytest.approx(0.5, abs=0.03)


def test_a_seeded_search_is_compared_with_its_best_seed(tmp_path: Path) -> None:
    """Seeds are baselines: none of them is a candidate, and the best of them is raced beside the candidates."""
    result = run(tmp_path, World(baseline_is(2.0)), **{**EVOLUTION, "strategy": "evolution", "race": None, "recipe_changes": 0.0})
    assert result.verdict is not None
    assert result.verdict.baseline == "resnet8"
    seeds = {row.proposal.identity for row in result.baselines if row.proposal is not None}
    assert [row.name for row in result.finalists if row.proposal is not None and row.proposal.identity in seeds] == ["resnet8"]
    assert result.best is not None
    assert result.best.proposal is not None
    assert result.best.proposal.identity not in seeds
    assert result.verdict.word == "worse"


def test_splits_that_were_given_are_kept_and_their_error_counts(tmp_path: Path) -> None:
    """Re-evaluations share the validation split that selected them, so the error of its sampling is added, and the sentence says so."""

    def parted(request: Request) -> Evaluation:
        found = World(baseline_is(0.4, lambda text: 0.5), noise=0.002)(request)
        parts = [(found.value or 0.0) + 0.2 * (score(f"{request.text}{part}") - 0.5) for part in range(8)]
        return replace(found, extra={PARTS: parts} if request.partition is not None else {})

    def shown(name: str, world: Callable[[Request], Evaluation]) -> tuple[float, str]:
        verdict = run(tmp_path, world, pooled=False, run=name).verdict
        assert verdict is not None
        return verdict.standard_error, verdict.sentence

    error, sentence = shown("parts", parted)
    assert 0.015 < error < 0.05
    assert "on the validation split that was given" in sentence
    assert "not known" not in sentence
    error, sentence = shown("none", World(baseline_is(0.4, lambda text: 0.5), noise=0.002))
    assert error < 0.005
    assert "does not count that of sampling this split" in sentence


def test_what_is_known_by_now_is_said(tmp_path: Path) -> None:
    """Claims and no more before the race, differences on the partitions so far in it, and the verdict as soon as there is one."""
    news: list[Progress] = []
    world = World(baseline_is(0.9, lambda text: 0.5 + 0.1 * score(text)))
    result = run(tmp_path, world, progress=news.append)
    said = {name: [each.standing for each in news if each.phase == name] for name in (SEARCH, RACE, DECISION, FINAL)}
    claimed = result.top(1)[0]
    assert f"{claimed.title} ({claimed.value:.4f}) is behind the best baseline, resnet8 (0.9" in said[SEARCH][-1]
    assert "how much of that is chance, the race will measure" in said[SEARCH][-1]
    assert any(words.startswith("trained again on 1 of 2 partitions, trial ") and " is at -0." in words for words in said[RACE])
    raced = [
        words for words in said[DECISION] if words.startswith("by the race alone: Trial ") and "as long as those of the search" in words
    ]
    assert len(set(raced)) == 1
    assert len(raced) >= len(said[DECISION]) - 1
    assert result.verdict is not None
    assert set(said[FINAL]) == {result.verdict.sentence}


def test_without_a_race_nobody_promises_one(tmp_path: Path) -> None:
    """The line says that nothing measures the noise, and turns a difference so that more is better."""
    news: list[Progress] = []
    task = replace(small_task(Metric("error", False, lambda outputs, targets: 0.0)), one_pool=True)
    executor = ThreadExecutor(World(baseline_is(0.9, lambda text: 0.4)))
    search(task, trials=3, workers=1, limits=SMALL, run="test", runs=tmp_path, executor=executor, progress=news.append, **SAMPLED)
    assert "is ahead of the best baseline, resnet8" in news[-1].standing
    assert news[-1].standing.endswith("; without a race nothing says how much of that is chance")


def interrupted(folder: Path, phase: str, done: int, world: World, **options: Any) -> None:
    """A run that is interrupted once so many trials of a phase have ended."""

    def stop(progress: Progress) -> None:
        if (progress.phase, progress.done) == (phase, done):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted):
        run(folder, world, executor=ThreadExecutor(world, delay=0.01), progress=stop, **options)


@pytest.mark.parametrize(("phase", "done"), [(RACE, 5), (DECISION, 4)])
def test_an_interrupted_race_goes_on_as_if_nothing_had_happened(tmp_path: Path, lucky: Result, phase: str, done: int) -> None:
    """Nothing is trained twice, and verdict, finalists and best are those of a run that was never interrupted."""
    world, whole = World(noise=0.001, luck=1.0), lucky
    interrupted(tmp_path, phase, done, world)
    resumed = run(tmp_path, world)
    assert (resumed.verdict, resumed.unjudged) == (whole.verdict, whole.unjudged)
    assert [row.to_json() for row in resumed.finalists] == [row.to_json() for row in whole.finalists]
    assert resumed.best is not None
    assert whole.best is not None
    assert resumed.best.to_json() == whole.best.to_json()
    for name in (BASELINE, RACE, DECISION, FINAL):
        assert phases(resumed, name) == phases(whole, name)


def test_more_trials_make_another_race(tmp_path: Path, lucky: Result) -> None:
    """A run that goes on equals one that had all its trials from the first; a finished one trains nothing more."""
    world = World(noise=0.001, luck=1.0)
    run(tmp_path, world, trials=10)
    longer = run(tmp_path, world)
    assert longer.verdict == lucky.verdict
    assert [row.to_json() for row in longer.finalists] == [row.to_json() for row in lucky.finalists]
    repeated = ThreadExecutor(world)
    assert run(tmp_path, world, executor=repeated).verdict == lucky.verdict
    assert repeated.requests == []


def test_a_run_without_a_race_is_as_it_was(tmp_path: Path) -> None:
    """The best is the best by validation, and there is no verdict; a race may be asked for later, and taken back."""
    executor = ThreadExecutor(World())
    plain = run(tmp_path, World(), race=False, executor=executor)
    assert all(request.partition is None for request in executor.requests)
    assert plain.best is not None
    assert plain.best.trial == plain.top(1)[0].number
    assert (plain.verdict, plain.finalists) == (None, ())
    assert plain.unjudged
    assert run(tmp_path, World(), race=True).verdict is not None
    again = run(tmp_path, World(), race=False)
    assert (again.best, again.verdict, again.finalists) == (plain.best, None, ())


def test_where_a_race_makes_no_sense_there_is_none(tmp_path: Path) -> None:
    """Not for a few trials unless it is asked for, not where trials are scored on test, and not for an objective without a task."""
    assert run(tmp_path, World(), trials=9, run="few").finalists == ()
    assert len(run(tmp_path, World(), trials=9, race=True, run="asked").finalists) == 6
    assert run(tmp_path, World(), run="sampling", strategy="sampling").verdict is None
    with pytest.raises(SettingError, match="a race needs a task"):
        run(tmp_path, World(), race=True, run="refused", strategy="sampling")


def test_who_fails_is_out(tmp_path: Path, lucky: Result) -> None:
    """A candidate whose re-evaluation fails does not win, and a baseline that fails leaves no verdict, with the reason."""
    assert lucky.best is not None
    lost = [lucky.best.text]

    def function(request: Request) -> Evaluation:
        failed = request.text in lost and request.partition == 1001
        return Evaluation(Outcome.NAN, reason="the loss is nan") if failed else World(noise=0.001, luck=1.0)(request)

    result = run(tmp_path, function)
    assert result.best is not None
    assert result.best.text not in lost
    assert next(row.reevaluated for row in result.finalists if row.text in lost) is None
    assert result.verdict is not None
    lost.append(RESNET)
    result = run(tmp_path, function, run="second")
    assert result.best is not None
    assert (result.verdict, result.unjudged) == (None, "resnet8 could not be trained again")


@pytest.mark.parametrize(
    ("budget", "field", "finalists", "pairs", "long"),
    [
        (None, 5, 2, 3, True),
        ("1000s", 5, 2, 8, True),
        ("700s", 5, 2, 5, True),
        ("500s", 5, 1, 8, True),
        ("400s", 2, 1, 8, True),
        ("240s", 3, 1, 8, False),
        ("200s", 2, 1, 8, False),
        ("100s", 0, 0, 0, False),
    ],
)
def test_the_race_shrinks_to_the_time_that_there_is(
    tmp_path: Path, budget: str | None, field: int, finalists: int, pairs: int, long: bool
) -> None:
    """Race and decision have the time that the search has left: the decision shrinks, then the field, then it is at search epochs.

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
        assert f"pairs of trainings, as long as {'final ones' if long else 'those of the search'}" in result.verdict.sentence
    else:
        assert (result.verdict, result.unjudged) == (None, "the time did not suffice for a race")
        assert result.best is not None


@dataclass
class Timed:
    """A world in which a training of the search takes 10 seconds, one of final epochs 30, and a final one, on twice the samples, 60."""

    world: World
    warm: float = 1.0
    """What re-evaluations and final trainings take, as a multiple of that."""
    late: float = inf
    """When a training of the search takes 20 seconds longer, once."""
    now: float = 0.0

    def __call__(self, request: Request) -> Evaluation:
        if self.now >= self.late:
            self.now, self.late = self.now + 20, inf
        took = (
            10.0
            if request.partition is None and not request.final
            else self.warm * (60.0 if request.final else 30.0 if request.long else 10.0)
        )
        self.now += took
        return replace(self.world(request), seconds=Seconds(train=took))


def timed(folder: Path, monkeypatch: pytest.MonkeyPatch, timed: Timed, **options: Any) -> tuple[Result, list[Request]]:
    """A run in which nothing but trainings takes time, and what was asked for in it."""
    monkeypatch.setattr("einspace.phases.budget.monotonic", lambda: timed.now)
    executor = ThreadExecutor(timed)
    return run(folder, timed, executor=executor, trials=None, **options), executor.requests


@pytest.mark.parametrize(("budget", "long", "most"), [(400, False, 4), (600, True, 2), (900, True, 3)])
def test_a_decision_of_one_has_the_time_that_the_final_trainings_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, budget: int, long: bool, most: int
) -> None:
    """Its finalist and the baseline are trained in the end first; then pairs are trained again for as long as the next one fits."""
    world = Timed(World(baseline_is(0.3, lambda text: 0.5)))
    result, requests = timed(tmp_path, monkeypatch, world, budget=budget)
    assert result.verdict is not None
    assert (result.verdict.word, result.verdict.pairs) == ("better", most)
    assert world.now <= budget
    assert world.now + 2 * (33 if long else 11) > budget
    kinds = ["final" if request.final else "decision" if (request.partition or 0) >= 2000 else "before" for request in requests]
    assert kinds[kinds.index("final") :] == ["final", "final", *["decision"] * 2 * most]
    assert {request.long for request in requests if (request.partition or 0) >= 2000} == {long}
    assert len([trial for trial in result.others if trial.phase == FINAL]) == 2


def test_the_race_tells_what_a_training_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A baseline is trained first, and its worker waits for PyTorch: where the race took half of that, there is time for a decision."""
    slow, _ = timed(tmp_path, monkeypatch, Timed(World()), budget=300, run="slow")
    quick, _ = timed(tmp_path, monkeypatch, Timed(World(), warm=0.5), budget=300, run="quick")
    assert slow.verdict is not None
    assert quick.verdict is not None
    assert "A decision did not fit into the time" in slow.verdict.sentence
    assert quick.verdict.pairs >= 3


def test_a_trial_that_is_late_costs_no_race(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the smallest race does not fit by less than the margin of what is predicted, there is one, and all of it ends in time."""
    world = Timed(World(), late=90.0)
    result, _ = timed(tmp_path, monkeypatch, world, budget=310)
    assert len(result.finalists) == 3
    assert len([trial for trial in result.others if trial.phase == FINAL]) == 2
    assert world.now <= 310


def test_a_race_that_the_time_ends_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody failed in it: its trainings took three times as long as those of the search."""
    result, _ = timed(tmp_path, monkeypatch, Timed(World(), warm=3.0), budget=310)
    assert (result.verdict, result.unjudged) == (None, "the race has not ended")


def test_a_verdict_without_a_decision_says_that_there_was_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It rests on the two pairs of the race, where the race has used up the time."""
    monkeypatch.setattr("einspace.phases.race.IN_TIME", ())
    result = run(tmp_path, World(seconds=10.0), budget="1000s")
    assert result.verdict is not None
    assert result.verdict.pairs == 2
    assert "as long as those of the search" in result.verdict.sentence
    assert "A decision did not fit into the time." in result.verdict.sentence
    longer = "Final trainings may order them otherwise where they are longer."
    assert (longer in result.verdict.sentence) == (result.verdict.word != "not distinguishable")
