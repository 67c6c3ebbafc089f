"""Notebooks in a real kernel: architectures and runs are pictures there, and a search shows how far it is."""

import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

EXAMPLES = Path(__file__).parents[1] / "examples"

IN_THE_KERNEL = """\
from einspace import executors
from einspace.executors.local import LocalExecutor
executors.choose = lambda *_: lambda work, workers, limit: LocalExecutor(work)
"""
"""Trains in the kernel, where everything is imported."""


def outputs(cell: Any, *kinds: str) -> list[Any]:
    """What a cell shows, of some kinds of outputs."""
    return [output for output in cell.outputs if output.output_type in kinds]


@pytest.fixture
def execute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that executes a notebook of the examples, after some code, and gives the outputs of its cells by their first words."""
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("PYTHONPATH", f"{Path(__file__).parents[1] / 'src'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")

    def run(name: str, before: str = "pass") -> list[Any]:
        notebook = nbformat.read(EXAMPLES / name, as_version=4)  # type: ignore[no-untyped-call]
        notebook.cells.insert(0, nbformat.v4.new_code_cell(before))  # type: ignore[no-untyped-call]
        NotebookClient(notebook, timeout=250, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
        return [cell for cell in notebook.cells[1:] if cell.cell_type == "code"]

    return run


@pytest.mark.slow
def test_a_notebook_samples_shows_trains_and_searches(execute: Any) -> None:
    """No cell fails or warns; the progress is a display that is drawn anew in its place, and needs no widgets."""
    _, sampled, mutated, trained, searched, predicted = execute("search.ipynb")
    for shown in (sampled, mutated):
        assert "<svg" in outputs(shown, "execute_result")[0].data["text/html"]
    assert float(trained.outputs[0].text) > 0.3
    (progress,) = outputs(searched, "display_data")
    assert "4/4" in progress.data["text/html"]
    assert "train for test" in progress.data["text/plain"]
    assert all("tqdm" in said.text for said in outputs(searched, "stream"))  # Optuna imports tqdm, which asks for widgets that nobody needs
    assert "4 trials" in outputs(searched, "execute_result")[0].data["text/html"]
    assert len(predicted.outputs[0].text.strip("[]\n").split()) == 5


@pytest.mark.slow
def test_a_notebook_reads_a_result(execute: Any) -> None:
    """The network to use, the trials with the tree of the last one, the front, the confusion and the report."""
    _, use, went, last, front, confused, report = execute("result.ipynb", IN_THE_KERNEL)
    assert "There is no verdict: " in use.outputs[0].text
    assert "<svg" in outputs(use, "execute_result")[0].data["text/html"]
    assert went.outputs[0].text.count("\n") == 6
    assert "<svg" in outputs(last, "execute_result")[0].data["text/html"]
    assert "parameters" in front.outputs[0].text
    assert "array" in outputs(confused, "execute_result")[0].data["text/plain"]
    assert "report.html" in outputs(report, "execute_result")[0].data["text/plain"]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.ipynb")), ids=lambda path: path.name)
def test_a_notebook_is_stored_without_outputs(path: Path) -> None:
    """So that a change of a notebook is a change of its text."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    assert [cell for cell in notebook.cells if cell.cell_type == "code" and (cell.outputs or cell.execution_count)] == []
