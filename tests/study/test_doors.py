"""Facts about the doors of a search: the user's objective and strategy, time as a budget, and checks before anything starts."""

import json
import os
import re
import signal
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from tests.commands import call
from tests.study_samples import EVOLUTION, SMALL, Driver, ThreadExecutor, good, score, small_task

from einspace import EinSpace, baselines
from einspace.callbacks import Callback
from einspace.errors import RunError, SettingError, UnknownNameError
from einspace.evaluation import Context, Evaluation, Outcome, Request, Seconds, Work
from einspace.evaluation.outcome import Watch
from einspace.executors import ProcessExecutor
from einspace.result import Result, load_result
from einspace.space import Architecture
from einspace.strategies import History, RandomSearch, Strategy
from einspace.study import Progress, search
from einspace.tasks.metrics import ACCURACY, Metric
from einspace.trial import Proposal

SPACE = EinSpace((1, 8, 8), limits=SMALL)


def size(architecture: Architecture, context: Context) -> float:
    """The fewer parameters the better, and two architectures that cannot be scored."""
    if architecture.parameters > 50_000:
        raise ZeroDivisionError("too large for me")
    return -float(architecture.parameters)


def detailed(architecture: Architecture, context: Context) -> Mapping[str, Any]:
    """A score with more beside it."""
    given = {"seed": context.seed, "final": context.final, "files": context.files is not None, "changes": len(context.changes), "rungs": 3}
    return {"score": score(str(architecture)), **given}


@pytest.mark.slow
def test_an_objective_takes_the_place_of_a_task(tmp_path: Path) -> None:
    """A function of the user's scores architectures in worker processes, with the same outcomes, and the run is resumed."""
    given: dict[str, Any] = {"objective": size, "space": SPACE, "workers": 1, "run": "mine", "runs": tmp_path, "seed": 3, "time_limit": 60}
    first = search(strategy="random", trials=4, **given)
    result = search(strategy="random", trials=10, **given)
    assert [trial.text for trial in result.history[:4]] == [trial.text for trial in first.history]
    for trial in result.history:
        expected = ("error", None) if trial.parameters > 50_000 else ("ok", -trial.parameters)
        assert (trial.outcome, trial.value) == expected
    assert result.best is not None
    assert result.best.validation == max(trial.value for trial in result.history if trial.value is not None)
    assert (result.best.finals, result.baselines) == ((None,), ())
    assert json.loads((tmp_path / "mine" / "run.json").read_text())["objective"].endswith("test_doors:size")
    with pytest.raises(RunError, match="objective: "):
        search(strategy="random", trials=10, **{**given, "objective": detailed})


@pytest.mark.slow
def test_an_objective_returns_more_than_a_score(tmp_path: Path) -> None:
    """What stands beside the score is kept with the trial, whatever it is called; lower scores win where the direction says so.

    Nobody asks an objective for weights, and it has no recipe that could be changed.
    """
    result = search(
        objective=detailed, space=SPACE, direction="minimize", strategy="random", trials=5, workers=1, runs=tmp_path, run="mine"
    )
    evaluations = [trial.evaluation for trial in load_result("mine", str(tmp_path)).history]
    assert [dict(evaluation.extra) for evaluation in evaluations if evaluation] == [
        {"seed": 0, "final": False, "files": False, "changes": 0, "rungs": 3}
    ] * 5
    assert result.rungs == ()
    assert result.best is not None
    assert result.best.validation == min(trial.value for trial in result.history if trial.value is not None)


class Smallest(Strategy):
    """A strategy as a user writes one: of three samples, the smallest."""

    def __init__(self, space: EinSpace, tries: int = 3) -> None:
        self.space = space
        self.tries = tries

    def propose(self, history: History, rng: Random) -> Proposal:
        drawn = [self.space.sample(rng) for _ in range(self.tries)]
        return Proposal.of(min(drawn, key=lambda architecture: architecture.parameters), "smallest")


class Waiting(RandomSearch):
    """Proposes one architecture at a time."""

    def propose(self, history: History, rng: Random) -> Proposal:
        running = any(trial.evaluation is None for trial in history)
        return None if running else super().propose(history, rng)  # type: ignore[return-value]


class Stuck(RandomSearch):
    """Waits for nothing."""

    def propose(self, history: History, rng: Random) -> Proposal:
        return None  # type: ignore[return-value]


def drive(folder: Path, **options: Any) -> Result:
    given: dict[str, Any] = {"trials": 6, "workers": 1, "limits": SMALL, "run": "test", "runs": folder, **options}
    given.setdefault("executor", ThreadExecutor(good, given["workers"]))
    return search(small_task(), **given)


@pytest.mark.slow
def test_a_strategy_is_an_object(tmp_path: Path) -> None:
    """It is asked like one by name, its options are the run's settings, and changed code or options are noticed."""
    result = drive(tmp_path, strategy=Smallest(SPACE))
    assert [trial.origin for trial in result.history] == ["smallest"] * 6
    drive(tmp_path, strategy=Smallest(SPACE), trials=8)
    with pytest.raises(RunError, match="tries: 3 there, 4 here"):
        drive(tmp_path, strategy=Smallest(SPACE, 4))
    with pytest.raises(RunError, match="strategy: "):
        drive(tmp_path, strategy="random")
    with pytest.raises(SettingError, match="options and initial members already"):
        drive(tmp_path, strategy=Smallest(SPACE), population=3)
    named = drive(tmp_path, strategy=f"{__name__}:Smallest", run="named")
    assert [trial.text for trial in named.history] == [trial.text for trial in result.history]


def test_a_strategy_may_wait(tmp_path: Path) -> None:
    """Where it waits for trials that run, other workers do; one that waits for nothing is a mistake."""
    result = drive(tmp_path, strategy=Waiting(SPACE), workers=3)
    assert len(result.history) == 6
    with pytest.raises(SettingError, match="the strategy Stuck waits for trials to end, but none is running"):
        drive(tmp_path, strategy=Stuck(SPACE), run="stuck")


def test_a_seeded_population_has_seeds_and_children_only(tmp_path: Path) -> None:
    """With two workers and one seed, the second worker waits for the seed; no sample enters the population (section 4.4)."""
    given: dict[str, Any] = {"init": "resnet8", "workers": 2, "population": 6, "tournament": 3, "protocol": "paper"}
    result = drive(tmp_path, executor=ThreadExecutor(good, 2, delay=0.1), **given)
    assert [trial.origin for trial in result.history] == ["seed resnet8", *["mutation"] * 5]


@pytest.mark.slow
def test_iterations_come_beside_the_seeds(tmp_path: Path) -> None:
    """The paper's iterations are children: the initial members are not counted."""
    result = drive(tmp_path, trials=None, iterations=5, **EVOLUTION)
    assert len(result.history) == 4 + 5
    with pytest.raises(SettingError, match="either trials or iterations"):
        drive(tmp_path, trials=3, iterations=5)


def test_samples_by_the_paper_s_protocol_have_the_time_of_final_trainings_with_a_budget_too(tmp_path: Path) -> None:
    """There a budget of time decides no limit, so that slow samples had that of a trial of the search."""
    executor = ThreadExecutor()
    drive(tmp_path, strategy="sampling", protocol="paper", budget=86_400, executor=executor)
    assert len({request.time_limit for request in executor.requests}) == 1 < max(r.time_limit or 0.0 for r in executor.requests) / 3600


def test_sampling_scores_on_test_and_selects_nothing(tmp_path: Path) -> None:
    """The paper's random sampling trains each sample like a final one; its mean is the result, and no sample is the best."""
    executor = ThreadExecutor()
    result = drive(tmp_path, strategy="sampling", executor=executor)
    assert all(request.final for request in executor.requests)
    assert len({request.time_limit for request in executor.requests}) == 1 < max(r.time_limit or 0.0 for r in executor.requests) / 3600
    assert result.best is None
    assert result.sampling is not None
    assert result.sampling.mean == pytest.approx(sum(score(trial.text) + 1 for trial in result.history) / 6)
    assert result.to_json()["sampling"] == {
        "mean": result.sampling.mean,
        "deviation": result.sampling.deviation,
        "count": 6,
        "split": "test",
    }
    assert result.baselines[0].test is not None


def timed(request: Request) -> Evaluation:
    """A tenth of a second of training, three times as much for a final one."""
    time.sleep(0.3 if request.final else 0.1)
    return Evaluation(Outcome.OK, score(request.text), seconds=Seconds(train=0.3 if request.final else 0.1))


def test_a_run_that_goes_on_says_how_much_of_its_time_is_left(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The time of the earlier calls is spent; a new run has all of it, and says nothing."""
    drive(tmp_path, trials=2, budget="10m", final_seeds=0, race=False)
    assert "goes on" not in caplog.text
    drive(tmp_path, trials=3, budget="10m", final_seeds=0, race=False)
    assert re.search(r"the run test goes on with (9 min \d+ s|10 min) of its 10 min: a larger budget gives it more", caplog.text)
    caplog.clear()
    drive(tmp_path, trials=4, budget=1e-3, final_seeds=0, race=False)
    assert "the run test goes on with 0.0 s of its 0.0 s" in caplog.text


@pytest.mark.processes
@pytest.mark.parametrize("workers", [1, 2])
def test_time_is_a_budget(tmp_path: Path, workers: int) -> None:
    """Trials are proposed while the time lasts, the final trainings are part of it, and what is left of it is for the next call."""
    start = time.monotonic()
    result = drive(tmp_path, trials=None, budget="6s", workers=workers, executor=ThreadExecutor(timed, workers))
    spent = time.monotonic() - start
    assert 4.0 < result.seconds["total"] < 6.6
    assert spent < 9
    assert len(result.history) > 10
    assert result.best is not None
    assert result.best.test is not None
    before = len(result.history)
    again = drive(tmp_path, trials=None, budget="6s", workers=workers, executor=ThreadExecutor(timed, workers))
    assert len(again.history) - before < before / 2
    more = drive(tmp_path, trials=before + 3, budget="60s", workers=workers, executor=ThreadExecutor(timed, workers))
    assert len(more.history) == max(before + 3, len(again.history))


def test_a_final_training_that_does_not_fit_makes_room_for_others(tmp_path: Path) -> None:
    """Of three baselines the second best is too slow: it has no score on test and says why, and the worst one has its score."""
    texts = {name: str(baselines.get(name, (1, 8, 8))) for name in ("resnet8", "vit-tiny", "mixer-tiny")}

    def slow(request: Request) -> Evaluation:
        values = {texts["resnet8"]: 0.9, texts["vit-tiny"]: 0.8, texts["mixer-tiny"]: 0.7}
        seconds = 100.0 if request.text == texts["vit-tiny"] else 0.01
        return Evaluation(Outcome.OK, values.get(request.text, 0.1), seconds=Seconds(train=seconds))

    task = replace(small_task(), baselines=tuple(texts))
    options: dict[str, Any] = {"workers": 1, "limits": SMALL, "runs": tmp_path, "strategy": "random", "time_limit": 1_000, "run": "short"}
    result = search(task, trials=3, budget="20s", executor=ThreadExecutor(slow), **options)
    found = {row.name: (row.test, row.reason) for row in result.baselines}
    assert found["resnet8"] == (0.9, "")
    assert found["vit-tiny"] == (None, "its final training did not fit into the time that was left")
    assert found["mixer-tiny"] == (0.7, "")
    longer = search(task, trials=3, budget="2h", executor=ThreadExecutor(slow), **options)
    assert [(row.test, row.reason) for row in longer.baselines] == [(0.9, ""), (0.8, ""), (0.7, "")]


@pytest.mark.processes
def test_a_trial_that_outlasts_the_budget_is_given_up(tmp_path: Path) -> None:
    """It counts as interrupted, not as timed out, and the final trainings have their time."""
    with ProcessExecutor(Work(slow_or_not, small_task().input), 1) as executor:
        start = time.monotonic()
        result = drive(tmp_path, trials=None, budget="5s", strategy="random", executor=executor, time_limit=60)
        assert time.monotonic() - start < 15
    assert {str(trial.outcome) for trial in result.history} <= {"ok"}
    assert result.best is None or result.best.test is not None


class Endless(ThreadExecutor):
    """One of five never ends, but for being given up."""

    def _run(self, request: Request, future: Future[Evaluation], watch: Watch | None) -> None:
        while score(request.text) > 0.8 and not self.stopped and not future.cancelled():
            time.sleep(0.002)
        super()._run(request, future, watch)


@pytest.mark.processes
def test_a_trial_that_was_given_up_is_tried_again_before_anything_else(tmp_path: Path) -> None:
    """With more time, as it was proposed, and once; what would never end had no outcome before."""
    given: dict[str, Any] = {"strategy": "random", "time_limit": 60, "race": False, "final_seeds": 0, "seed": 1}
    executor, later, baseline = Endless(), ThreadExecutor(), str(baselines.get("resnet8", (1, 8, 8)))
    result = drive(tmp_path, trials=None, budget="2s", executor=executor, **given)
    *ended, unfinished = [request.text for request in executor.requests if request.text != baseline]
    assert [trial.text for trial in result.history] == ended
    assert score(unfinished) > 0.8
    more = drive(tmp_path, trials=len(ended) + 2, budget="10m", executor=later, **given)
    assert next(request.text for request in later.requests if request.text != baseline) == unfinished
    texts = [trial.text for trial in more.history]
    assert texts[:-1] == [*ended, unfinished]
    assert texts[-1] != unfinished


def slow_or_not(architecture: Architecture, context: Context) -> float:
    """One of five never ends."""
    chance = score(str(architecture))
    time.sleep(60 if chance > 0.8 and not context.final else 0.05)
    return chance


def test_what_is_checked_at_the_door(tmp_path: Path) -> None:
    """Numbers beyond reason, names that mean something else, and bad budgets leave nothing behind; NumPy's numbers are numbers."""
    for options, message in (
        ({"seed": 2**63}, "seed must be"),
        ({"final_seeds": 10**9}, "final_seeds must be"),
        ({"workers": 10**9}, "workers must be .* at most 10000"),
        ({"population": 10**9}, "population must be .* at most 100000"),
        ({"callbacks": "wandb"}, r"callbacks are a list of objects of subclasses of einspace\.callbacks\.Callback, not 'wandb'"),
        ({"callbacks": [Callback]}, "callbacks are a list of objects .*, not <class"),
        ({"callbacks": Callback()}, "callbacks are a list of objects .*, not <.*Callback object"),
        ({"executor": 5}, "unknown executor 5"),
        ({"budget": "soon"}, "a budget is a time over 0, such as 90s, 30m, 8h or 2d, not 'soon'"),
        ({"crossover": 1.5}, "crossover must be"),
        ({"run": "resnet8"}, "cannot have the name 'resnet8', which is a baseline's"),
        ({"strategy": "nowhere:Class"}, "cannot be imported"),
        ({"objective": size}, "needs a space"),
    ):
        with pytest.raises((SettingError, RunError, UnknownNameError), match=message):
            drive(tmp_path / "runs", **options)
    assert not (tmp_path / "runs").exists()
    assert len(drive(tmp_path, trials=np.int64(2), seed=np.int32(1), workers=np.int64(1)).history) == 2


@pytest.mark.slow
def test_unnamed_runs_never_meet(tmp_path: Path) -> None:
    """Three that start at once get three folders."""
    results: list[Result] = []
    threads = [threading.Thread(target=lambda: results.append(drive(tmp_path, run=None, trials=1))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({result.run for result in results}) == 3


def test_another_metric_is_another_run(tmp_path: Path) -> None:
    """A metric that changed its direction or its code between two calls is noticed."""
    given: dict[str, Any] = {"trials": 2, "workers": 1, "limits": SMALL, "run": "test", "runs": tmp_path}
    search(small_task(), executor=ThreadExecutor(), **given)
    for metric in (Metric("accuracy", False, ACCURACY.function), Metric("accuracy", True, reversed_accuracy)):
        with pytest.raises(RunError, match=r"metric\.(higher_is_better|source): "):
            search(small_task(metric), executor=ThreadExecutor(), **given)


def reversed_accuracy(outputs: Any, targets: Any) -> float:
    """Another function under the old name."""
    return 1 - ACCURACY.function(outputs, targets)


@pytest.mark.processes
@pytest.mark.parametrize(("number", "times"), [(signal.SIGINT, 3), (signal.SIGTERM, 1), (signal.SIGHUP, 1)])
def test_every_signal_ends_a_search_in_order(tmp_path: Path, number: signal.Signals, times: int) -> None:
    """Ctrl-C three times within a tenth of a second, TERM and HUP: no traceback, finished trials are stored, the run can go on."""
    with Driver(tmp_path, 50, workers=2, delay=0.3) as process:
        process.wait_for(3)
        for _ in range(times):
            os.kill(process.pid, number)
            time.sleep(0.03)
        code, said, complained = process.end(30)
    assert complained == ""
    assert code == 130 or (times > 1 and code == -number)  # one that comes when the program is ending anyway is the interpreter's
    assert "of 50 trials; the run" in said
    assert len(load_result("killed", str(tmp_path)).history) >= 3


@pytest.mark.slow
def test_a_search_where_every_trial_failed_is_exit_code_1(tmp_path: Path) -> None:
    """The command line says how they failed, and a script can tell."""
    done = call("search", "digits", "--strategy", "random", "--trials", "2", "--workers", "1", "--time-limit", "0.001", cwd=tmp_path)
    assert done.returncode == 1
    assert "every trial failed: 2 timeout; the first says: not finished after 0.001 seconds" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.processes
def test_progress_tells_the_time_where_only_that_ends_the_search(tmp_path: Path) -> None:
    """Without a number of trials there is no total, but the seconds that are used up."""
    seen: list[Progress] = []
    drive(tmp_path, trials=None, budget=3.0, executor=ThreadExecutor(timed), progress=seen.append)
    search_news = [news for news in seen if news.phase == "search"]
    assert {news.total for news in search_news} == {None}
    assert 0 < search_news[0].seconds < search_news[-1].seconds < 3.5
