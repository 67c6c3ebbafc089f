"""Warm starts: a user's network enters a search with the weights that it has."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.study_samples import ThreadExecutor
from torch import nn

from einspace import Optimizer, Task, build, evaluate, from_module, search
from einspace.errors import SettingError
from einspace.evaluation.attempt import attempt
from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.outcome import Context
from einspace.evaluation.warm import WarmStarts
from einspace.evaluation.work import Work

RECIPE = {"epochs_search": 1, "epochs_final": 1, "batch_size": 32, "learning_rate": 1e-6}


class Mine(nn.Module):
    """A user's own network."""

    def __init__(self, classes: int = 2) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.relu = nn.LeakyReLU(0.01)
        self.head = nn.Linear(8, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        outputs: torch.Tensor = self.head(self.relu(self.norm(self.conv(x))).mean((2, 3)))
        return outputs


def _task() -> Task:
    """Which of two textures: nothing that fresh weights know."""
    rng = np.random.default_rng(0)
    y = np.arange(240) % 2
    flat = rng.standard_normal((240, 1, 1, 8)).repeat(8, axis=2)
    x = np.where(y[:, None, None, None] == 1, flat, flat.transpose(0, 1, 3, 2)) + 0.1 * rng.standard_normal((240, 1, 8, 8))
    return Task.from_arrays(x, y, name="textures", baselines=())


def _trained(task: Task) -> Mine:
    torch.manual_seed(0)
    module = Mine()
    x, y = task.tensors(["train"])
    optimiser = torch.optim.Adam(module.parameters(), lr=0.02)
    for _ in range(60):
        optimiser.zero_grad()
        nn.functional.cross_entropy(module(x), y).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return module.eval()


def test_a_trained_module_scores_as_itself_where_a_fresh_one_knows_nothing(tmp_path: Path) -> None:
    """With steps that change nothing the warm trial has the module's own score, in the search and in the finals; the table names it."""
    task = _task()
    module = _trained(task)
    imported = from_module(module, task.input, warm_start=True)
    recipe = task.recipe.override(**RECIPE)
    warm = WarmStarts.of([imported], task.head)
    work = Work(TaskObjective(task, recipe, warm=warm), task.input)
    executor = ThreadExecutor(partial(attempt, work=work))
    result = search(task, trials=1, workers=1, init=[imported], recipe=RECIPE, run="mine", runs=str(tmp_path), executor=executor)
    x, y = task.tensors(["valid"])
    own = float((module(x).argmax(1) == y).float().mean())
    fresh = evaluate(imported.architecture, task, recipe=recipe).mean
    assert own > 0.9
    assert fresh is not None
    assert fresh < 0.8
    assert result.best is not None
    assert result.best.validation == pytest.approx(own, abs=0.05)
    assert result.best.test is not None
    assert result.best.test > 0.9
    assert [entrant.name for entrant in result.baselines] == ["Mine"]
    assert list(result.settings["warm_start"]) == [str(imported.architecture)]


def test_other_weights_are_another_run(tmp_path: Path) -> None:
    """A call whose module has other weights does not go on with the run."""
    task = _task()
    options = {"trials": 1, "workers": 1, "recipe": RECIPE, "run": "mine", "runs": str(tmp_path)}
    module = Mine()
    search(task, init=[from_module(module, task.input, warm_start=True)], executor=ThreadExecutor(), **options)  # type: ignore[arg-type]
    with torch.no_grad():
        module.conv.weight.add_(1)
    with pytest.raises(Exception, match="warm_start"):
        search(task, init=[from_module(module, task.input, warm_start=True)], executor=ThreadExecutor(), **options)  # type: ignore[arg-type]


def test_a_head_of_other_classes_starts_afresh() -> None:
    """The backbone keeps its weights, the head those that the seed gives."""
    task = _task()
    module = Mine(classes=5)
    imported = from_module(module, task.input, warm_start=True)
    warm = WarmStarts.of([imported], task.head)
    torch.manual_seed(3)
    network = build(imported.architecture, task.head)
    torch.manual_seed(3)
    expected = build(imported.architecture, task.head).state_dict()
    warm.fill(imported.architecture, network)
    state = network.state_dict()
    assert torch.equal(state["head.linear.weight"], expected["head.linear.weight"])
    assert any(value.shape == module.conv.weight.shape and torch.equal(value, module.conv.weight) for value in state.values())


def test_a_head_that_a_trial_changes_starts_afresh() -> None:
    """With a grid the linear map has other inputs, so that only the backbone keeps its weights; dropout leaves the head as it is."""
    task = _task()
    imported = from_module(_trained(task), task.input, warm_start=True)
    objective = TaskObjective(task, task.recipe.override(**RECIPE), warm=WarmStarts.of([imported], task.head))
    scores = [objective.evaluate(imported.architecture, Context(changes=changes)).value for changes in ({}, {"dropout": 0.1}, {"grid": 2})]
    assert scores[0] is not None
    assert scores[1] == pytest.approx(scores[0], abs=0.05)
    assert scores[0] > 0.9
    assert scores[2] is not None
    assert scores[2] < 0.9


def test_weights_are_asked_for() -> None:
    """Without `warm_start` an imported network begins with fresh weights, and where nothing is trained it is refused."""
    task = _task()
    assert WarmStarts.of([from_module(Mine(), task.input)], task.head).states == {}
    imported = from_module(Mine(), task.input, warm_start=True)
    from einspace import EinSpace

    with pytest.raises(SettingError, match="an optimizer trains nothing"):
        Optimizer(EinSpace(task.input), init=[imported])
    with pytest.raises(SettingError, match="warm_start are for a task"):
        search(objective=len, space=EinSpace(task.input), init=[imported])  # type: ignore[arg-type]
    assert TaskObjective(task, task.recipe).evaluate(imported.architecture, Context()).value is not None
