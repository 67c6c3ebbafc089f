"""The contract of executors, kept by Ray on one node; what only Ray does is in `test_ray.py`."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.executors import executor_samples, test_contract
from tests.executors.test_contract import executor
from tests.executors.waiting import gone, until

from einspace.errors import SettingError
from einspace.evaluation.outcome import Request
from einspace.executors import Executor, RayExecutor

ray = pytest.importorskip("ray")

pytestmark = [pytest.mark.timeout(120), pytest.mark.processes]

CPUS = max(2, os.cpu_count() or 2)


@pytest.fixture(scope="module")
def make() -> Iterator[Callable[..., Executor]]:
    """As the factories of `executor_samples`: `workers` of them share the processors, and nothing is tried again."""

    def made(workers: int = 1, **settings: Any) -> Executor:
        cpus = CPUS // workers
        return RayExecutor(executor_samples.behaviour(), cpus_per_trial=cpus, retries=0, **settings)

    ray.init("local", num_cpus=CPUS, include_dashboard=False, log_to_driver=False, object_store_memory=100 * 2**20)
    yield made
    ray.shutdown()


def test_stop(make: Callable[..., Executor], tmp_path: Path) -> None:
    """Stopping cancels what has not ended and ends its process; a worker with nothing to do stays with the Ray that it was found in."""
    executor = make()
    note = tmp_path / "pid"
    futures = [executor.submit(Request(text)) for text in (f"touch {note}", "forever", "fine")]
    assert until(lambda: note.exists() and note.read_text() != "")
    clock = time.monotonic()
    executor.stop()
    assert time.monotonic() - clock < 2
    assert all(future.cancelled() for future in futures)
    assert until(lambda: gone(int(note.read_text())), seconds=5)
    assert ray.is_initialized()
    executor.stop()
    with pytest.raises(SettingError, match="closed"):
        executor.submit(Request("late"))


__all__ = ["executor", "make"]
globals().update({name: test for name, test in vars(test_contract).items() if name.startswith("test_") and name not in globals()})
