"""The benchmark of recipes, on a task that is trained in a moment."""

import sys

import numpy as np
import pytest

from benchmarks import recipes
from einspace import Recipe, Task
from einspace.errors import SettingError, UnknownNameError
from einspace.tasks.changes import apply


def _task() -> Task:
    """Two classes that differ in their mean, and numbers where they are told as such."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    x = rng.normal(0, 0.3, (60, 1, 8, 8)) + y[:, None, None, None]
    return Task.from_arrays(x, y, name="easy", recipe=Recipe(2, 2, 32, 0.05, 5e-4), axes="NCHW")


def test_a_table_has_a_row_for_each_change(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The recipe first, without a gain, then every change that was asked for, with scores of both seeds."""
    monkeypatch.setattr(recipes, "load", lambda name: _task())
    words = ["--tasks", "easy", "--networks", "resnet8", "--epochs", "1", "--changes", "grid2,ours", "--own"]
    monkeypatch.setattr(sys, "argv", ["recipes", *words, 'b={"batch_size": 8}'])
    recipes.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("easy: 36 samples of (1, 8, 8), accuracy, 1 epoch in the search")
    assert [line.split()[0] for line in lines[2:]] == ["recipe", "grid2", "ours", "b"]
    assert all("mean" in line for line in lines[2:])
    assert "+0.000 ± 0.000  time 1.00" in lines[2]
    monkeypatch.setattr(sys, "argv", ["recipes", "--tasks", "easy", "--changes", "grid3"])
    with pytest.raises(UnknownNameError, match="unknown change 'grid3': did you mean grid4 or grid2"):
        recipes.main()


def test_final_trainings_of_augmented_images(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside the start of our protocol, and not for series, whose rows say why."""
    monkeypatch.setattr(recipes, "load", lambda name: _task())
    words = ["recipes", "--tasks", "easy", "--networks", "resnet8", "--seeds", "1", "--ours", "--final", "--changes", "crop1,flip"]
    monkeypatch.setattr(sys, "argv", words)
    recipes.main()
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[2:]] == ["ours", "crop1", "flip"]
    x = np.random.default_rng(0).normal(size=(60, 8, 2))
    monkeypatch.setattr(recipes, "load", lambda name: Task.from_arrays(x, np.arange(60) % 2, recipe=Recipe(1, 1, 32, 0.05, 5e-4)))
    monkeypatch.setattr(sys, "argv", [*words[:3], "--networks", "mixer-tiny", "--seeds", "1", "--changes", "flip"])
    recipes.main()
    assert "only images" in capsys.readouterr().out.splitlines()[-1]


def test_gains_are_paired() -> None:
    """Scores 0.5 and 0.7 beside 0.4 and 0.5 gain 0.15, with a standard error of 0.05; a seed without a score is told."""
    assert "mean 0.600  +0.150 ± 0.050  time 2.00" in recipes.row("mine", [0.5, 0.7], [0.4, 0.5], 2.0)
    assert "no score from 1 of 2 seeds" in recipes.row("mine", [0.5, None], [0.4, 0.5], 2.0)


def test_every_change_can_be_made() -> None:
    """Those of the table fit every recipe of a classification; others are JSON of a name."""
    task = _task()
    for changes in recipes.variants(task.recipe).values():
        assert apply(task.recipe, task.head, changes) != (task.recipe, task.head)
    assert recipes.own('both={"grid": 2, "clip": 1.5}') == ("both", {"grid": 2, "clip": 1.5})
    for text in ("both", "={}", "both=[1]", "both={"):
        with pytest.raises(SettingError, match="changes are a name and values by name"):
            recipes.own(text)
