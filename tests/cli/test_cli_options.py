"""Options of commands that print, draw and train: each does something, and what it says."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.commands import call
from tests.study_samples import ThreadExecutor

import einspace
from einspace.evaluation import Evaluation, Outcome
from einspace.evaluation.evaluate import Scores
from einspace.features import Feature
from einspace.reporting import figures
from einspace.reporting.complexity import take_each
from einspace.reporting.table_6 import figure_7_facts


def printed(*words: str, cwd: Path | None = None) -> Any:
    """What a command prints as JSON."""
    done = call(*words, "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_version_is_printed() -> None:
    """On a line of its own, and nothing else is done."""
    assert call("--version").stdout == f"einspace {einspace.__version__}\n"


def test_samples_follow_from_the_seed_and_lie_between_the_bounds() -> None:
    """Another seed gives other samples, and the numbers of parameters are of the range that is asked for."""
    words = ["sample", "--shape", "3,8,8", "-n", "5"]
    texts = {seed: [[row["architecture"] for row in printed(*words, "--seed", seed)] for _ in range(2)] for seed in ("0", "1")}
    assert texts["0"][0] == texts["0"][1]
    assert texts["1"][0] == texts["1"][1]
    assert not {*texts["0"][0]} & {*texts["1"][0]}
    unbounded = [row["parameters"] for row in printed(*words)]
    assert min(unbounded) < 1_000
    assert max(unbounded) > 9_000
    for row in printed(*words, "--min-parameters", "1000", "--max-parameters", "9_000"):
        assert 1_000 <= row["parameters"] <= 9_000


def test_figure_7_is_counted_as_it_is_asked_for() -> None:
    """Its numbers are those of the probability, the samples, the input and the seed that are given, and each of these changes them."""
    given = {"-p": "0.6", "-n": "12", "--shape": "8,8", "--seed": "3"}
    found = printed("grammar", "--figure7", *(word for pair in given.items() for word in pair))
    census = take_each([0.6], Feature((8, 8)), 12, 3)[0.6]
    assert found["figure7"] == json.loads(json.dumps(figure_7_facts(census, 0.6)))
    assert "table6" not in found
    for left in given:
        words = [word for pair in given.items() for word in pair if pair[0] != left]
        assert left == "-n" or printed("grammar", "--figure7", *words)["figure7"] != found["figure7"]


@pytest.mark.parametrize(
    ("words", "draw"),
    [
        (["1", "--shape", "3,8,8", "--detail", "operations"], lambda: figures.figure_1(Feature((3, 8, 8)), "operations", "light")),
        (["1", "--theme", "dark"], lambda: figures.figure_1(Feature((3, 64, 64)), "blocks", "dark")),
        (["2", "--theme", "dark"], lambda: figures.figure_2("dark")),
        (["3", "--theme", "dark"], lambda: figures.figure_3("dark")),
        (["4", "--theme", "dark"], lambda: figures.figure_4("dark")),
        (
            ["7", "-n", "10", "-p", "0.6", "--shape", "8,8", "--seed", "3", "--theme", "dark"],
            lambda: figures.figure_7(take_each([0.6], Feature((8, 8)), 10, 3)[0.6], 0.6, "dark"),
        ),
    ],
    ids=["1 in detail", "1", "2", "3", "4", "7"],
)
def test_figures_are_drawn_as_they_are_asked_for(words: list[str], draw: Any, tmp_path: Path) -> None:
    """Input, detail, colours, probability, samples and seed are those of the options."""
    assert call("figure", *words, "-o", "a.svg", cwd=tmp_path).returncode == 0
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == draw()


def test_evaluate_hands_on_how_a_network_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Precision, layout, compilation, the device's time and a final training; without options, each is the default."""
    heard: list[dict[str, Any]] = []

    def train(*_: Any, **given: Any) -> Scores:
        heard.append(given)
        return Scores.of([Evaluation(Outcome.OK, 0.5, (1.0,), 1)])

    monkeypatch.setattr("einspace.evaluation.evaluate.evaluate", train)
    options = ["--precision", "bf16", "--channels-last", "--compile", "--final", "--time-limit", "60", "--seed", "4"]
    for words in ([], ["--no-channels-last"], options):
        printed("evaluate", "[relu relu]", "digits", *words)
    computed = [(one["compute"].precision, one["compute"].channels_last, one["compute"].compile) for one in heard]
    assert computed == [("fp32", None, False), ("fp32", False, False), ("bf16", True, True)]
    assert [(one["final"], one["seed"]) for one in heard] == [(False, 0), (False, 0), (True, 4)]
    assert [one["time_limit"] for one in heard] == [None, None, 180.0]  # three times the epochs


def test_a_final_evaluation_is_as_long_as_that_of_a_search(tmp_path: Path) -> None:
    """All epochs of a final training, on train and valid, and the score is that on test."""
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "a.npz", x=rng.normal(size=(60, 1, 4, 4)), y=np.arange(60) % 2)
    task = einspace.load_task(str(tmp_path / "a.npz"))
    assert task.recipe.epochs_final > task.recipe.epochs_search
    found = printed("evaluate", "[relu relu]", "a.npz", "--final", cwd=tmp_path)
    assert (found["split"], len(found["losses"])) == ("test", task.recipe.epochs_final)


@pytest.mark.slow
def test_a_search_is_followed_and_logged_where_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address of the live report is said, and TensorBoard's event files lie in the run; else neither."""
    pytest.importorskip("tensorboard", reason="TensorBoard is not installed")
    monkeypatch.setattr("einspace.executors.choose", lambda *_: ThreadExecutor())
    words = ["search", "digits", "--strategy", "random", "--init", "", "--trials", "1", "--workers", "1", "--no-race", "--final-seeds", "0"]
    said = call(*words, "--run", "quiet", "--no-report", cwd=tmp_path)
    assert (said.returncode, "The report follows" in said.stderr) == (0, False)
    said = call(*words, "--run", "told", "--no-report", "--live", "--log", "tensorboard", cwd=tmp_path)
    assert said.returncode == 0, said.stderr
    assert "The report follows the search at http://127.0.0.1:" in said.stderr
    assert [path.parts[-3] for path in tmp_path.rglob("events.out.tfevents*")] == ["told"]
