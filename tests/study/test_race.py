"""Facts about the race between a search and its final trainings: who is re-evaluated, who wins, and what the verdict says."""

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.study.race_samples import RESNET, World, baseline_is, phases, run
from tests.study_samples import EVOLUTION, SAMPLED, SMALL, ThreadExecutor, score, small_task

from einspace.callbacks import Progress
from einspace.errors import SettingError
from einspace.evaluation.outcome import PARTS, Evaluation, Outcome, Request
from einspace.result import Result, load_result
from einspace.result.words import recommended
from einspace.study import Interrupted, search
from einspace.tasks.metrics import Metric
from einspace.trial import BASELINE, DECISION, FINAL, RACE, SEARCH

pytestmark = pytest.mark.slow

LARGEST_LUCK = 0.2


@pytest.fixture(scope="module")
def lucky(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A run in which luck decides the search, never interrupted."""
    return run(tmp_path_factory.mktemp("lucky"), World(noise=0.001, luck=1.0))


def test_the_best_are_trained_again_on_the_same_partitions_as_the_baseline(tmp_path: Path) -> None:
    """Five of 12 trials and the best baseline twice, the best two and the baseline three times for final epochs; then test, once."""
    executor = ThreadExecutor(World())
    result = run(tmp_path, World(), executor=executor)
    race, decision = (phases(result, name) for name in (RACE, DECISION))
    field = [*(trial.text for trial in result.top(5)), RESNET]
    assert sorted(race) == sorted((text, seed) for text in field for seed in (1000, 1001))
    means = {row.text: row.reevaluated for row in result.finalists}
    assert {text for text, _ in decision} == {row.text for row in result.finalists if row.decision}
    assert {seed for _, seed in decision} == {6000, 6001, 6002}
    assert len(decision) == 9
    again = [request for request in executor.requests if request.partition is not None]
    assert all(request.partition == request.seed and request.long == (request.seed >= 6000) and not request.final for request in again)
    order = [request.partition is not None for request in executor.requests]
    assert [request.final for request in executor.requests[order.index(True) + len(again) :]] == [True, True]
    assert result.best is not None
    assert result.best.reevaluated == max(means[text] or 0.0 for text, _ in decision if text != RESNET)
    assert {text for text, _ in phases(result, FINAL)} == {result.best.text, RESNET}


@pytest.mark.parametrize(("decisive", "share", "said"), [(0.2, 0.2, " (80%) and validation (20%);"), (0.5, None, " and validation;")])
def test_a_decision_trains_on_more_samples(tmp_path: Path, decisive: float, share: float | None, said: str) -> None:
    """Half of this pool is valid, and a fifth of it in a decision, since a final training has all; a race is as the search was."""
    executor = ThreadExecutor(World())
    result = run(tmp_path, World(), executor=executor, decisive=decisive)
    assert {request.valid_share for request in executor.requests if request.long} == {share}
    assert {request.valid_share for request in executor.requests if not request.long} == {None}
    assert result.verdict is not None
    assert f"both on the same new splits of train{said}" in result.verdict.evidence


def test_a_decision_that_has_begun_keeps_its_partitions(tmp_path: Path) -> None:
    """One of an earlier version, on partitions of the task's own sizes, ends on such: scores of both sizes are no pairs."""

    def stop(progress: Progress) -> None:
        if (progress.phase, progress.done) == (DECISION, 3):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted):
        run(tmp_path, World(), progress=stop)
    executor = ThreadExecutor(World())
    result = run(tmp_path, World(), executor=executor, decisive=0.2)
    assert {request.valid_share for request in executor.requests} == {None}
    assert {request.long for request in executor.requests} == {True, False}
    assert result.verdict is not None
    assert "new splits of train and validation;" in result.verdict.evidence


def test_given_splits_are_not_drawn_in_other_shares(tmp_path: Path) -> None:
    """Samples that the user has kept for validation are never trained on in a decision."""
    executor = ThreadExecutor(World())
    run(tmp_path, World(), executor=executor, pooled=False, decisive=0.2)
    assert {request.valid_share for request in executor.requests} == {None}


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
    assert verdict.scores[0] - verdict.scores[1] == pytest.approx(verdict.difference)
    assert verdict.sentence.startswith(f"Better: {result.best.name} beats resnet8, the best baseline, by 0.")
    assert verdict.sentence.endswith(f"({verdict.scores[0]:.4f} against {verdict.scores[1]:.4f}, means of 3 re-trainings each).")
    assert verdict.evidence.startswith("Each was trained again 3 times for 3 epochs, both on the same new splits of train and validation;")
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
            assert f"{smaller}, the smaller one, is recommended" in verdict.evidence.replace("Trial", "trial")
    assert words.count("not distinguishable") >= 2


def test_of_two_of_the_same_size_the_baseline_is_recommended_and_neither_called_the_smaller(tmp_path: Path) -> None:
    """A child may keep its parent's architecture, and train it by another recipe."""
    only_recipes: dict[str, Any] = {"strategy": "evolution", "init": "resnet8", "recipe_changes": 1.0, "edits": 0.0, "widening": 0.0}
    result = run(tmp_path, World(baseline_is(0.5, lambda text: 0.1)), **only_recipes)
    assert result.best is not None
    assert result.verdict is not None
    assert (result.best.text, result.verdict.word, result.verdict.recommended) == (RESNET, "not distinguishable", result.baselines[0].name)
    assert "smaller" not in result.verdict.evidence
    assert result.verdict.evidence.startswith(f"Both have the same size, so the baseline, {result.baselines[0].name}, is recommended. Each")
    assert recommended(result).endswith(f"is recommended: it has the size of {result.best.name}, which is not distinguishable from it.")


def test_a_winner_of_a_race_without_a_verdict_is_recommended_for_what_it_won(tmp_path: Path) -> None:
    """Without a baseline the race alone chooses; another trial has the best score of the search, and no sentence says the opposite."""
    given: dict[str, Any] = {"trials": 12, "workers": 1, "limits": SMALL, "run": "test", "runs": tmp_path, **SAMPLED, "race": True}
    task = replace(small_task(), one_pool=True, baselines=())
    result = search(task, executor=ThreadExecutor(World(noise=0.001, luck=1.0)), **given)
    assert (result.verdict, result.baselines) == (None, ())
    best, top = result.best, result.top(1)[0]
    assert best is not None
    assert best.trial != top.number
    said = "is recommended: it did best when the best of the search were trained again."
    assert recommended(result) == f"{best.name.capitalize()} {said}"
    unraced = replace(best, race=(), decision=(None, 0.5))
    assert recommended(replace(result, best=unraced)).endswith("is recommended: no verdict says otherwise.")
    first = replace(best, trial=top.number, validation=top.value, race=(), decision=())
    assert recommended(replace(result, best=first)).endswith(
        "is recommended: it has the best score of the search, and no verdict says more."
    )


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


def parted(request: Request) -> Evaluation:
    """Scores that differ between the parts of a validation split, as those of few samples do."""
    found = World(baseline_is(0.4, lambda text: 0.5), noise=0.002)(request)
    parts = [(found.value or 0.0) + 0.2 * (score(f"{request.text}{part}") - 0.5) for part in range(8)]
    return replace(found, extra={PARTS: parts} if request.partition is not None else {})


def unparted(request: Request) -> Evaluation:
    """The same scores of a metric that parts of a validation split do not have."""
    return replace(parted(request), extra={})


@pytest.mark.parametrize(
    ("pooled", "said", "of"),
    [(False, "on the validation split that was given", "this split"), (True, "on the same new splits", "their pool")],
)
def test_the_error_of_sampling_what_chose_the_candidates_counts(tmp_path: Path, pooled: bool, said: str, of: str) -> None:
    """A split that is given is the same for all re-evaluations, so the whole error of its sampling is added, as no number of pairs makes
    it smaller. New splits are drawn from one pool, which as many pairs as one likes only exhaust: the part of the pool that is one
    validation split, half of it here, is the part of the squared error that is added. Where it cannot be measured, the sentence says so.
    """
    shown = []
    for name, world in (("parts", parted), ("none", unparted)):
        verdict = run(tmp_path, world, pooled=pooled, run=name).verdict
        assert verdict is not None
        assert said in verdict.evidence
        shown.append((verdict.standard_error, f"leaves out the sampling error of {of}" in verdict.evidence))
    (error, unknown), (without, unknown_without) = shown
    assert (unknown, unknown_without, without < 0.005) == (False, True, True)
    common = 0.5 if pooled else 1.0
    assert 0.015 < ((error**2 - without**2) / common) ** 0.5 < 0.05


def test_what_is_known_by_now_is_said(tmp_path: Path) -> None:
    """Claims and no more before the race, differences on the partitions so far in it, and the verdict as soon as there is one."""
    news: list[Progress] = []
    world = World(baseline_is(0.9, lambda text: 0.5 + 0.1 * score(text)))
    result = run(tmp_path, world, progress=news.append)
    said = {name: [each.standing for each in news if each.phase == name] for name in (SEARCH, RACE, DECISION, FINAL)}
    claimed = result.top(1)[0]
    assert f"{claimed.title} ({claimed.value:.4f}) is behind the best baseline, resnet8 (0.9" in said[SEARCH][-1]
    assert "the race will measure how much of that is chance" in said[SEARCH][-1]
    assert any(
        words.startswith("trained again on 1 of 2 partitions, trial ") and " is behind the best baseline, " in words for words in said[RACE]
    )
    raced = [words for words in said[DECISION] if words.startswith("by the race alone, ") and "means of 2 re-trainings each" in words]
    assert len(set(raced)) == 1
    assert len(raced) >= len(said[DECISION]) - 1
    assert result.verdict is not None
    assert {words.lower() for words in said[FINAL]} == {result.verdict.sentence.lower()}
    assert not any(words[0].isupper() for words in said[FINAL])


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
    assert (result.verdict, result.unjudged) == (None, "resnet8 could not be trained again each time")
