"""The benchmark of single changes, on a task that is trained in a moment."""

from random import Random

import numpy as np
import pytest

from benchmarks import moves
from einspace import EinSpace, Recipe, Task, baselines

pytestmark = pytest.mark.slow


def _task() -> Task:
    """Two classes that differ in their mean."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    x = rng.normal(0, 0.3, (60, 1, 8, 8)) + y[:, None, None, None]
    return Task.from_arrays(x, y, name="easy", recipe=Recipe(1, 2, 32, 0.05, 5e-4), axes="NCHW")


def test_all_changes_are_different() -> None:
    """No architecture twice, none that is the network itself but with another recipe, and as many of each as were asked for."""
    task = _task()
    space = EinSpace(task.input)
    network = baselines.within(space, "resnet8")
    found = list(moves.moves(space, network, task, 6, 4, Random(0)))
    recipes = [move for move in found if move.kind.startswith("recipe")]
    others = [move for move in found if move not in recipes]
    assert {move.architecture.key for move in recipes} == {network.key}
    assert len({tuple(sorted(move.changes.items())) for move in recipes}) == len(recipes) > 5
    assert len({network.key, *(move.architecture.key for move in others)}) == 1 + len(others)
    assert sum(move.kind.startswith("edit") for move in others) == 6
    assert sum(move.kind == "mutation" for move in others) == 4


def test_a_table_has_a_row_for_each_kind(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What the network has, and how many children of each kind were trained."""
    monkeypatch.setattr(moves, "load", lambda name: _task())
    moves.main(["--task", "easy", "--edits", "2", "--mutations", "1"])
    shown = capsys.readouterr().out
    assert "easy: resnet8 has" in shown
    for kind in ("recipe: batch_size", "recipe: grid", "edit: ", "mutation"):
        assert kind in shown
