"""Final trainings from several seeds: each once in a run whatever ends it, told as mean and spread, and nothing changes for one seed."""

import json
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from tests.study_samples import EVOLUTION, SMALL, ThreadExecutor, good, small_task

from einspace.errors import SettingError
from einspace.evaluation.outcome import Evaluation, Outcome, Request, Seconds
from einspace.reporting.result import summary
from einspace.result import Result, load_result
from einspace.result.reading import SHORT
from einspace.study import Interrupted, Progress, search


def seeded(request: Request) -> Evaluation:
    """A final training scores a tenth more from each further seed."""
    evaluation = good(request)
    return replace(evaluation, value=(evaluation.value or 0) + (request.seed - 4) / 10) if request.final else evaluation


def one_lost(request: Request) -> Evaluation:
    """The second seed loses itself."""
    return Evaluation(Outcome.NAN, reason="the loss is nan") if request.final and request.seed == 5 else seeded(request)


def run(folder: Path, seeds: int, executor: ThreadExecutor | None = None, **options: Any) -> tuple[Result, list[tuple[str, int]]]:
    """A small search, and the texts and seeds of its final trainings."""
    executor = executor or ThreadExecutor(seeded)
    given = {**EVOLUTION, "limits": SMALL, "workers": 1, "trials": 6, "seed": 4, "run": "test", "runs": folder, **options}
    result = search(small_task(), executor=executor, final_seeds=seeds, **given)
    return result, [(request.text, request.seed) for request in executor.requests if request.final]


def shown(result: Result) -> str:
    console = Console(width=120)
    with console.capture() as captured:
        for part in summary(result):
            console.print(part)
    return captured.get()


def test_the_best_and_the_baselines_are_trained_from_each_seed(tmp_path: Path) -> None:
    """From the run's seed on; mean and spread stand in the table and in the JSON."""
    result, finals = run(tmp_path, 3)
    texts = {text for text, _ in finals}
    assert sorted(finals) == sorted((text, seed) for text in texts for seed in (4, 5, 6))
    best = result.best
    assert best is not None
    assert best.validation is not None
    assert best.tests == pytest.approx([best.validation + 1 + step / 10 for step in range(3)])
    assert (best.test, best.over_seeds.deviation) == pytest.approx((best.validation + 1.1, 0.0816496580927726))
    text = shown(result)
    assert f"{best.test:.4f} ± 0.0816" in text
    assert "scored from each of 3 seeds on test" in text
    report = json.loads(json.dumps(result.to_json()))
    for row in (report["best"], *report["baselines"]):
        assert len(row["tests"]) == 3
        assert row["test_deviation"] == pytest.approx(0.0816496580927726)
    assert load_result("test", str(tmp_path)).best == best


def test_one_seed_changes_nothing(tmp_path: Path) -> None:
    """Neither the table nor the JSON knows of seeds then."""
    result, finals = run(tmp_path, 1)
    assert {seed for _, seed in finals} == {4}
    assert "±" not in shown(result)
    assert "scored once on test" in shown(result)
    report = result.to_json()
    assert not {"tests", "test_deviation"} & {name for row in (report["best"], *report["baselines"]) for name in row}


@pytest.mark.slow
def test_more_seeds_may_be_asked_for_later(tmp_path: Path) -> None:
    """A call that goes on with a run trains only from the seeds that are missing; one that asks for fewer tells of those."""
    run(tmp_path, 1)
    result, finals = run(tmp_path, 3)
    assert {seed for _, seed in finals} == {5, 6}
    assert result.best is not None
    assert len(result.best.tests) == 3
    result, finals = run(tmp_path, 2)
    assert finals == []
    assert result.best is not None
    assert len(result.best.tests) == 2


@pytest.mark.slow
@pytest.mark.parametrize(("budget", "trained"), [(1_000, 2), (200, 1), (1e-3, 1)])
def test_more_seeds_have_the_time_that_is_left(tmp_path: Path, budget: float, trained: int) -> None:
    """The recommended network is trained from all of them; a baseline that they do not fit for keeps its score, and says why others lack.

    A training of the search claims 10 seconds, so a final one is predicted to take 66.
    """

    def function(request: Request) -> Evaluation:
        return replace(seeded(request), seconds=Seconds(train=10.0))

    options: dict[str, Any] = {"time_limit": 1_000, "trials": 3}
    first, _ = run(tmp_path, 1, ThreadExecutor(function), budget=1_000, **options)
    result, finals = run(tmp_path, 4, ThreadExecutor(function), budget=budget, **options)
    assert result.best is not None
    assert not result.is_baseline
    assert sorted(finals) == sorted((row.text, seed) for row in (result.best, *result.baselines)[:trained] for seed in (5, 6, 7))
    assert None not in result.best.tests
    baseline = result.baselines[0]
    assert baseline.tests[0] == first.baselines[0].tests[0] is not None
    assert (baseline.test is None, baseline.reason) == ((False, "") if trained == 2 else (True, SHORT))


@pytest.mark.slow
def test_what_finished_before_an_interruption_is_not_repeated(tmp_path: Path) -> None:
    """Each final training is stored when it ends: what comes after an interruption are the others."""

    def stop(progress: Progress) -> None:
        if progress.phase == "final" and progress.done == 3:
            signal.raise_signal(signal.SIGINT)

    whole, wanted = run(tmp_path, 3, run="whole")
    executor = ThreadExecutor(seeded, delay=0.02)
    with pytest.raises(Interrupted):
        run(tmp_path, 3, executor, progress=stop)
    done = [(trial.text, trial.seed) for trial in load_result("test", str(tmp_path)).others if trial.phase == "final"]
    assert len(done) >= 3
    result, finals = run(tmp_path, 3)
    assert sorted([*done, *finals]) == sorted(wanted)
    assert result.best is not None
    assert whole.best is not None
    assert result.best.tests == whole.best.tests


def test_a_seed_without_a_score_is_counted_and_takes_the_mean_away(tmp_path: Path) -> None:
    """The other two would flatter."""
    result, _ = run(tmp_path, 3, ThreadExecutor(one_lost))
    best = result.best
    assert best is not None
    assert (best.test, best.over_seeds.deviation, best.tests[1], best.reason) == (None, None, None, "the loss is nan")
    assert "1 of 3 seeds without a score" in shown(result)


@pytest.mark.slow
def test_weights_are_those_of_the_first_seed(tmp_path: Path) -> None:
    """One file for each architecture, as with one seed."""
    executor = ThreadExecutor(seeded)
    run(tmp_path, 2, executor, keep_weights="all")
    kept = [(request.seed, request.keep) for request in executor.requests if request.final]
    assert all((keep is not None) == (seed == 4) for seed, keep in kept)
    with pytest.raises(SettingError, match="final_seeds"):
        run(tmp_path, -1)


def test_without_seeds_there_are_no_final_trainings(tmp_path: Path) -> None:
    """The run ends after its search, with its best by validation and without a test score; the same run can have them later."""
    result, finals = run(tmp_path, 0)
    best = result.best
    assert best is not None
    assert (finals, best.test) == ([], None)
    assert best.validation is not None
    assert "No scores on test: no final training has ended with one" in shown(result)
    later, finals = run(tmp_path, 1)
    assert later.best is not None
    assert later.best.text == best.text
    assert len(finals) >= 1
    assert later.best.test is not None
