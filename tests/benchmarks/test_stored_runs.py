"""The runs of the benchmark that the repository holds are read, and decision 038 says of inheritance what they say."""

from pathlib import Path

import pytest
from benchmarks.search.runs import read

STORED = Path(__file__).parents[2] / "results" / "benchmark"


@pytest.mark.parametrize("path", sorted(STORED.glob("*.jsonl")), ids=lambda path: path.stem)
def test_every_line_is_a_run_that_claims_something(path: Path) -> None:
    """None has ended without a trial."""
    runs = read(path)
    assert runs
    assert all(run.trials > 0 and run.claimed is not None for run in runs)


@pytest.mark.parametrize(("task", "scores"), [("multdigits", [0.383, 0.448, 0.398]), ("mnist1d", [0.984, 0.982, 0.985])])
def test_what_inheritance_found_is_what_the_page_says(task: str, scores: list[float]) -> None:
    """The scores of the three winners, by seed, as they were trained again on new splits."""
    found = {run.seed: run.reevaluated for run in read(STORED / "learning.jsonl") if (run.task, run.method) == (task, "inherit")}
    assert [found[seed] for seed in range(3)] == pytest.approx(scores, abs=5e-4)
