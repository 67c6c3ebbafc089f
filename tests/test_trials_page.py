"""The page on tables of trials: what it says is what its examples give."""

import doctest
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_the_examples_give_what_the_page_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every example is executed on the table that the repository has."""
    monkeypatch.chdir(ROOT)
    found = doctest.testfile(str(ROOT / "docs" / "trials.md"), module_relative=False)
    assert found.failed == 0
    assert found.attempted > 10


def test_tables_are_small() -> None:
    """All of them together are at most 5 MB of the repository."""
    assert sum(file.stat().st_size for file in (ROOT / "results").glob("*.jsonl")) <= 5_000_000
