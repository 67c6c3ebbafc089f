"""Large arrays in memory are sent to workers as one open file, and nothing is left of it, whoever dies."""

import gc
import os
import resource
import signal
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from tests.executors.executor_samples import RECIPE, tiny_task

from einspace.evaluation import Context, Evaluation, Outcome, Request, Work
from einspace.evaluation.objective import TaskObjective
from einspace.executors import ProcessExecutor, sharing
from einspace.executors.sharing import shared_task as shared
from einspace.features import Feature
from einspace.tasks import Split, Task

pytestmark = [pytest.mark.timeout(90), pytest.mark.skipif(sys.platform == "win32", reason="files without a name")]


@dataclass(frozen=True)
class Look(Work):
    """Do as the text says; the reason tells the process, the kind of array and the file in which it lies."""

    def __call__(self, text: str, context: Context) -> Evaluation:
        assert isinstance(self.objective, TaskObjective)
        return look(text, self.objective.task)


def work(task: Task) -> Look:
    return Look(TaskObjective(task, RECIPE), task.input)


def look(text: str, task: Task) -> Evaluation:
    if text == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if text == "write":
        task.train.x[:] = 0
    maps = [line.split() for line in Path("/proc/self/maps").read_text().splitlines() if "(deleted)" in line and "/folder/" in line]
    files = sorted({line[4] for line in maps})
    told = f"{os.getpid()} {type(task.train.x).__name__} {type(task.train.y).__name__} {' '.join(files)}"
    return Evaluation(Outcome.OK, float(task.train.x.sum()), reason=told)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where files without a name are; arrays beyond 100 bytes count as large."""
    (tmp_path / "folder").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "folder"))
    monkeypatch.setattr(sharing, "LARGE", 100)
    return tmp_path / "folder"


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="Linux tells what is mapped")
def test_workers_map_the_same_file(folder: Path) -> None:
    """Two workers, and one that took the place of a dead one, read one file; what one writes no other sees; the folder is always empty."""
    task = tiny_task()
    expected = float(task.train.x.sum())
    with ProcessExecutor(work(task), workers=2, memory_limit=None) as executor:
        told = [executor.submit(Request("look")) for _ in range(8)]
        assert [future.result().value for future in told] == [expected] * 8
        seen = {tuple(future.result().reason.split()) for future in told}
        assert executor.submit(Request("write")).result().value == 0
        for _ in range(2):
            assert executor.submit(Request("kill")).result().outcome is Outcome.CRASHED
        after = [executor.submit(Request("look")).result() for _ in range(4)]
        assert {evaluation.value for evaluation in after} <= {expected, 0.0}
        assert expected in {evaluation.value for evaluation in after}
        seen |= {tuple(evaluation.reason.split()) for evaluation in after}
        assert [path.name for path in folder.iterdir() if not path.name.startswith("pymp-")] == []  # multiprocessing's own
    assert len({process for process, *_ in seen}) >= 3
    assert {(x, y) for _, x, y, *_ in seen} == {("memmap", "ndarray")}
    assert len({tuple(files) for _, _, _, *files in seen}) == 1
    assert float(task.train.x.sum()) == expected


def test_an_open_file_is_not_kept_longer_than_the_task(folder: Path) -> None:
    """The file of each array is closed when the task that lends it is given up."""
    split = Split(np.ones((50, 1, 2, 2), np.float32), np.arange(50) % 2)
    task = replace(tiny_task(), input=Feature((1, 2, 2)), train=split)
    gc.collect()  # what other tests left open
    before = psutil.Process().num_fds()
    lending = shared(task)
    assert psutil.Process().num_fds() == before + 4  # x of three splits and y of one
    assert lending.train.x is split.x
    del lending
    assert psutil.Process().num_fds() == before


def test_no_room_is_no_reason_to_fail(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no file can be made, or the disk is full in the middle of one, each worker gets the arrays themselves."""
    task = tiny_task()
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "none"))
    assert shared(task) is task
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = psutil.Process().num_fds()
    resource.setrlimit(resource.RLIMIT_FSIZE, (50, limits[1]))
    try:
        assert shared(task) is task
        with ProcessExecutor(work(task), workers=1, memory_limit=None) as executor:
            told = executor.submit(Request("look")).result()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (told.value, told.reason.split()[1]) == (float(task.train.x.sum()), "ndarray")
    assert psutil.Process().num_fds() <= before + 4


def test_small_and_mapped_arrays_stay(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is small is sent as it is, and what lies in a file of its own is not copied."""
    np.save(folder / "x.npy", tiny_task().train.x)
    mapped = Split(np.load(folder / "x.npy", mmap_mode="r"), tiny_task().train.y)
    task = replace(tiny_task(), train=mapped, valid=mapped, test=mapped)
    assert all(type(split) is Split for split in shared(task).splits.values())
    monkeypatch.setattr(sharing, "LARGE", 10**6)
    assert all(type(split) is Split for split in shared(tiny_task()).splits.values())
