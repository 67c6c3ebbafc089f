"""Facts about searches, with an executor whose scores follow from the text."""

import json
import os
import signal
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import optuna
import pytest
from tests.study_samples import EVOLUTION, RECIPE, SAMPLED, SMALL, Driver, ThreadExecutor, good, often_bad, score, small_task

from einspace.errors import RunError, SettingError, StrategyError, UnknownNameError
from einspace.evaluation.outcome import Evaluation, Outcome, Request, Seconds
from einspace.result import Result, load_result
from einspace.run.folder import Run
from einspace.space import EinSpace
from einspace.strategies import History, Strategy
from einspace.study import Progress, search
from einspace.tasks.metrics import ACCURACY, Metric
from einspace.trial import Proposal, Trial

ERROR_RATE = Metric("error", False, ACCURACY.function)


def run(folder: Path, function: Callable[[Request], Evaluation] = good, **options: Any) -> tuple[Result, ThreadExecutor]:
    """A small search in a folder, and the executor that it used."""
    settings: dict[str, Any] = {"trials": 12, "workers": 1, "limits": SMALL, "run": "test", "runs": folder, **EVOLUTION, **options}
    executor = settings.setdefault("executor", ThreadExecutor(function, max(1, settings["workers"])))
    task = settings.pop("task", None) or small_task()
    return search(task, **settings), executor


def compared(result: Result) -> list[tuple[Any, ...]]:
    """What two runs must share, trial by trial."""
    return [(row.number, row.text, row.value, row.origin, row.parents, row.outcome, row.reused) for row in result.history]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_run(tmp_path: Path) -> None:
    """With one worker, all of a run follows from its settings; another seed gives another one."""
    one, _ = run(tmp_path / "a")
    two, _ = run(tmp_path / "b")
    other, _ = run(tmp_path / "c", seed=1)
    assert compared(one) == compared(two)
    assert compared(one) != compared(other)
    assert [row.number for row in one.history] == list(range(12))


def test_the_best_is_trained_again_for_the_test_split(tmp_path: Path) -> None:
    """The best by validation and each baseline meet the test split once, in a final training with the study's seed."""
    result, executor = run(tmp_path, seed=3)
    top = max(result.history, key=lambda row: row.value or 0)
    assert result.best is not None
    assert (result.best.trial, result.best.validation) == (top.number, top.value)
    assert result.best.test == score(top.text) + 1
    finals = [request.text for request in executor.requests if request.final]
    assert sorted(finals) == sorted({top.text, result.history[0].text})
    assert {request.seed for request in executor.requests} == {3}
    (baseline,) = result.baselines
    assert (baseline.name, baseline.validation) == ("resnet8", result.history[0].value)
    assert baseline.test == score(result.history[0].text) + 1


def test_a_search_without_seeds_is_compared_with_the_tasks_baselines(tmp_path: Path) -> None:
    """Baselines that were no trial are scored beside the trials, and do not count as such."""
    result, executor = run(tmp_path, trials=3, **SAMPLED)
    (baseline,) = result.baselines
    assert baseline.validation is not None
    assert baseline.test == pytest.approx(baseline.validation + 1)
    assert len(result.history) == 3
    assert len(executor.requests) == 3 + 1 + 2


def test_sampling_reports_mean_and_spread(tmp_path: Path) -> None:
    """Random sampling says what a random architecture scores."""
    result, _ = run(tmp_path, trials=4, **{**SAMPLED, "strategy": "sampling"})
    values = [row.value for row in result.history if row.value is not None]
    assert result.sampling is not None
    assert result.sampling.mean == pytest.approx(sum(values) / 4)
    assert result.to_json()["sampling"]["count"] == 4


def test_failed_trials_are_never_best(tmp_path: Path) -> None:
    """An outcome other than ok has no score, whatever value it claims; its reason is stored, and the search goes on."""
    result, _ = run(tmp_path, often_bad, trials=20)
    bad = [row for row in result.history if row.outcome == "nan"]
    assert len(result.history) == 20
    assert bad
    tried = [row for row in bad if row.reused is None]
    assert all((row.value, row.reason) == (None, "the loss is nan") for row in bad)
    assert all(row.evaluation and (row.evaluation.traceback, row.losses) == ("a line", (None,)) for row in tried)
    assert len({row.proposal.identity for row in tried}) == len(tried)
    assert result.best is not None
    assert (result.best.validation or 2) <= 1
    assert not {parent for row in result.history for parent in row.parents} & {row.number for row in bad}
    assert result.outcomes == {"nan": len(bad), "ok": 20 - len(bad)}


def test_a_search_where_all_fail_ends_without_a_best(tmp_path: Path) -> None:
    """Failures alone end no search; there is just no best one, and the baseline says why it has no score."""
    result, _ = run(tmp_path, lambda _: Evaluation(Outcome.TIMEOUT, reason="too slow"), trials=6)
    assert result.best is None
    assert result.outcomes == {"timeout": 6}
    assert (result.baselines[0].validation, result.baselines[0].reason) == (None, "too slow")
    json.dumps(result.to_json(), allow_nan=False)


def test_lower_is_better_where_the_metric_says_so(tmp_path: Path) -> None:
    """With an error as the metric, the smallest value is the best and wins tournaments."""
    result, _ = run(tmp_path, task=small_task(ERROR_RATE), population=4, tournament=4, trials=8)
    values = [row.value for row in result.history if row.value is not None]
    assert result.best is not None
    assert result.best.validation == min(values)
    assert result.history[4].parents == (values.index(min(values[:4])),)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 4])
def test_the_same_key_is_trained_once(tmp_path: Path, workers: int) -> None:
    """A canonical key that has a score, or is about to get one, is not sent to a worker again; the trial says whose score it has."""
    result, executor = run(tmp_path, limits=type(SMALL)(operations=2), trials=25, workers=workers, **SAMPLED)
    reused = [row for row in result.history if row.reused is not None]
    sent = [request.text for request in executor.requests if not request.final]
    by_number = {row.number: row for row in result.history}
    assert reused
    assert len(sent) == 25 - len(reused) + len(result.baselines)
    for row in reused:
        twin = by_number[row.reused if row.reused is not None else -1]
        assert (row.key, row.value) == (twin.key, twin.value)


def test_many_workers_share_one_study(tmp_path: Path) -> None:
    """With several workers every position is proposed and evaluated exactly once, and Optuna says nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result, _ = run(tmp_path, trials=30, workers=4)
    assert [row.number for row in result.history] == list(range(30))
    assert result.overhead is not None
    assert 0 <= result.overhead <= 1
    assert result.seconds["total"] >= result.seconds["search"] > 0


@pytest.mark.slow
def test_a_finished_run_is_not_done_again(tmp_path: Path) -> None:
    """Continuing with the same number of trials evaluates nothing; with more, only what is missing."""
    short, _ = run(tmp_path, trials=8)
    again, executor = run(tmp_path, trials=8)
    assert executor.requests == []
    assert again.to_json() == short.to_json()
    long, executor = run(tmp_path, trials=12, workers=2, time_limit=5.0)
    assert compared(long)[:8] == compared(short)
    assert len([request for request in executor.requests if not request.final]) <= 4
    assert load_result("test", str(tmp_path)).to_json() == long.to_json()


def test_a_continued_run_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    """Stopping between trials changes nothing: eight and then four trials are twelve."""
    run(tmp_path / "a", trials=8)
    continued, _ = run(tmp_path / "a", trials=12)
    whole, _ = run(tmp_path / "b", trials=12)
    assert compared(continued) == compared(whole)


@pytest.mark.processes
@pytest.mark.parametrize(("done", "later"), [(2, 0.03), (9, 0.0)])
def test_a_killed_run_resumes_as_if_nothing_had_happened(tmp_path: Path, done: int, later: float) -> None:
    """After SIGKILL in the middle of a trial, the interrupted architecture comes first, and with one worker the run is the same."""
    whole, _ = run(tmp_path, trials=14)
    with Driver(tmp_path, 14, delay=0.1) as process:
        process.wait_for(done)
        time.sleep(later)
    resumed, executor = run(tmp_path, trials=14, run="killed")
    assert compared(resumed) == compared(whole)
    assert len([request for request in executor.requests if not request.final]) == 14 - done


@pytest.mark.processes
def test_a_killed_run_of_many_workers_loses_nothing(tmp_path: Path) -> None:
    """After SIGKILL with four trials running, all of them are tried again with their architectures, each once."""
    with Driver(tmp_path, 16, workers=4, delay=1.5) as process:
        process.wait_for(4)
        time.sleep(0.1)
    study = optuna.load_study(study_name="einspace", storage=f"sqlite:///{tmp_path}/killed/study.db")
    left = [trial.user_attrs["trial"] for trial in study.trials if trial.state == optuna.trial.TrialState.RUNNING]
    running = {(known["number"], known["proposal"]["text"]) for known in left}
    resumed, _ = run(tmp_path, trials=16, run="killed", workers=4)
    assert running
    assert running <= {(row.number, row.text) for row in resumed.history}
    assert [row.number for row in resumed.history] == list(range(16))


@pytest.mark.processes
@pytest.mark.parametrize("workers", [1, 3])
def test_ctrl_c_keeps_what_has_finished(tmp_path: Path, workers: int) -> None:
    """SIGINT ends a driver at once with its evaluations given up; finished trials are stored, the others are tried again."""
    with Driver(tmp_path, 12, workers=workers, delay=0.3) as process:
        process.wait_for(3)
        os.kill(process.pid, signal.SIGINT)
        code, said, complained = process.end(20)
    assert code == 130, complained
    assert complained == ""
    assert "of 12 trials" in said
    partial = load_result("killed", str(tmp_path))
    assert 3 <= len(partial.history) < 12
    resumed, _ = run(tmp_path, trials=12, run="killed", workers=workers)
    assert [row.number for row in resumed.history] == list(range(12))
    assert set(compared(partial)) <= set(compared(resumed))


@pytest.mark.slow
def test_a_second_driver_is_refused(tmp_path: Path) -> None:
    """While one process drives a run, another is told so, and by whom."""
    with Driver(tmp_path, 50, delay=0.1) as process:
        process.wait_for(1)
        with pytest.raises(RunError, match=f"the database .*study.db is being driven by another process .process {process.pid}"):
            run(tmp_path, trials=50, run="killed")


@pytest.mark.slow
def test_other_settings_are_refused(tmp_path: Path) -> None:
    """What would falsify a run is named, with both values; the number of workers and trials may change."""
    run(tmp_path, trials=4)
    for options, line in (
        ({"seed": 1}, "seed: 0 there, 1 here"),
        ({"tournament": 2}, "tournament: 3 there, 2 here"),
        ({"recipe": {"epochs_search": 2}}, "recipe.epochs_search: 1 there, 2 here"),
        ({"limits": None}, "limits.operations: 60 there, 3000 here"),
        ({"init": "resnet8"}, "init: "),
        ({"task": small_task(value=1.0)}, "data: "),
        ({"computation_probability": 0.4}, "grammar: "),
    ):
        with pytest.raises(RunError, match=line):
            run(tmp_path, trials=4, **options)
    run(tmp_path, trials=4, workers=2, recipe=RECIPE)


def test_a_network_of_one_s_own_is_a_seed(tmp_path: Path) -> None:
    """It is a trial, is compared with the best under a short name, and has mutants; the text continues what the architecture began."""
    own = EinSpace((1, 8, 8)).parse("[[im2col(k=5,s=1,p=2) linear(d=10) col2im] relu]")
    result, _ = run(tmp_path, init=[own, "random*2"], trials=4)
    assert (result.history[0].text, result.history[0].origin) == (str(own), "seed text 0")
    baseline, other = result.baselines
    assert (baseline.name, baseline.key, baseline.validation) == ("text 0", own.key, score(str(own)))
    assert other.name == "resnet8"
    assert baseline.test == score(str(own)) + 1
    again, _ = run(tmp_path, init=f"{own},random*2", trials=6)
    assert compared(again)[:4] == compared(result)
    with pytest.raises(SettingError, match=r"takes \(3, 8, 8\), but the task's input is \(1, 8, 8\)"):
        run(tmp_path, init=[EinSpace((3, 8, 8)).parse("[relu relu]")])


def test_progress_is_told_of_each_trial(tmp_path: Path) -> None:
    """Whoever watches sees every trial once, in order of ending, with the best so far, and then the final trainings."""
    seen: list[Progress] = []
    result, _ = run(tmp_path, trials=6, workers=3, progress=seen.append)
    rows: list[Trial] = [progress.trial for progress in seen if progress.trial is not None and progress.phase == "search"]
    assert sorted(row.number for row in rows) == list(range(6))
    assert all((progress.total, progress.phase) == (6, "search") for progress in seen if progress.phase == "search")
    assert result.best is not None
    assert max(progress.best or 0 for progress in seen if progress.phase == "search") == result.best.validation
    assert (seen[-1].phase, seen[-1].done) == ("final", seen[-1].total)


def test_the_last_news_of_a_search_count_the_trials_of_earlier_calls(tmp_path: Path) -> None:
    """A call that has nothing to evaluate shows all trials of the run, and not none."""
    run(tmp_path, trials=4)
    seen: list[Progress] = []
    result, _ = run(tmp_path, trials=4, progress=seen.append)
    assert [(news.phase, news.done, news.total) for news in seen] == [("search", len(result.history), 4)]


def test_a_run_without_a_name_gets_a_new_one(tmp_path: Path) -> None:
    """Two runs without names never share a folder."""
    one, _ = run(tmp_path, run=None, trials=1)
    two, _ = run(tmp_path, run=None, trials=1)
    assert one.run != two.run
    assert one.run.name.endswith("-small")


def test_what_makes_no_sense_is_refused_before_a_folder_is_made(tmp_path: Path) -> None:
    """Bad settings leave nothing behind."""
    for options, error in (
        ({"trials": 0}, SettingError),
        ({"workers": 0}, SettingError),
        ({"seed": -1}, SettingError),
        ({"time_limit": 0.0}, SettingError),
        ({"strategy": "evolve"}, UnknownNameError),
        ({"init": "resnet"}, UnknownNameError),
        ({"cost": "parameters"}, SettingError),
        ({"strategy": "pareto", "cost": "size"}, SettingError),
        ({"strategy": "random", "init": (), "population": 5}, SettingError),
        ({"recipe": {"epoch": 1}}, SettingError),
        ({"run": "../up"}, RunError),
    ):
        with pytest.raises(error):
            run(tmp_path / "runs", **options)
    with pytest.raises(SettingError, match=r"^time_limit must be a number over 0, or None, not -1\.0$"):
        run(tmp_path / "runs", time_limit=-1.0)
    assert not (tmp_path / "runs").exists()


def test_a_damaged_run_is_refused(tmp_path: Path) -> None:
    """Files that cannot be read are named, and never overwritten."""
    run(tmp_path, trials=1)
    folder = Run(tmp_path, "test")
    folder.database.write_text("no database " * 100)
    with pytest.raises(RunError, match=r"study\.db cannot be used"):
        run(tmp_path, trials=1)
    (folder.path / "run.json").write_text("{")
    with pytest.raises(RunError, match=r"run\.json cannot be read"):
        run(tmp_path, trials=1)
    with pytest.raises(RunError, match="there is no run"):
        load_result("none", str(tmp_path))


class Endless(Strategy):
    """A strategy with a mistake in it."""

    def __init__(self, space: EinSpace) -> None:
        self.space = space

    def propose(self, history: History, rng: Random) -> Proposal:
        """Ask itself."""
        return self.propose(history, rng)


@pytest.mark.slow
def test_a_strategy_that_calls_itself_without_end_is_no_fault_of_the_database(tmp_path: Path) -> None:
    """Python's error is said with the strategy's name and the place: a search that goes on would end the same way."""
    with pytest.raises(StrategyError, match=r"Endless: propose raised RecursionError: .*\n(.*\n)+.*in propose"):
        run(tmp_path, trials=2, strategy=Endless(EinSpace((1, 8, 8))), init=None, population=None, tournament=None)


def test_optunas_messages_come_back(tmp_path: Path) -> None:
    """Optuna is silent during a search, and as it was after it."""
    before = optuna.logging.get_verbosity()
    run(tmp_path, trials=1)
    assert optuna.logging.get_verbosity() == before


@pytest.mark.slow
def test_final_trainings_are_no_time_of_the_search(tmp_path: Path) -> None:
    """The overhead is of the search alone: evaluations that come after it, however long, do not hide what the loop itself cost."""

    def slow_finals(request: Request) -> Evaluation:
        seconds = 0.3 if request.final else 0.02
        time.sleep(seconds)
        return Evaluation(Outcome.OK, score(request.text), seconds=Seconds(train=seconds))

    result, _ = run(tmp_path, slow_finals, trials=5)
    assert result.overhead is not None
    assert result.overhead > 0
    assert result.seconds["final"] >= 0.3
    assert result.seconds["search"] < result.seconds["total"] - 0.3 + 1e-3
