"""Limits that nobody has given have room for the initial members and for children of their size."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.study_samples import RECIPE, ThreadExecutor, score

from einspace import baselines
from einspace.features import Feature
from einspace.limits import Limits
from einspace.result import Result, load_result
from einspace.run.folder import Run
from einspace.space import EinSpace
from einspace.study import search
from einspace.tasks import Task
from einspace.tasks.metrics import ACCURACY
from einspace.tasks.split import Split

SHAPE = (3, 224, 224)
WRITTEN = baselines.get("resnet18", SHAPE).activation_bytes
USUAL = Limits().activation_bytes or 0


def run(folder: Path, name: str = "test", **options: Any) -> Result:
    """A search by evolution on two images that are as large as photographs."""
    split = Split(np.zeros((2, *SHAPE), np.float32), np.arange(2))
    named: dict[str, Any] = {"name": "photographs", "input": Feature(SHAPE), "target": 2, "metric": ACCURACY, "recipe": RECIPE}
    task = Task(**named, train=split, valid=split, test=split, baselines=())
    given: dict[str, Any] = {"protocol": "paper", "workers": 1, "final_seeds": 0, "report": False, "runs": folder, "run": name}
    return search(task, executor=ThreadExecutor(), **(given | options))


def said(caplog: pytest.LogCaptureFixture) -> str:
    """The warnings since it was called last."""
    found = "\n".join(record.getMessage() for record in caplog.records if record.levelno == logging.WARNING)
    caplog.clear()
    return found


def test_a_default_limit_that_an_initial_member_is_over_is_raised(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is twice what the member has, so that children are as large as it, and one line says so; a run that goes on keeps it."""
    assert WRITTEN > USUAL
    result = run(tmp_path, init="resnet18", iterations=8)
    assert result.settings["limits"] == {**vars(Limits()), "activation_bytes": 2 * WRITTEN}
    assert any((trial.cost("activation_bytes") or 0) > USUAL for trial in result.history[1:])
    line = f"the limit activation_bytes is {2 * WRITTEN:,} in place of {USUAL:,}: twice what the initial member resnet18 has"
    assert said(caplog).count(line) == 1
    for iterations, options in ((9, {}), (10, {"init": "resnet18"})):
        assert len(run(tmp_path, iterations=iterations, **options).history) == iterations + 1
        assert "activation_bytes" not in said(caplog)
    again = run(tmp_path, "again", trials=2, init="resnet18", limits=Limits(**result.settings["limits"]))
    assert again.settings["limits"] == result.settings["limits"]
    assert f"activation_bytes: {2 * WRITTEN}" in (result.run / "config.yaml").read_text()


def test_a_limit_that_is_given_stays(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An initial member may be over it: its children are smaller, as they were asked to be."""
    given = Limits(activation_bytes=300 * 2**20)
    result = run(tmp_path, init="resnet18", trials=4, limits=given)
    assert result.settings["limits"] == vars(given)
    assert max(trial.cost("activation_bytes") or 0 for trial in result.history[1:]) <= 300 * 2**20
    assert "in place of" not in said(caplog)


def test_a_run_that_began_with_the_default_limit_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run from before limits were raised goes on as it began."""
    with monkeypatch.context() as before:
        before.setattr(Limits, "with_room", lambda limits, _: limits)
        run(tmp_path, init="resnet18", trials=2)
    assert run(tmp_path, trials=4).settings["limits"] == vars(Limits())
    assert len(load_result("test", str(tmp_path)).history) == 4
    stored = Run(tmp_path, "test").settings()
    assert stored is not None
    assert stored["limits"] == vars(Limits())


def test_the_space_of_an_objective_has_room_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its limits are the default ones where it was made without any; the space that was given stays as it is."""
    space = EinSpace(SHAPE)
    given: dict[str, Any] = {"objective": lambda architecture, _: score(str(architecture)), "space": space, "init": "resnet18"}
    result = search(workers=1, trials=1, runs=tmp_path, report=False, executor=ThreadExecutor(), **given)
    assert result.settings["limits"]["activation_bytes"] == 2 * WRITTEN
    assert "in place of" in said(caplog)
    assert space.limits == Limits()
