"""The examples run as they stand."""

import json
import re
import runpy
import sys
from pathlib import Path

import pytest
from tests.commands import call, train_here

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.mark.slow
def test_own_arrays_become_an_onnx_model_that_scores_what_the_report_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a process that can import neither einspace nor PyTorch, on raw images, with the class names of the file."""
    pytest.importorskip("onnxruntime")
    train_here(monkeypatch)
    monkeypatch.setattr(sys, "argv", ["npz_to_onnx.py", "--trials", "1", "--epochs", "1", "--folder", str(tmp_path)])
    runpy.run_path(str(EXAMPLES / "npz_to_onnx.py"), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    reported, predicted, elsewhere = (float(re.findall(r"\d\.\d{4}", line)[-1]) for line in lines)
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
