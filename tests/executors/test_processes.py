"""The contract of executors, kept by worker processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, wait
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.executors import executor_samples

from einspace.errors import SettingError
from einspace.evaluation.attempt import attempt
from einspace.evaluation.outcome import Outcome, Request
from einspace.executors import ProcessExecutor

pytestmark = pytest.mark.timeout(90)


@pytest.fixture(scope="module")
def executor() -> Iterator[ProcessExecutor]:
    with make(workers=2, memory_limit=2**31) as made:
        yield made


def make(**settings: Any) -> ProcessExecutor:
    settings = {"workers": 1, "memory_limit": None, **settings}
    return ProcessExecutor(executor_samples.tiny_task(), executor_samples.RECIPE, evaluate=executor_samples.behave, **settings)


def until(fact: Callable[[], bool], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if fact():
            return True
        time.sleep(0.05)
    return False


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_ok(executor: ProcessExecutor) -> None:
    """A worker has the task and the recipe, and its evaluation comes back whole."""
    evaluation = executor.submit(Request("fine")).result()
    assert (evaluation.outcome, evaluation.value, evaluation.reason) == (Outcome.OK, 9.0, "fine")


def test_real_evaluation() -> None:
    """Without an `evaluate` of one's own, an architecture is trained and scored, as in this process."""
    task, request = executor_samples.tiny_task(), Request("[linear(d=16) relu]", seed=1)
    with ProcessExecutor(task, executor_samples.RECIPE, workers=1) as executor:
        evaluation = executor.submit(request).result()
    assert evaluation.outcome is Outcome.OK, evaluation
    here = attempt(request, task, executor_samples.RECIPE)
    assert (evaluation.value, evaluation.parameters) == (here.value, here.parameters)
    assert evaluation.epochs == pytest.approx(here.epochs)


def test_killed_worker(executor: ProcessExecutor) -> None:
    """A worker that is killed ends its own evaluation as crashed; those beside it and after it are not touched."""
    futures = [executor.submit(Request(text)) for text in ("a", "kill", "b", "kill", "c")]
    outcomes = [future.result() for future in futures]
    assert [evaluation.outcome for evaluation in outcomes] == [Outcome.OK, Outcome.CRASHED, Outcome.OK, Outcome.CRASHED, Outcome.OK]
    assert "exit code -9" in outcomes[1].reason
    assert executor.submit(Request("after")).result().outcome is Outcome.OK


@pytest.mark.parametrize("text", ["hog", "hog-python"])
def test_memory(executor: ProcessExecutor, text: str) -> None:
    """Asking for more than the limit ends as out-of-memory, and the worker lives on."""
    assert executor.submit(Request(text)).result().outcome is Outcome.OUT_OF_MEMORY


def test_error(executor: ProcessExecutor) -> None:
    """What Python raises ends as error, with its type in the reason and the place in the traceback."""
    evaluation = executor.submit(Request("error")).result()
    assert evaluation.outcome is Outcome.ERROR
    assert evaluation.value is None
    assert "KeyError" in evaluation.reason
    assert "executor_samples.py" in evaluation.traceback
    assert "a mistake" in evaluation.traceback


def test_exception_that_cannot_be_sent(executor: ProcessExecutor) -> None:
    """An exception that would break the pipe to the driver never enters it."""
    assert executor.submit(Request("unpicklable")).result().outcome is Outcome.ERROR
    assert executor.submit(Request("after")).result().outcome is Outcome.OK


def test_nan(executor: ProcessExecutor) -> None:
    """A loss that is not a number ends as nan, and the losses up to there are kept."""
    evaluation = executor.submit(Request("nan")).result()
    assert evaluation.outcome is Outcome.NAN
    assert evaluation.epochs[0] == 0.5


def test_threads(executor: ProcessExecutor) -> None:
    """Workers share the processors, so that two of them do not take each other's."""
    assert executor.submit(Request("threads")).result().value == max(1, (os.cpu_count() or 1) // 2)


def test_timeout() -> None:
    """An endless evaluation ends as timeout, and so does not hold up what waits behind it."""
    with make(time_limit=1.0) as executor:
        first, second = executor.submit(Request("forever")), executor.submit(Request("fine"))
        assert first.result().outcome is Outcome.TIMEOUT
        assert "1 seconds" in first.result().reason
        assert second.result().outcome is Outcome.OK


def test_stop() -> None:
    """After stop, what has not ended is cancelled, those who wait are woken, and the workers are gone within a second."""
    executor = make()
    pid = int(executor.submit(Request("pid")).result().value or 0)
    futures = [executor.submit(Request("forever")) for _ in range(3)]
    clock = time.monotonic()
    executor.stop()
    assert time.monotonic() - clock < 1
    assert not wait(futures, timeout=1).not_done
    for future in futures:
        with pytest.raises(CancelledError):
            future.result()
    assert gone(pid)
    executor.stop()
    with pytest.raises(SettingError, match="closed"):
        executor.submit(Request("late"))


def test_cancel() -> None:
    """Cancelling one evaluation ends it and leaves the others."""
    with make() as executor:
        executor.submit(Request("pid")).result()
        running, next_one = executor.submit(Request("forever")), executor.submit(Request("fine"))
        assert running.cancel()
        assert next_one.result(timeout=30).outcome is Outcome.OK


def test_close_waits() -> None:
    """Leaving the block waits for what was submitted."""
    with make() as executor:
        futures = [executor.submit(Request(str(number))) for number in range(5)]
    assert [future.result(timeout=0).reason for future in futures] == list("01234")


def test_unused() -> None:
    """An executor that never got a request closes and stops."""
    with make():
        pass
    make().stop()


def test_idle_worker_killed() -> None:
    """A worker that dies while it has nothing to do is replaced."""
    with make() as executor:
        os.kill(int(executor.submit(Request("pid")).result().value or 0), signal.SIGKILL)
        time.sleep(1)
        assert executor.submit(Request("fine")).result().outcome is Outcome.OK


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_workers_die_with_the_driver(tmp_path: Path) -> None:
    """A driver that is killed leaves no worker behind, not even a busy one."""
    note = tmp_path / "pid"
    driver = subprocess.Popen([sys.executable, "-m", "tests.executors.executor_samples", str(note)], cwd=Path(__file__).parents[2])
    try:
        assert until(lambda: note.exists() and note.read_text() != "")
        worker = int(note.read_text())
        assert not gone(worker)
    finally:
        driver.kill()
        driver.wait()
    assert until(lambda: gone(worker), seconds=10)


@pytest.mark.parametrize("settings", [{"workers": 0}, {"time_limit": 0.0}, {"time_limit": float("nan")}, {"memory_limit": 0}])
def test_settings(settings: dict[str, Any]) -> None:
    """Settings that make no sense are named at once."""
    with pytest.raises(SettingError, match=next(iter(settings)).replace("_", " ")):
        make(**settings)
