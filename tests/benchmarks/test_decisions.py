"""The benchmark of decisions, on a task that is trained in a moment, and on differences that are known."""

import json
from pathlib import Path

import numpy as np
import pytest
from benchmarks.search.runs import Run

from benchmarks import decisions
from einspace import Recipe, Task

NETWORK, OTHER = (json.dumps({"text": text, "changes": {}}) for text in ("[linear(d=16) relu]", "[linear(d=4) relu]"))


def run_of(seed: int, tests: list[float | None], rival: list[float | None]) -> Run:
    """A line of a file."""
    return Run(
        method="einspace",
        options={},
        task="easy",
        seed=seed,
        minutes=5,
        workers=1,
        metric="accuracy",
        higher_is_better=True,
        trials=1,
        outcomes={},
        unfinished=None,
        seconds=1,
        claimed=0.5,
        tests=tests,
        rival=rival,
        found=NETWORK,
        found_rival=OTHER,
        versions={},
        machine="",
    )


def test_comparisons_have_all_scores_on_test() -> None:
    """A run that was not trained for test, or whose training failed, says nothing; the same two networks are compared once."""
    runs = [run_of(0, [], []), run_of(1, [0.5, None], [0.4, 0.4]), run_of(2, [0.6, 0.8], [0.4, 0.4]), run_of(3, [0.6, 0.8], [0.4, 0.4])]
    (pair,) = decisions.comparisons(runs, ["easy"])
    assert (pair.name, round(pair.on_test, 6)) == ("easy, 5 min, seed 3", 0.3)
    assert not decisions.comparisons(runs, ["adddigits"])


def test_each_training_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Two networks on two partitions for each of two shares are eight trainings; a second call finds them in the file."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    x = rng.normal(0, 0.3, (60, 1, 8, 8)) + y[:, None, None, None]
    task = Task.from_arrays(x, y, name="easy", recipe=Recipe(1, 2, 32, 0.05, 5e-4), axes="NCHW")
    monkeypatch.setattr(decisions, "load", lambda name: task)
    file, out = tmp_path / "runs.jsonl", tmp_path / "out.jsonl"
    file.write_text(run_of(0, [0.9], [0.8]).model_dump_json() + "\n")
    words = ["--files", str(file), "--tasks", "easy", "--shares", "own,0.2", "--pairs", "2", "--out", str(out)]
    decisions.main(words)
    first = capsys.readouterr().out
    assert len(out.read_text().splitlines()) == 8
    assert first.startswith("easy, 5 min, seed 0: on test +0.100; the task's part ")
    assert "trained on 80%: apart by " in first
    monkeypatch.setattr(decisions, "trained", lambda *given, **named: pytest.fail("it was trained before"))
    decisions.main(words)
    assert capsys.readouterr().out == first
