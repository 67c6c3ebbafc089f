"""The examples run as they stand."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def test_own_arrays_become_an_onnx_model_that_scores_what_the_report_says(tmp_path: Path) -> None:
    """In a process that can import neither einspace nor PyTorch, on raw images, with the class names of the file."""
    pytest.importorskip("onnxruntime")
    command = [sys.executable, str(EXAMPLES / "npz_to_onnx.py"), "--trials", "1", "--epochs", "1", "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    reported, predicted, elsewhere = (float(re.findall(r"\d\.\d{4}", line)[-1]) for line in done.stdout.splitlines())
    assert reported == predicted == elsewhere > 0.5


def test_a_program_proposes(tmp_path: Path) -> None:
    """It begins with a baseline, and climbs from the best trial by mutations."""
    proposer = f"{sys.executable} {EXAMPLES / 'proposer.py'}"
    words = ["search", "digits", "--trials", "3", "--workers", "1", "--epochs", "1", "--final-seeds", "0", "--no-report", "--json"]
    command = [sys.executable, "-m", "einspace.cli", *words, "--runs", str(tmp_path), "--proposer", proposer]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    best = json.loads(done.stdout)["top"]
    assert {trial["origin"] for trial in best} == {"proposer"}
    assert len(best) == 3
