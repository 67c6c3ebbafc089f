"""A network of the user's own in a search: a seed with its weights, the baseline, and one of the two that the verdict is about."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from tests.evaluation.test_warm import Mine, _task, _trained
from tests.study_samples import SMALL
from torch import nn

from einspace import EinSpace, baselines, build, evaluate, from_module, search
from einspace.config import CONFIG, load
from einspace.errors import RunError, SettingError
from einspace.executors.local import LocalExecutor
from einspace.reporting.result import summary
from einspace.result.report.commands import next_commands
from einspace.study.imported import named, same_as_warm

RECIPE = {"epochs_search": 1, "epochs_final": 1, "batch_size": 32, "learning_rate": 1e-6}
"""Steps that change nothing, so that only weights of before know anything."""


@pytest.mark.slow
def test_a_trained_module_is_the_seed_the_baseline_and_stands_in_the_verdict(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Each of its trainings starts from its weights, on the splits as they are; where nothing beats it, it is what one takes away."""
    task = replace(_task(), one_pool=True)
    module = _trained(task)
    imported = from_module(module, task.input, warm_start=True)
    x, y = task.tensors(["valid"])
    own = float((module(x).argmax(1) == y).float().mean())
    assert own > 0.9 > 0.8 > (evaluate(imported.architecture, task, recipe=task.recipe.override(**RECIPE)).mean or 0.0)
    with caplog.at_level(logging.WARNING, "einspace"):
        result = search(
            task, trials=4, workers=1, init=[imported, "random*3"], recipe=RECIPE, race=True, limits=SMALL, run="mine", runs=tmp_path,
            executor=lambda work, workers, limit: LocalExecutor(work),
        )  # fmt: skip
    assert any("Mine starts from weights that were trained before" in record.getMessage() for record in caplog.records)
    assert result.history[0].text == str(imported.architecture)
    assert result.history[0].value == pytest.approx(own, abs=0.05)
    (baseline,) = result.baselines
    assert (baseline.name, baseline.trial, baseline.architecture) == ("Mine", 0, imported.architecture)
    assert result.finalists[-1] is baseline
    assert (len(baseline.race), len(baseline.decision)) == (2, 3)
    assert [*baseline.race, *baseline.decision] == pytest.approx([own] * 5, abs=0.05)
    assert result.verdict is not None
    assert (result.verdict.word, result.verdict.baseline, result.verdict.recommended) == ("worse", "Mine", "Mine")
    assert "on the validation split that was given" in result.verdict.evidence
    console = Console(width=400)
    with console.capture() as captured:
        console.print(*summary(result))
    row = next(line for line in captured.get().splitlines() if line.lstrip("│ ").startswith("Mine"))
    assert f"{baseline.reevaluated:.4f}" in row
    x, y = task.tensors(["test"])
    assert baseline.test == pytest.approx(float((module(x).argmax(1) == y).float().mean()), abs=0.05)
    predictor = result.predictor()
    assert (predictor.about.text, predictor.about.test) == (str(imported.architecture), baseline.test)
    result.weights[imported.architecture.key].unlink()
    with pytest.raises(RunError, match="Mine of the run mine started from weights of your own, which the run does not hold"):
        result.predictor(baseline="Mine", task=task)


def test_two_modules_of_one_class_have_names_of_their_own() -> None:
    """A table or a verdict that said Mine of both would say nothing."""

    class Wide(Mine):
        """Another architecture under the same name."""

        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm, self.head = nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.Linear(16, 2)

    Wide.__name__ = "Mine"
    shape = (1, 8, 8)
    modules = [from_module(module, shape) for module in (Mine(), Wide(), Mine())]
    assert list(named(modules).values()) == ["Mine", "Mine 2"]


def test_the_notes_say_where_a_module_is_near_and_not_equal(caplog: pytest.LogCaptureFixture) -> None:
    """With the name under which tables have it; a module that is equal has none."""
    near = nn.Sequential(nn.Conv2d(1, 4, 3, bias=False), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))
    with caplog.at_level(logging.WARNING, "einspace"):
        named([from_module(near, (1, 8, 8)), from_module(Mine(), (1, 8, 8))])
    said = [record.getMessage() for record in caplog.records]
    assert all(line.startswith("Sequential is not equal to the architecture that was read from it, but close: ") for line in said)
    assert any("slope 0.01" in line for line in said)
    assert any("bias" in line for line in said)


def test_a_network_with_weights_of_its_own_is_unlike_any_other_member() -> None:
    """Trials of one architecture have one score: a fresh baseline of the same architecture would show that of the trained weights."""
    task = _task()
    space = EinSpace(task.input)
    module = build(baselines.get("resnet8", task.input), task.head)
    warm, fresh = (from_module(module, task.input, warm_start=keep) for keep in (True, False))
    text = str(warm.architecture)
    names = named([warm])
    found = same_as_warm(space, [warm], [text, "random"], ["resnet8", "vit-tiny"], names)
    assert found == {"resnet8": f"it is the architecture of {names[text]}, which starts from weights of your own"}
    assert same_as_warm(space, [fresh], [text, "resnet8"], ["resnet8"], names) == {}
    flat = from_module(Mine(), (1, 1, 128), warm_start=True)  # vit-tiny needs two rows
    assert same_as_warm(EinSpace((1, 1, 128)), [flat], [str(flat.architecture)], ["resnet8", "vit-tiny"], named([flat])) == {}
    for imported, initial in (([warm], [text, "resnet8"]), ([warm, fresh], [text]), ([warm, warm], [text])):
        with pytest.raises(SettingError, match=r"starts from weights of your own, and another initial member is the same architecture"):
            same_as_warm(space, imported, initial, [], names)


@pytest.mark.slow
def test_a_search_compares_no_fresh_network_of_a_warm_one(tmp_path: Path) -> None:
    """The table says why the baseline is left out, and a search with both as initial members is refused before it begins."""
    task = replace(_task(), baselines=("resnet8",))
    warm = from_module(build(baselines.get("resnet8", task.input), task.head), task.input, warm_start=True)
    given: dict[str, Any] = {"trials": 2, "workers": 1, "recipe": RECIPE, "limits": SMALL, "race": False, "runs": tmp_path, "run": "mine"}
    with pytest.raises(SettingError, match="another initial member is the same architecture"):
        search(task, init=["resnet8", warm], **given)
    result = search(task, init=[warm, "random"], executor=lambda work, workers, limit: LocalExecutor(work), **given)
    (left_out,) = (row for row in result.baselines if row.name == "resnet8")
    assert "which starts from weights of your own" in left_out.reason
    assert (result.run / CONFIG).read_text().startswith("# this run is repeated in Python, which alone gives its init")
    (longer,) = (command for purpose, command in next_commands(result) if purpose.startswith("search for longer"))
    assert longer.startswith("es.search(task, init=init, run='mine'")
    with pytest.raises(SettingError, match=r"this run had another init .*, which only Python can give"):
        load(result.run / CONFIG, {"task": "digits"})
