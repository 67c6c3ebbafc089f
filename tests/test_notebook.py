"""A notebook in a real kernel: architectures and runs are pictures there, and a search shows how far it is."""

import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

SAMPLES = """\
import random
import numpy as np
import einspace as es

space = es.EinSpace((1, 8, 8), limits=es.Limits(operations=12, parameters=20_000))
space.sample(random.Random(0))
"""

SEARCH = """\
y = np.arange(60) % 2
x = np.random.default_rng(0).normal(size=(60, 1, 8, 8)) + y[:, None, None, None]
task = es.Task.from_arrays(x, y, baselines=())
recipe = {"epochs_search": 1, "epochs_final": 1}
result = es.search(task, "random", trials=2, workers=1, recipe=recipe, limits=space.limits, progress=True)
"""

CELLS = (SAMPLES, SEARCH, "result", "print(result.predictor().predict(x[:4]).shape)")


def outputs(cell: Any, *kinds: str) -> list[Any]:
    """What a cell shows, of some kinds of outputs."""
    return [output for output in cell.outputs if output.output_type in kinds]


@pytest.mark.slow
def test_a_notebook_samples_shows_and_searches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cell fails or warns; the progress is a display that is drawn anew in its place, and needs no widgets."""
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("PYTHONPATH", f"{Path(__file__).parents[1] / 'src'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]  # type: ignore[no-untyped-call]
    notebook = nbformat.v4.new_notebook(cells=cells)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=250, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    sampled, searched, shown, predicted = notebook.cells
    assert "<svg" in outputs(sampled, "execute_result")[0].data["text/html"]
    (progress,) = outputs(searched, "display_data")
    assert "2/2" in progress.data["text/html"]
    assert "train for test" in progress.data["text/plain"]
    assert all("tqdm" in said.text for said in outputs(searched, "stream"))  # Optuna imports tqdm, which asks for widgets that nobody needs
    assert "2 trials" in outputs(shown, "execute_result")[0].data["text/html"]
    assert predicted.outputs[0].text == "(4,)\n"
