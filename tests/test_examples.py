"""The examples run as they stand."""

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
