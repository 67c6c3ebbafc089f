"""Every experiment from its button to its files, with real trainings where it has some."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.commands import call, train_here

from einspace.reproduction import EXPERIMENTS
from einspace.tasks import TASKS

WORDS = {
    "table1": ["--task", "addnist", "--column", "rn18,re-scratch,random-sampling"],
    "follow-up": ["--task", "addnist", "--column", "surrogate"],
    "findings": ["--task", "adddigits", "--column", "resnet,random-search"],
}
"""Parts of those that would take long."""

SIZES = (300, 200, 200)
"""Samples of train, valid and test: a tenth of the stacked digits are trained on in a moment."""


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tasks of stacked digits have few samples."""
    monkeypatch.setattr("einspace.tasks.digits.SIZES", SIZES)
    for name in ("adddigits", "multdigits"):
        monkeypatch.setitem(TASKS, name, replace(TASKS[name], sizes=SIZES))


@pytest.mark.slow
@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_every_experiment_ends_with_its_numbers_and_its_files(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table on the terminal, Markdown, CSV and a picture that hold the same numbers, and each search has a score."""
    train_here(monkeypatch)
    words = ["reproduce", name, "--scale", "smoke", *WORDS.get(name, [])]
    done = call(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    figures = json.loads(call(*words, "--json", cwd=tmp_path).stdout)
    known = EXPERIMENTS[name]
    wanted = {column.name for column in known.columns if column.settings is not None or known.measure is not None}
    ours = [number for number in figures["numbers"] if number["column"] in wanted]
    assert ours
    assert [number for number in ours if number["ours"] is None] == []
    markdown, table, picture = (tmp_path / file for file in figures["files"])
    assert markdown.read_text().startswith(f"# {EXPERIMENTS[name].title}, at the scale smoke\n")
    assert len(markdown.read_text().splitlines()) == 4 + len(figures["numbers"])
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert [(row["row"], row["column"]) for row in rows] == [(number["row"], number["column"]) for number in figures["numbers"]]
    if name.startswith("figure"):
        assert ElementTree.parse(picture).getroot().tag.endswith("svg")
    else:
        assert "Plotly.newPlot" in picture.read_text()
    first = next(number for number in figures["numbers"] if isinstance(number["ours"], float))
    assert f"{first['ours']:,.4f}" in markdown.read_text()
