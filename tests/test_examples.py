"""The examples run as they stand, and show what they say."""

import json
import re
import runpy
import sys
from pathlib import Path

import pytest
from tests.commands import call, train_here

EXAMPLES = Path(__file__).parent.parent / "examples"
ONE = ("--trials", "1", "--epochs", "1")

SAYS = {
    "own_images.py": (ONE, r"96 train[\s\S]*on test; [\s\S]*one that is (lying|standing)"),
    "own_series.py": (ONE, r"series of 32 steps[\s\S]*window\(k=[\s\S]*over the whole table it has (0\.[5-9]|1\.0)"),
    "own_strategy.py": (("--trials", "2"), r"0 0\.\d+ from \(\)[\s\S]* 1 0\.\d+ from \(0,\)"),
    "own_objective.py": (("--trials", "4"), r"0\.[4-9]\d* \["),
    "own_operation.py": (ONE, r"to \(16, 4, 4\)[\s\S]*a mutant: [\s\S]*with 1 poolings"),
    "ask_and_tell.py": (("--trials", "3", "--epochs", "1"), r"0 0\.\d+ seed resnet8[\s\S]*the best is trial 0"),
    "sklearn_pipeline.py": (ONE, r"NetworkClassifier: [\s\S]*LogisticRegression: [\s\S]*among 1 trials"),
    "smoke_table.py": (("--columns", "random-search"), r"\| MultNIST \| Random search einspace \| 0\.\d+ \| 0\.6609 "),
}
"""What each example is called with, and what it prints then."""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Examples write into the current folder."""
    monkeypatch.chdir(tmp_path)
    train_here(monkeypatch)


def ran(name: str, *words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What an example prints that is called with these words."""
    monkeypatch.setattr(sys, "argv", [name, *words])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    return capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("name", list(SAYS))
def test_an_example_shows_what_it_says(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With less to do than a reader would give it."""
    words, says = SAYS[name]
    assert re.search(says, ran(name, *words, monkeypatch=monkeypatch, capsys=capsys))


@pytest.mark.slow
def test_a_loop_that_was_stopped_goes_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The second call of ask and tell trains what is missing alone."""
    first = ran("ask_and_tell.py", "--trials", "1", "--epochs", "1", monkeypatch=monkeypatch, capsys=capsys)
    second = ran("ask_and_tell.py", "--trials", "2", "--epochs", "1", monkeypatch=monkeypatch, capsys=capsys)
    assert [line.split()[0] for line in (first + second).splitlines()] == ["0", "the", "1", "the"]


def test_the_list_names_every_example() -> None:
    """Each file stands in the README of the folder once, and nothing else does."""
    names = re.findall(r"^\| \[([^\]]+)\]\(\1\)", (EXAMPLES / "README.md").read_text(), re.MULTILINE)
    assert sorted(names) == sorted(path.name for path in EXAMPLES.iterdir() if path.suffix in (".py", ".ipynb"))


@pytest.mark.slow
def test_own_arrays_become_an_onnx_model_that_scores_what_the_report_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a process that can import neither einspace nor PyTorch, on raw images, with the class names of the file."""
    pytest.importorskip("onnxruntime")
    printed = ran("npz_to_onnx.py", "--trials", "1", "--epochs", "1", monkeypatch=monkeypatch, capsys=capsys)
    reported, predicted, elsewhere = (float(re.findall(r"\d\.\d{4}", line)[-1]) for line in printed.splitlines())
    assert reported == predicted == elsewhere > 0.5


@pytest.mark.slow
def test_a_program_proposes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It begins with a baseline, and climbs from the best trial by mutations."""
    proposer = f"{sys.executable} {EXAMPLES / 'proposer.py'}"
    words = ["search", "digits", "--trials", "3", "--workers", "1", "--epochs", "1", "--final-seeds", "0", "--no-report", "--json"]
    train_here(monkeypatch)
    done = call(*words, "--runs", str(tmp_path), "--proposer", proposer)
    assert done.returncode == 0, done.stderr
    best = json.loads(done.stdout)["top"]
    assert {trial["origin"] for trial in best} == {"proposer"}
    assert len(best) == 3
