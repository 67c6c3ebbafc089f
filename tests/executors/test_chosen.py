"""An executor by its name: every setting of a search that is about it reaches it."""

from typing import Any, ClassVar

import pytest
from tests.study_samples import ThreadExecutor, small_task

from einspace.config import SearchSettings
from einspace.evaluation.outcome import Request
from einspace.evaluation.work import Work
from einspace.executors import RetryingExecutor, choose
from einspace.study import conduct


class Recorder(ThreadExecutor):
    """An executor that keeps what it is made with."""

    made: ClassVar[list[tuple[tuple[Any, ...], dict[str, Any]]]] = []

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__()
        self.made.append((args, options))


@pytest.fixture(autouse=True)
def _recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both executors are recorded."""
    monkeypatch.setattr(Recorder, "made", [])
    for name in ("ProcessExecutor", "RayExecutor"):
        monkeypatch.setattr(f"einspace.executors.choice.{name}", Recorder)


@pytest.mark.parametrize(
    ("settings", "args", "options"),
    [
        ({}, (3, 60.0), {"devices": None}),
        ({"devices": "cpu, cpu"}, (3, 60.0), {"devices": ["cpu", "cpu"]}),
        ({"executor": "ray"}, (1.0, 0.0, 60.0), {"address": None}),
        (
            {"executor": "ray", "address": "local", "cpus_per_trial": 2, "gpus_per_trial": 0.5},
            (2.0, 0.5, 60.0),
            {"address": "local"},
        ),
    ],
)
def test_the_settings_of_a_search_make_its_executor(
    settings: dict[str, Any], args: tuple[Any, ...], options: dict[str, Any], tmp_path: Any
) -> None:
    """Processes get their number and their devices, Ray its address and what a trial takes, and both the time of a trial."""
    given = {"task": "digits", "strategy": "random", "init": [], "trials": 1, "workers": 3, "time_limit": 60, "final_seeds": 0}
    conduct(SearchSettings(**given, race=False, report=False, runs=str(tmp_path), **settings), small_task())  # type: ignore[arg-type]
    (made,) = Recorder.made
    assert isinstance(made[0][0], Work)
    assert (made[0][1:], made[1]) == (args, options)


def test_processes_are_tried_again_and_ray_tries_again_by_itself() -> None:
    """A worker process that dies takes no trial with it."""
    work = Work(len, small_task().input)  # type: ignore[arg-type]
    processes, ray = choose("processes")(work, 1, None), choose("ray")(work, 1, None)
    assert isinstance(processes, RetryingExecutor)
    assert isinstance(processes.executor, Recorder)
    assert processes.times == 2
    assert isinstance(ray, Recorder)
    assert processes.submit(Request("[relu relu]")).result().attempts == 1
    processes.close()
    ray.close()
