"""Running: each cell is one run of a search, which goes on after a kill and is never repeated; absent data stop no other cell."""

import json
import os
import re
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.builders.small import write_idx
from tests.commands import call
from tests.forked import Forked
from tests.study_samples import ThreadExecutor, good, often_bad, score

from einspace import baselines
from einspace.evaluation.outcome import Evaluation, Outcome, Request
from einspace.reproduction import EXPERIMENTS
from einspace.reproduction.cells import Cell
from einspace.reproduction.experiments import FOLLOW_UP
from einspace.result import load_result
from einspace.run.folder import Run
from einspace.tasks import TASKS, DataOptions, Task

pytestmark = pytest.mark.slow

SIZES = (40, 20, 20)


class Trained:
    """Executors whose scores follow from the text, and how many evaluations they did."""

    def __init__(self, function: Callable[[Request], Evaluation] = good) -> None:
        self.function, self.made = function, list[ThreadExecutor]()

    def __call__(self, *_: object) -> ThreadExecutor:
        self.made.append(ThreadExecutor(self.function))
        return self.made[-1]

    @property
    def evaluations(self) -> int:
        return sum(len(executor.requests) for executor in self.made)


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Trained:
    """Scores from texts in place of trainings, in a folder of the test's own."""
    found = Trained()
    monkeypatch.setattr("einspace.executors.choose", found)
    monkeypatch.setattr("einspace.executors.forkserver.start", lambda: None)
    monkeypatch.chdir(tmp_path)
    return found


@pytest.fixture
def official(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lays official files of a task into the folder `data`, of a few samples, which the task takes for all of its."""

    def lay(name: str) -> None:
        known = TASKS[name]
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        rng = np.random.default_rng(0)
        for part, size in zip(("train", "valid", "test"), SIZES, strict=True):
            np.save(folder / f"{part}_x.npy", rng.normal(size=(size, *known.shape)).astype(np.float32))
            np.save(folder / f"{part}_y.npy", np.arange(size) % known.classes)
        monkeypatch.setitem(TASKS, name, replace(known, sizes=SIZES))

    return lay


def reproduced(*words: str) -> dict[str, Any]:
    """What the command prints as JSON."""
    done = call("reproduce", *words, "--json")
    assert done.returncode == 0, done.stderr
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def by_place(figures: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(number["row"], number["column"]): number for number in figures["numbers"]}


def test_a_number_is_the_score_on_test_of_the_cell_s_run(trained: Trained) -> None:
    """The best of the search, trained on train and valid; of random sampling the mean of all samples; nothing is compared on other data."""
    found = by_place(reproduced("table1", "--task", "addnist", "--column", "re-scratch,random-sampling"))
    for column in ("re-scratch", "random-sampling"):
        number = found["addnist", column]
        (name,) = number["runs"]
        assert name == f"table1-smoke-adddigits-{column}-0"
        result = load_result(name)
        assert len(result.history) == 4
        assert result.protocol == "paper"
        assert (number["comparable"], number["difference"]) == (False, None)
        assert "on AddDigits, not on the published data" in number["note"]
    best, sampling = load_result("table1-smoke-adddigits-re-scratch-0"), load_result("table1-smoke-adddigits-random-sampling-0")
    assert best.best is not None
    assert found["addnist", "re-scratch"]["ours"] == best.best.test == score(best.best.text) + 1
    assert sampling.sampling is not None
    assert found["addnist", "random-sampling"]["ours"] == sampling.sampling.mean
    assert not best.baselines


def test_data_and_files_lie_where_they_are_said_to(trained: Trained, official: Callable[[str], None], tmp_path: Path) -> None:
    """Data of a folder that is named, and the table in another one; nothing is written elsewhere."""
    official("addnist")
    (tmp_path / "data").rename(tmp_path / "elsewhere")
    words = ["table1", "--scale", "paper", "--task", "addnist", "--column", "rn18"]
    assert by_place(reproduced(*words))["addnist", "rn18"]["ours"] is None
    shutil.rmtree("reproduction")
    figures = reproduced(*words, "--data", "elsewhere", "-o", "found")
    assert by_place(figures)["addnist", "rn18"]["ours"] is not None
    assert {Path(file).parts[0] for file in figures["files"]} == {"found"}
    assert Path("found/table1-paper.md").is_file()
    assert not Path("reproduction").exists()


def test_a_mean_of_samples_says_how_many_have_no_score(trained: Trained) -> None:
    """A cell that leaves some of its samples out is no mean of all of them."""
    trained.function = lambda request: good(request) if len(trained.made[-1].requests) > 1 else Evaluation(Outcome.TIMEOUT, None)
    number = by_place(reproduced("table1", "--task", "addnist", "--column", "random-sampling"))["addnist", "random-sampling"]
    assert number["ours"] is not None
    assert "the mean of 3 of 4 samples: 1 ended without a score" in number["note"]


def test_a_search_whose_initial_members_failed_is_not_that_of_its_column(trained: Trained) -> None:
    """Those without a score are named in a note; where none has one, the cell has failed and shows no score of what was another search."""
    lost = {str(baselines.get("resnet14-flat", (3, 8, 8)))}
    trained.function = lambda request: Evaluation(Outcome.TIMEOUT, None) if request.text in lost else good(request)
    number = by_place(reproduced("table1", "--task", "addnist", "--column", "re-mix"))["addnist", "re-mix"]
    assert number["ours"] is not None
    assert "without a score among the initial members: resnet14-flat (timeout)" in number["note"]
    assert "from scratch" not in number["note"]
    lost.add(str(baselines.get("resnet8", (3, 8, 8))))
    done = call("reproduce", "table1", "--task", "addnist", "--column", "re-rn18", "--json")
    number = by_place(json.loads(done.stdout))["addnist", "re-rn18"]
    assert (done.returncode, number["ours"]) == (1, None)
    assert "among the initial members: resnet8 (timeout); so the search was one from scratch" in number["note"]


def test_on_the_published_data_the_difference_is_given(trained: Trained, official: Callable[[str], None]) -> None:
    """Ours less the paper's, in the units of the metric, for the cell and for the rows over all tasks."""
    official("addnist")
    found = by_place(reproduced("table1", "--scale", "paper", "--task", "addnist", "--column", "rn18,pc-darts"))
    number = found["addnist", "rn18"]
    assert (number["reference"], number["comparable"]) == (0.9336, True)
    assert number["difference"] == pytest.approx(number["ours"] - 0.9336)
    assert found["addnist", "pc-darts"]["ours"] is None
    assert found["average accuracy", "rn18"]["difference"] == pytest.approx(number["difference"])
    assert found["average rank", "pc-darts"]["ours"] == 3 - found["average rank", "rn18"]["ours"]
    settings = load_result("table1-paper-addnist-rn18-0").settings
    assert (settings["recipe"]["epochs_search"], settings["recipe"]["epochs_final"], settings["protocol"]) == (8, 64, "paper")
    assert settings["init"] == ["resnet18"]


def test_data_that_were_built_smaller_are_searched_and_compared_with_nothing(trained: Trained, tmp_path: Path) -> None:
    """Reduced data have a number and no difference from the paper's, nor do the columns of others count among ours, as the notes say.

    A cell that is done is not done again when the data are built anew, larger: they want a folder of runs of their own.
    """
    words = ["table1", "--scale", "small", "--task", "addnist", "--column", "rn18,pc-darts", "--data", "reduced", "--runs", "reduced-runs"]
    for samples in ("60,20,20", "120,40,40"):
        source = str(write_idx(tmp_path / "idx"))
        built = call("data", "prepare", "addnist", "--from", source, "--samples", samples, "--data", "reduced", "--force")
        assert built.returncode == 0, built.stderr
        found = by_place(reproduced(*words))
        number = found["addnist", "rn18"]
        assert (number["reference"], number["comparable"], number["difference"]) == (0.9336, False, None)
        assert number["ours"] is not None
        assert number["note"] == "on AddNIST, not on the published data"
        assert (found["average rank", "rn18"]["ours"], ("average rank", "pc-darts") in found) == (1.0, False)
        assert trained.evaluations == 2


def test_a_cell_that_is_done_is_not_done_again(trained: Trained) -> None:
    """The second call evaluates nothing and prints the same; another column adds its own cell only."""
    words = ["table5", "--column", "wrn"]
    first = reproduced(*words)
    done = trained.evaluations
    assert done == 2
    assert reproduced(*words) == first
    assert trained.evaluations == done
    reproduced("table5", "--column", "wrn,re-wrn")
    again = load_result("table5-smoke-digits-re-wrn-0")
    assert len(again.history) == 3
    assert trained.evaluations == done + len(again.trials())


def test_absent_data_are_a_note_and_the_other_cells_go_on(trained: Trained, official: Callable[[str], None]) -> None:
    """A task without its files says which are missing and how they are had; the task after it is searched."""
    official("language")
    figures = reproduced("table1", "--scale", "small", "--task", "addnist,language,isabella", "--column", "rn18")
    found = by_place(figures)
    assert found["language", "rn18"]["ours"] is not None
    assert found["addnist", "rn18"]["ours"] is None
    assert "lacks train_x.npy" in found["addnist", "rn18"]["note"]
    assert "einspace data prepare addnist" in found["addnist", "rn18"]["note"]
    assert "not distributed" in found["isabella", "rn18"]["note"]
    assert found["average accuracy", "rn18"]["note"] == "over 1 of 8 tasks, 1 of 11 columns"
    done = call("reproduce", "table1", "--scale", "small", "--task", "addnist", "--column", "rn18")
    assert done.returncode == 0
    assert "einspace data prepare addnist" in done.stdout.replace("\n", " ")


@pytest.mark.parametrize(("experiment", "column"), [("table1", "rn18"), ("table5", "wrn")])
def test_every_row_without_data_says_how_they_are_had(trained: Trained, experiment: str, column: str) -> None:
    """A task whose files are absent is a cell that names the files, and who publishes them, or that nobody does."""
    found = by_place(reproduced(experiment, "--scale", "small", "--column", column))
    for row in EXPERIMENTS[experiment].rows:
        note = found[row, column]["note"]
        assert f"lacks {TASKS[row].files[0]}" in note
        assert re.search(rf"{TASKS[row].title}: .*(published|not distributed)", note)
        assert ("einspace data prepare" in note) == (TASKS[row].built_from is not None)
    assert trained.evaluations == 0


def check_unscored(found: dict[tuple[str, str], dict[str, Any]], row: str, note: str) -> None:
    """The cells of a row in both columns have no score, and say why."""
    for column in ("random-search", "rn18"):
        assert found[row, column]["ours"] is None
        assert note in found[row, column]["note"]


def test_data_that_do_not_fit_into_memory_are_a_note(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cells of such a task say so, the task after it is searched, and the command ends with code 1: the data are there."""

    def read(*_: object) -> Task:
        raise MemoryError("unable to allocate 9 GiB")

    monkeypatch.setitem(TASKS, "adddigits", replace(TASKS["adddigits"], read=read))
    done = call("reproduce", "table1", "--task", "addnist,multnist", "--column", "rn18,random-search", "--json")
    found = by_place(json.loads(done.stdout))
    assert done.returncode == 1
    check_unscored(found, "addnist", "too little memory to read the data of adddigits: unable to allocate 9 GiB")
    assert all(found["multnist", column]["ours"] is not None for column in ("rn18", "random-search"))


def test_several_seeds_are_several_runs(trained: Trained) -> None:
    """Their mean and their deviation; a cell whose seeds are not all done has no mean, and says how far it is."""
    figures = by_place(reproduced("table5", "--column", "re-wrn", "--seeds", "2"))
    number = figures["cifar100", "re-wrn"]
    scores = [result.best.test for name in number["runs"] if (result := load_result(name)).best is not None]
    assert number["runs"] == ["table5-smoke-digits-re-wrn-0", "table5-smoke-digits-re-wrn-1"]
    assert number["ours"] == pytest.approx(sum(score or 0 for score in scores) / 2)
    assert number["deviation"] is not None
    more = by_place(reproduced("table5", "--column", "re-wrn", "--seeds", "3", "--no-run"))["cifar100", "re-wrn"]
    assert more["ours"] is None
    assert "not run" in more["note"]


def test_a_column_against_another_one_is_compared_with_it(trained: Trained) -> None:
    """The surrogate and crossover beside the same search by mutation alone; the difference is given on whatever data."""
    found = by_place(reproduced("follow-up", "--task", "addnist"))
    for column, other in (("surrogate", "mix"), ("crossover", "scratch")):
        number = found["addnist", column]
        assert number["reference"] == found["addnist", other]["ours"]
        assert number["difference"] == pytest.approx(number["ours"] - number["reference"])
    origins = {trial.origin for trial in load_result("follow-up-smoke-adddigits-crossover-0").history}
    assert "crossover" in origins
    assert load_result("follow-up-smoke-adddigits-surrogate-0").settings["surrogate"] is True


def test_the_surrogate_of_the_follow_up_draws_twenty_and_trains_one(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once 30 trials that repeat no other one have ended, four of five are the best of twenty children; beside it none is."""
    monkeypatch.setitem(FOLLOW_UP, "smoke", 0.15)
    reproduced("follow-up", "--task", "addnist", "--column", "mix,surrogate", "--workers", "1")
    drawn = {}
    for column in ("mix", "surrogate"):
        history = load_result(f"follow-up-smoke-adddigits-{column}-0").history
        drawn[column] = [None if trial.proposal.prediction is None else trial.proposal.prediction.among for trial in history]
    assert drawn["mix"] == [None] * 45
    begun = drawn["surrogate"].index(next(filter(None, drawn["surrogate"])))
    assert 30 <= begun <= 35
    wanted = [1 if number % 5 == 0 else 20 for number in range(begun, begun + 10)]  # after these it may lose its right to choose
    assert drawn["surrogate"][: begun + 10] == [None] * begun + wanted


def test_a_cell_without_a_score_fails_alone(trained: Trained) -> None:
    """Where every trial of a search fails, its cell says why and the command ends with code 1, after the other cells."""

    def fails_in_search(request: Request) -> Evaluation:
        return often_bad(request) if request.final else Evaluation(Outcome.NAN, None, reason="the loss is nan")

    trained.function = fails_in_search
    done = call("reproduce", "table1", "--task", "addnist", "--column", "random-search,rn18", "--json")
    found = by_place(json.loads(done.stdout))
    assert done.returncode == 1
    check_unscored(found, "addnist", "every trial failed: the loss is nan")
    trained.function = good
    assert call("reproduce", "table1", "--task", "addnist", "--column", "re-scratch").returncode == 0


@pytest.mark.parametrize("options", [["--seed", "0"], ["--final-seeds", "0"], ["--init", "resnet8", "--protocol", "paper", "--seed", "7"]])
def test_a_run_of_other_settings_is_not_taken_for_a_cell_s(trained: Trained, options: list[str]) -> None:
    """A run of the cell's name with other settings, finished or not, is refused in its cell, and the next cell is searched."""
    assert call("search", "adddigits", "--run", "table1-smoke-adddigits-rn18-0", "--trials", "1", "--no-report", *options).returncode == 0
    for more in ([], ["--no-run"]):
        done = call("reproduce", "table1", "--task", "addnist", "--column", "rn18,re-scratch", "--json", *more)
        found = by_place(json.loads(done.stdout))
        assert done.returncode == 1
        assert found["addnist", "rn18"]["ours"] is None
        assert "has other settings (" in found["addnist", "rn18"]["note"]
        assert found["addnist", "re-scratch"]["ours"] is not None


def test_a_table_of_errors_is_of_errors(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in of a row is searched for its error, and the lowest is the first; a run of accuracies is not taken for one of errors."""
    words = ["table5", "--column", "wrn,re-wrn"]
    with monkeypatch.context() as before:
        before.setattr(Cell, "own", DataOptions())
        reproduced("table5", "--column", "wrn")
    done = call("reproduce", *words, "--json")
    number = by_place(json.loads(done.stdout))["cifar100", "wrn"]
    assert (done.returncode, number["ours"]) == (1, None)
    assert 'has other settings (metric: "accuracy" there, "0-1 error" here)' in number["note"]
    shutil.rmtree("runs/table5-smoke-digits-wrn-0")
    found = by_place(reproduced(*words))
    result = load_result("table5-smoke-digits-re-wrn-0")
    assert (result.metric, result.higher_is_better) == ("0-1 error", False)
    lower, upper = sorted(("wrn", "re-wrn"), key=lambda column: float(found["cifar100", column]["ours"]))
    assert found["average rank", lower]["ours"] <= 1.5 <= found["average rank", upper]["ours"]


def test_a_cell_that_another_process_is_at_is_left_to_it(trained: Trained) -> None:
    """Its note says so, and the next cell is searched; once it is free, it is searched too."""
    words = ["table5", "--column", "wrn,re-wrn"]
    with Run("runs", "table5-smoke-digits-wrn-0").study().driving():
        done = call("reproduce", *words, "--json")
    found = by_place(json.loads(done.stdout))
    assert done.returncode == 1
    assert "is being driven by another process" in found["cifar100", "wrn"]["note"]
    assert found["cifar100", "re-wrn"]["ours"] is not None
    assert by_place(reproduced(*words))["cifar100", "wrn"]["ours"] is not None


def test_a_shared_storage_is_read_elsewhere(trained: Trained, tmp_path: Path) -> None:
    """Another machine, with another folder of runs, finds in the database what is done, and does it no more."""
    words = ["table5", "--storage", f"sqlite:///{tmp_path}/shared.db"]
    first = reproduced(*words, "--runs", "here")
    done = trained.evaluations
    there = reproduced(*words, "--runs", "there")
    assert there["numbers"] == first["numbers"]
    assert trained.evaluations == done > 0


def test_a_signal_ends_the_command_and_the_same_one_goes_on(trained: Trained) -> None:
    """Ctrl-C in a cell: exit code 130, and the next call has all numbers."""

    def interrupted(request: Request) -> Evaluation:
        os.kill(os.getpid(), signal.SIGINT)
        return good(request)

    trained.function = interrupted
    done = call("reproduce", "table5", "--json")
    assert (done.returncode, done.stdout) == (130, "")
    assert "the same command goes on" in done.stderr
    trained.function = good
    assert all(number["ours"] is not None for number in reproduced("table5", "--column", "wrn,re-wrn")["numbers"])


def test_a_kill_loses_no_cell_and_no_trial(trained: Trained, tmp_path: Path) -> None:
    """After SIGKILL in the second cell, the same command evaluates what was not stored, and nothing else; the numbers are the same."""
    words = ["reproduce", "table1", "--task", "addnist", "--column", "re-rn18,re-scratch", "--workers", "1"]
    whole = tmp_path / "whole"
    whole.mkdir()
    os.chdir(whole)
    unbroken = by_place(reproduced(*words[1:]))
    total = trained.evaluations
    cut = tmp_path / "cut"
    cut.mkdir()
    os.chdir(cut)
    killed = total - 2
    process = Forked("tests.reproduction.killed:main", killed, *words)
    _, complained = process.communicate(timeout=250)
    assert process.wait(0) == -signal.SIGKILL, complained
    first = load_result("table1-smoke-adddigits-re-rn18-0")
    assert first.best is not None
    assert first.best.test is not None
    second = load_result("table1-smoke-adddigits-re-scratch-0")
    before, kept = trained.evaluations, len(first.trials()) + len(second.trials())
    assert 0 < kept < killed
    resumed = by_place(reproduced(*words[1:]))
    assert trained.evaluations - before == total - kept
    assert {place: number["ours"] for place, number in resumed.items()} == {place: number["ours"] for place, number in unbroken.items()}
