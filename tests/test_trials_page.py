"""The tables of trials that the repository holds; `tests/pages` executes the page on them."""

from pathlib import Path


def test_tables_are_small() -> None:
    """All of them together are at most 5 MB of the repository."""
    results = Path(__file__).parents[1] / "results"
    assert sum(file.stat().st_size for file in results.rglob("*.jsonl")) <= 5_000_000
