"""The benchmark of the search, on tasks that are trained in a moment and with methods that search nothing."""

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from benchmarks.search import __main__, opponents, runs, terms
from benchmarks.search import tasks as benchmark_tasks
from benchmarks.search.methods import METHODS, Einspace, ablation, seeds
from benchmarks.search.opponents import Choice, CnnTpe, OutOfTime, ResidualCNN, score
from benchmarks.search.page import markdown
from benchmarks.search.runs import RETRAININGS, Run
from benchmarks.search.sources import cached
from benchmarks.search.table import is_wrong, mean_and_error, ranks, tables, verdicts
from benchmarks.search.table import score as table_score
from benchmarks.search.terms import Found, Terms, retrained
from rich.console import Console

import einspace as es
from einspace import Recipe, Task
from einspace.errors import DataError, SettingError
from einspace.executors.forkserver import context
from einspace.tasks.changes import ours

pytestmark = pytest.mark.slow

SHORT = Recipe(epochs_search=2, epochs_final=6, batch_size=8, learning_rate=0.05, weight_decay=0.0)
CHOICE = Choice(width=8, depth=1, kernel=3, dropout=0.0, batch_size=8, learning_rate=0.05, weight_decay=0.0)


def easy(series: bool = False) -> Task:
    """Two classes that differ in the sign of the left half."""
    rng = np.random.default_rng(0)
    y = np.arange(96) % 2
    x = rng.normal(0, 0.3, (96, 1, 8, 8))
    x[:, :, :, :4] += (2 * y - 1)[:, None, None, None]
    x = x[:, 0].transpose(0, 2, 1) if series else x
    return Task.from_arrays(x, y, name="easy", recipe=SHORT, axes="NSD" if series else "NCHW")


@dataclass(frozen=True)
class Fixed:
    """A method that searches for no time and is known to score `base` from the first seed; `calls` notes each search."""

    base: float
    calls: list[tuple[str, int]] = field(default_factory=list, compare=False)
    options: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, task: Task, terms: Terms) -> Found:
        self.calls.append((task.name, terms.seed))
        return Found(7, self.base + 0.1, "a network", {"ok": 6, "timeout": 1}, 0.25)

    def score(self, task: Task, what: str, seed: int) -> float:
        """What stands in for a training."""
        assert what == "a network"
        return self.base + (seed - RETRAININGS[0]) / 100


def made(method: str, seed: int, tests: list[float | None], task: str = "easy", **others: Any) -> Run:
    """A record."""
    figures: dict[str, Any] = {"options": {}, "minutes": 5.0, "workers": 2, "metric": "accuracy", "higher_is_better": True, "trials": 10}
    figures |= {"outcomes": {}, "unfinished": 0.0, "seconds": 300.0, "claimed": 0.5, "found": "", "versions": {}, "machine": ""}
    return Run(method=method, task=task, seed=seed, tests=tests, **{**figures, **others})


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> dict[str, Fixed]:
    """Two methods and two tasks, whose retrainings run in this process."""
    found = {"good": Fixed(0.8), "bad": Fixed(0.4)}
    monkeypatch.setattr(runs, "retrained", lambda method, task, what, seeds, workers: [method.score(task, what, seed) for seed in seeds])
    for name, method in found.items():
        monkeypatch.setitem(METHODS, name, method)
    monkeypatch.setitem(benchmark_tasks.TASKS, "easy", easy)
    return found


def test_a_run_is_a_line_with_the_scores_of_three_retrainings(fakes: dict[str, Fixed], tmp_path: Path) -> None:
    """The last line has what the table needs, and what says how the figures came about."""
    out = tmp_path / "runs.jsonl"
    assert __main__.main(["--minutes", "0.05", "--tasks", "easy", "--methods", "good", "--seeds", "3", "--out", str(out)]) == 0
    searched, line = map(json.loads, out.read_text().splitlines())
    assert (searched["tests"], searched["found"]) == ([], "a network")
    assert line["tests"] == pytest.approx([0.8, 0.81, 0.82])
    assert (line["method"], line["task"], line["seed"], line["minutes"], line["workers"]) == ("good", "easy", 3, 0.05, 2)
    assert (line["claimed"], line["trials"], line["unfinished"]) == (pytest.approx(0.9), 7, 0.25)
    assert {"torch", "optuna", "numpy", "einspace"} <= set(line["versions"])
    assert "cores" in line["machine"]


def test_what_stands_in_the_file_is_not_done_again(fakes: dict[str, Fixed], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A benchmark that was ended after its first run does the others; another time of search is another run."""
    words = ["--tasks", "easy", "--methods", "good,bad", "--out", str(tmp_path / "runs.jsonl")]
    assert __main__.main([*words, "--minutes", "0.05", "--seeds", "0"]) == 0
    assert __main__.main([*words, "--minutes", "0.05", "--seeds", "0,1"]) == 0
    assert fakes["good"].calls == fakes["bad"].calls == [("easy", 0), ("easy", 1)]
    assert __main__.main([*words, "--minutes", "0.1", "--seeds", "0"]) == 0
    assert fakes["good"].calls[2:] == [("easy", 0)]
    capsys.readouterr()
    assert __main__.main(["--table", "--out", str(tmp_path / "runs.jsonl")]) == 0
    shown = capsys.readouterr().out
    assert "0.05 minutes" in shown
    assert "0.1 minutes" in shown
    assert shown.index("good") < shown.index("bad")
    assert __main__.main(["--table", "--markdown", "--out", str(tmp_path / "runs.jsonl")]) == 0
    assert capsys.readouterr().out.rstrip() == markdown(runs.read(tmp_path / "runs.jsonl"))


def test_a_search_whose_retraining_is_missing_is_not_done_again(fakes: dict[str, Fixed], tmp_path: Path) -> None:
    """Searches may run on one day and retrainings on another: the second call only retrains."""
    words = ["--tasks", "easy", "--methods", "good", "--seeds", "0,1", "--minutes", "0.05", "--out", str(tmp_path / "runs.jsonl")]
    for _ in range(2):
        assert __main__.main([*words, "--search-only"]) == 0
    assert [run.tests for run in runs.read(tmp_path / "runs.jsonl")] == [[], []]
    assert tables(runs.read(tmp_path / "runs.jsonl")) == []
    assert __main__.main(words) == 0
    assert [run.tests for run in runs.read(tmp_path / "runs.jsonl")] == [pytest.approx([0.8, 0.81, 0.82])] * 2
    assert fakes["good"].calls == [("easy", 0), ("easy", 1)]


def test_a_baseline_is_retrained_once_for_a_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two searches with one baseline have its scores once; another baseline, task or machine has scores of its own."""
    trained: list[str] = []

    def retrain(method: Fixed, task: Task, what: str, seeds: tuple[int, ...], workers: int) -> list[float]:
        trained.append(what)
        return [0.5] * len(seeds)

    monkeypatch.setattr(runs, "retrained", retrain)
    method, task = Fixed(0.8), easy()
    done: list[Run] = []
    for others in ({"found_rival": "a"}, {"found_rival": "a"}, {"found_rival": "b"}, {"found_rival": "a", "machine": "other"}):
        run = made("good", len(done), [], found="one", **others)
        done.append(runs.tested(run, method, task, done))
    assert trained == ["one", "a", "one", "one", "b", "one", "a"]
    assert all(run.rival == [0.5] * len(RETRAININGS) for run in done)


def test_a_name_stands_for_one_set_of_options(fakes: dict[str, Fixed], tmp_path: Path) -> None:
    """Figures of two methods are never mixed under one name."""
    done = [made("half", 0, [0.5, 0.5, 0.5], options={"population": 50})]
    name, method = ablation('half={"population": 25}')
    with pytest.raises(SettingError, match="half stands in the file with the options"):
        runs.missing(done, {name: method}, ["easy"], [0], 5.0, 2)
    with pytest.raises(SettingError, match="an ablation is a new name"):
        ablation("half=population")
    with pytest.raises(SettingError, match="an ablation is a new name"):
        ablation('einspace={"population": 25}')


def test_a_line_that_is_cut_off_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A process that died while it wrote leaves half a line, which is neither dropped nor counted."""
    out = tmp_path / "runs.jsonl"
    runs.append(out, made("good", 0, [0.5, 0.5, 0.5]))
    out.write_text(out.read_text() + '{"method": "bad", "ta')
    with pytest.raises(DataError, match=r"runs\.jsonl, line 2: is not a run"):
        runs.read(out)
    assert __main__.main(["--table", "--out", str(out)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_mistakes_in_the_options_are_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A name that is not known, a time that is none, and a file without runs."""
    for words in (["--minutes", "1", "--methods", "einspce"], ["--minutes", "1", "--tasks", "adddigit"], [], ["--table"]):
        assert __main__.main([*words, "--out", str(tmp_path / "none.jsonl")]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_ranks_count_where_all_methods_have_run() -> None:
    """Equal scores share a rank, less is better for an error, a failed retraining is last, and an incomplete pair is left out."""
    lines = [
        *(made("a", 0, [0.9, 0.7, 0.8]), made("b", 0, [0.6, 0.6, 0.6]), made("c", 0, [0.8, 0.8, 0.8])),
        *(made(name, 1, [value], "fields", higher_is_better=False) for name, value in (("a", 0.2), ("b", 0.1), ("c", 0.3))),
        *(made("a", 2, [0.9, None, 0.9]), made("b", 2, [0.1, 0.1, 0.1]), made("c", 2, [0.2, 0.2, 0.2])),
        made("a", 3, [0.9, 0.9, 0.9]),
    ]
    assert ranks(lines) == {"a": [1.5, 2.0, 3.0], "b": [3.0, 1.0, 2.0], "c": [1.5, 3.0, 1.0]}


def test_a_method_is_scored_by_what_it_recommends() -> None:
    """Where a verdict recommends the baseline, the network that a user takes away is the baseline, be it better or worse."""
    run = made("ours", 0, [0.8, 0.8, 0.8], rival=[0.9, 0.9, 0.9], verdict="not distinguishable")
    assert table_score(run) == pytest.approx(0.8)
    assert table_score(run.model_copy(update={"recommends_rival": True})) == pytest.approx(0.9)


def test_the_table_shows_means_with_their_standard_errors() -> None:
    """Over the seeds of the search, of which each counts once; a seed that failed is not hidden by the others."""
    lines = [made("a", seed, [value] * 3) for seed, value in enumerate((0.5, 0.6, 0.7))]
    lines += [made("b", 0, [0.4] * 3), made("b", 1, [0.4, None, 0.4])]
    (table,) = tables(lines)
    console = Console(width=200)
    with console.capture() as capture:
        console.print(table)
    shown = capture.get()
    assert "0.600 ± 0.058 (3)" in shown
    assert "1 of 2 failed" in shown
    assert "ranks over the 2 of 3 pairs" in shown
    assert mean_and_error([0.5, 0.6, 0.7])[1] == pytest.approx(0.1 / 3**0.5)


def test_the_table_counts_verdicts_and_those_that_test_contradicts() -> None:
    """A verdict is wrong where test says the opposite by more than a standard error; one that cannot tell is never wrong."""
    low: list[float | None] = [0.50, 0.51, 0.52]
    high: list[float | None] = [0.60, 0.61, 0.62]
    lines = [
        made("a", 0, high, verdict="better", rival=low),
        made("a", 1, low, verdict="better", rival=high),
        made("a", 2, low, verdict="not distinguishable", rival=high),
        made("a", 3, low, verdict="worse", rival=high),
        made("a", 4, low, verdict="better", rival=[0.50, 0.51, 0.525]),
        made("a", 5, low, verdict="better", rival=high, higher_is_better=False),
    ]
    assert [is_wrong(run) for run in lines] == [False, True, False, False, False, False]
    assert verdicts(lines) == "4 better, 1 not distinguishable, 1 worse (1 wrong)"


def test_a_page_has_every_run_and_says_what_is_recommended() -> None:
    """Known answers: the better one of a pair is bold, no equal one is; what was not trained again or failed has no mean."""
    choice: dict[str, Any] = {"verdict": "not distinguishable", "rival": [0.7, 0.7, 0.7], "recommends_rival": True}
    lines = [made("a", 0, [0.5, 0.6, 0.7], **choice), made("b", 0, [0.6] * 3), made("a", 1, [0.5] * 3), made("b", 1, [0.5] * 3)]
    lines += [made("a", 2, []), made("b", 2, [0.5, None, 0.5]), made("a", 0, [0.1] * 3, "field", higher_is_better=False, metric="l2")]
    page = markdown([*lines, made("a", 0, [0.9], minutes=10.0, workers=1, claimed=None)])
    assert page.index("5 minutes, 2 workers:") < page.index("10 minutes, 1 worker:")
    for row in (
        "| method | mean rank | verdicts | easy, accuracy | field, l2 (less is better) |",
        "| a | 1.25 ± 0.25, 2 pairs | 1 not distinguishable | 0.600 ± 0.100 (2) | 0.100 (1) |",
        "| b | 1.75 ± 0.25, 2 pairs | - | 1 of 3 failed | - |",
        "| easy, 0 | a | 10 | 0.500 |  | not distinguishable | the baseline | **0.700** (0.700, 0.700, 0.700) | 0.600 | 0.700 |",
        "| easy, 0 | b | 10 | 0.500 |  | none | its best | 0.600 (0.600, 0.600, 0.600) |  |  |",
        "| easy, 1 | a | 10 | 0.500 |  | none | its best | 0.500 (0.500, 0.500, 0.500) |  |  |",
        "| easy, 2 | a | 10 | 0.500 |  | none | its best | not trained again |  |  |",
        "| easy, 2 | b | 10 | 0.500 |  | none | its best | failed (0.500, none, 0.500) |  |  |",
        "| field, 0 | a | 10 | 0.500 |  | none | its best | 0.100 (0.100, 0.100, 0.100) |  |  |",
        "| easy, 0 | a | 10 |  |  | none | its best | 0.900 (0.900) |  |  |",
    ):
        assert row in page.splitlines()


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 28, 28), (1, 2, 2), (40, 2), (3, 2)])
def test_the_cnn_fits_every_input(shape: tuple[int, ...]) -> None:
    """Images and series, however small."""
    network = ResidualCNN(shape, (5,), Choice(8, 2, 5, 0.1, 16, 0.1, 0.0))
    assert network(torch.zeros(2, *shape)).shape == (2, 5)


def test_the_cnn_predicts_fields_without_losing_their_points() -> None:
    """No stage is halved: a pixel of the input changes no more of the prediction than the seven convolutions reach."""
    network = ResidualCNN((1, 40, 40), (2, 40, 40), Choice(8, 1, 3, 0.0, 16, 0.1, 0.0)).eval()
    x = torch.zeros(1, 1, 40, 40)
    before = network(x)
    x[0, 0, 20, 20] = 1.0
    changed = (network(x) != before).any(dim=1)[0].nonzero()
    assert before.shape == (1, 2, 40, 40)
    assert (changed.min(), changed.max()) == (20 - 7, 20 + 7)


@pytest.mark.parametrize("series", [False, True])
def test_the_cnn_learns_what_is_easy(series: bool) -> None:
    """From one seed always the same score; a training for test sees train and valid, and is longer."""
    task = easy(series)
    assert score(task, CHOICE, 0, final=True) == 1.0
    assert score(task, CHOICE, 1, final=False) == score(task, CHOICE, 1, final=False)
    with pytest.raises(OutOfTime):
        score(task, CHOICE, 0, False, deadline=time.time() - 1)


def test_a_training_that_diverges_has_no_score() -> None:
    """Infinite losses are no reason to end the study, and no score."""
    assert score(easy(), Choice(8, 1, 3, 0.0, 8, 1e30, 0.0), 0, final=False) is None


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes are forked from the server of workers, which has PyTorch in memory, and are no new interpreters."""

    def pool(workers: int, _: object, *options: Any) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(workers, context(), *options)

    for module in (opponents, terms):
        monkeypatch.setattr(module, "ProcessPoolExecutor", pool)


@pytest.mark.usefixtures("loaded")
def test_tpe_finds_a_network_in_processes_of_its_own(tmp_path: Path) -> None:
    """The best choice comes back as it was tried, and its retraining can be sent to a process."""
    method = CnnTpe(trials=2)
    found = method(easy(), Terms(3_000, 1, 0, tmp_path))
    assert found.trials == 2
    assert found.claimed == pytest.approx(1.0, abs=0.5)
    assert set(json.loads(found.what)) == set(CHOICE.__dataclass_fields__)
    (tested,) = retrained(method, easy(), found.what, [1_000], 1)
    assert tested is not None


@pytest.mark.usefixtures("loaded")
def test_the_opponent_begins_with_a_usual_network(tmp_path: Path) -> None:
    """Random draws alone would be most of a short search, and a straw man: a user has tried the usual network first."""
    found = CnnTpe(trials=1)(easy(), Terms(3_000, 1, 0, tmp_path))
    assert Choice(**json.loads(found.what)) == Choice(32, 1, 3, 0.0, 16, 0.05, 1e-5)


def test_the_seeds_of_a_series_are_those_that_the_protocol_s_grammar_derives() -> None:
    """Evolution under the paper's protocol ended with an error there: its grammar has no convolution along a series."""
    task = es.load_task("mnist1d")
    assert seeds(task, "paper") == ("vit-tiny", "mixer-tiny")
    assert seeds(task, "einspace") == task.baselines


def test_a_search_of_einspace_is_retrained_with_the_recipe_of_its_task(tmp_path: Path) -> None:
    """What is scored on test is trained for `epochs_final` epochs; a search of one trial has no race, and so no verdict."""
    method = Einspace({"init": "seeds", "trials": 1, "recipe": {"epochs_search": 1}})
    found = method(easy(), Terms(3_000, 1, 0, tmp_path))
    assert found.trials == 1
    assert found.outcomes == {"ok": 1}
    assert found.unfinished == 0.0
    assert (found.verdict, found.reevaluated, found.rival) == ("", None, "")
    task, what = easy(), json.loads(found.what)
    recipe = task.recipe.override(epochs_search=1)
    assert what["changes"] == ours(recipe, task.head, task.input, len(task.train))
    wanted = es.evaluate(what["text"], task, seed=1_000, final=True, recipe=recipe, changes=what["changes"])
    fewer = json.dumps({**what, "changes": {**what["changes"], "epochs_final": 1}})
    assert wanted.mean == method.score(task, found.what, 1_000) == method.score(task, fewer, 1_000)


class Dying(CnnTpe):
    """Its retraining ends the process as the kernel does."""

    def score(self, task: Task, what: str, seed: int) -> float:
        os.kill(os.getpid(), signal.SIGKILL)
        return 0.0


@pytest.mark.usefixtures("loaded")
def test_a_retraining_whose_process_dies_has_no_score() -> None:
    """The benchmark goes on, and the line says that there is none."""
    assert retrained(Dying(), easy(), "", RETRAININGS[:2], 1) == [None, None]


def test_what_cannot_be_fetched_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder of the cache is there whole or not at all."""
    monkeypatch.setattr("benchmarks.search.sources.CACHE", tmp_path)

    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise DataError("no network")

    with pytest.raises(DataError, match="no network"):
        cached("set", fail)
    assert list(tmp_path.iterdir()) == []
    assert (cached("set", lambda folder: (folder / "whole").touch()) / "whole").exists()
    assert cached("set", fail) == tmp_path / "set"


def test_series_are_read_from_their_text() -> None:
    """Channels stand between colons, steps between commas, and the class comes last."""
    x, y = benchmark_tasks.read_ts("# a comment\n@classLabel true 1 2\n@data\n1,2,3:4,5,6:2\n7,8,9:0,0,0:1\n")
    assert x.tolist() == [[[1, 4], [2, 5], [3, 6]], [[7, 0], [8, 0], [9, 0]]]
    assert y.tolist() == [2, 1]


def test_the_fields_of_darcy_are_those_of_the_builder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every third of 85 points: 29 a side, a dense task that is scored by the relative distance."""
    monkeypatch.setattr("benchmarks.search.sources.CACHE", tmp_path)
    task = benchmark_tasks.darcy((3, 1, 2))
    assert (task.input.shape, task.output, task.kind, task.metric.name) == ((1, 29, 29), (1, 29, 29), "dense", "relative l2")
    assert [len(split) for split in task.splits.values()] == [3, 1, 2]


class Slow(CnnTpe):
    """Its retraining says which process it is in, and takes minutes."""

    def score(self, task: Task, what: str, seed: int) -> float:
        Path(what).write_text(str(os.getpid()))
        time.sleep(300)
        return 0.0


def test_a_retraining_ends_with_the_benchmark(tmp_path: Path) -> None:
    """However that ends: a training that goes on by itself takes the time of whatever runs next."""
    note = tmp_path / "process"
    benchmark = multiprocessing.get_context("spawn").Process(target=retrained, args=(Slow(), easy(), str(note), [0], 1))
    benchmark.start()
    end = time.monotonic() + 60
    while not (note.exists() and note.read_text()) and time.monotonic() < end:
        time.sleep(0.1)
    benchmark.terminate()
    benchmark.join()
    worker = Path("/proc") / note.read_text()
    while worker.exists() and time.monotonic() < end:
        time.sleep(0.1)
    assert not worker.exists()
