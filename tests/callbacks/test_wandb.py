"""Weights & Biases: offline where it is installed, and otherwise against a stand-in that refuses what the real one has not."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.study_samples import EVOLUTION, SMALL, ThreadExecutor, small_task

from einspace import callbacks
from einspace.errors import SettingError
from einspace.result import Result
from einspace.study import search


class StandIn:
    """The run of Weights & Biases, as its documentation has it."""

    def __init__(self) -> None:
        self.logged: list[dict[str, Any]] = []
        self.axes: dict[str, str | None] = {}
        self.summary: dict[str, Any] = {}
        self.finished = 0
        self.options: list[dict[str, Any]] = []

    def init(self, *, project: str, name: str, id: str, resume: str, config: dict[str, Any], dir: str) -> "StandIn":
        self.options.append({"project": project, "name": name, "id": id, "resume": resume, "config": config, "dir": dir})
        return self

    def define_metric(self, name: str, step_metric: str | None = None) -> None:
        self.axes[name] = step_metric

    def log(self, data: dict[str, Any]) -> None:
        self.logged.append(data)

    def finish(self) -> None:
        self.finished += 1


def logged(folder: Path, trials: int = 3) -> Result:
    return search(
        small_task(),
        trials=trials,
        workers=1,
        limits=SMALL,
        run="test",
        runs=folder,
        executor=ThreadExecutor(),
        callbacks=[callbacks.parse("wandb:mine")],
        **EVOLUTION,
    )


def test_a_search_is_one_run_with_the_trials_as_its_axis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every trial is a line with its number; a search that goes on has the same identity; the end is in the summary."""
    run = StandIn()
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=run.init))
    logged(tmp_path)
    result = logged(tmp_path, trials=5)
    first, second = run.options
    assert first == second
    assert (first["project"], first["name"], first["resume"]) == ("mine", "test", "allow")
    assert first["config"]["strategy"] == "evolution"
    assert run.axes == {"trial": None, "search/*": "trial"}
    assert {line["trial"]: line["search/accuracy"] for line in run.logged} == {row.number: row.value for row in result.history}
    assert len(run.logged) == 5
    assert result.best is not None
    assert run.summary["best/architecture"] == result.best.text
    assert run.summary["best/test"] == result.best.test
    assert run.finished == 2


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is searched."""
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(SettingError, match=r"pip install 'einspace\[wandb\]'"):
        callbacks.parse("wandb")


def test_offline_for_real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """The client itself takes everything that it is told, and leaves a run for `wandb sync` in the run's folder."""
    pytest.importorskip("wandb", reason="Weights & Biases is not installed")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    logged(tmp_path)
    assert "switched off" not in caplog.text
    assert list((tmp_path / "test" / "wandb").glob("offline-run-*"))
