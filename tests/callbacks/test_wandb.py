"""Weights & Biases: offline for real, and against a stand-in that refuses what the real one has not."""

import importlib
import json
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from types import SimpleNamespace
from typing import Any

import pytest
from tests.study_samples import EVOLUTION, SMALL, ThreadExecutor, small_task

from einspace import callbacks
from einspace.errors import SettingError
from einspace.result import Result
from einspace.study import search

pytestmark = pytest.mark.slow


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


def records(path: Path) -> Iterator[Any]:
    """What an offline run holds: the client's own messages, in the log format of LevelDB: blocks of 32 KiB with parts of records."""
    messages: Any = importlib.import_module("wandb.proto.wandb_internal_pb2")
    content, place, whole = path.read_bytes(), 7, b""
    assert content.startswith(b":W&B")
    while place + 7 <= len(content):
        left = 32768 - place % 32768
        if left < 7:  # no room for the head of a part: the block is filled up
            place += left
            continue
        _, size, part = struct.unpack("<IHB", content[place : place + 7])
        if place + 7 + size > len(content):  # it is being written
            return
        whole += content[place + 7 : place + 7 + size]
        place += 7 + size
        if part in (1, 4):  # all of a record, or the last part of it
            yield messages.Record.FromString(whole)
            whole = b""


def finished(path: Path, seconds: float = 30.0) -> list[Any]:
    """The records of a run that has ended. The client's own process writes them, and the last ones a moment after `finish` has returned."""
    end = monotonic() + seconds
    while True:
        found = list(records(path))
        if (found and found[-1].HasField("exit")) or monotonic() > end:
            return found
        sleep(0.05)


def test_offline_for_real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """The client itself takes everything that it is told, and leaves a run for `wandb sync` in the run's folder, with every trial."""
    pytest.importorskip("wandb", reason="Weights & Biases is not installed")
    for name, value in (("MODE", "offline"), ("SILENT", "true"), ("ERROR_REPORTING", "false")):
        monkeypatch.setenv(f"WANDB_{name}", value)
    for name in ("CACHE_DIR", "CONFIG_DIR", "DATA_DIR", "ARTIFACT_DIR"):
        monkeypatch.setenv(f"WANDB_{name}", str(tmp_path / name))
    result = logged(tmp_path)
    assert "switched off" not in caplog.text
    (path,) = (tmp_path / "test" / "wandb").glob("offline-run-*/run-*.wandb")
    lines: list[dict[str, Any]] = []
    summary: dict[str, Any] = {}
    config: dict[str, Any] = {}
    for record in finished(path):
        if record.HasField("history"):
            lines.append({(item.key or ".".join(item.nested_key)): json.loads(item.value_json) for item in record.history.item})
        summary |= {(item.key or ".".join(item.nested_key)): json.loads(item.value_json) for item in record.summary.update}
        config |= {(item.key or ".".join(item.nested_key)): json.loads(item.value_json) for item in record.run.config.update}
    assert {line["trial"]: line["search/accuracy"] for line in lines} == {row.number: row.value for row in result.history}
    assert result.best is not None
    assert (summary["best/architecture"], summary["best/test"]) == (result.best.text, result.best.test)
    assert (config["strategy"], config["seed"]) == ("evolution", 0)
