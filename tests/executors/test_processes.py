"""What only worker processes do; the contract that they share with other executors is in `test_contract.py`."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.executors import executor_samples
from tests.executors.executor_samples import make_processes as make
from tests.executors.waiting import gone, kill, until, workers

from einspace.errors import SettingError
from einspace.evaluation.attempt import attempt
from einspace.evaluation.outcome import Outcome, Request
from einspace.executors import ProcessExecutor

pytestmark = pytest.mark.timeout(90)

ROOT = Path(__file__).parents[2]


def value(executor: ProcessExecutor, text: str) -> int:
    return int(executor.submit(Request(text)).result().value or 0)


def test_real_evaluation() -> None:
    """An architecture is trained and scored, as in this process, and pruned if a watch says so."""
    request = Request("[linear(d=16) relu]", seed=1, changes={"epochs_search": 3, "learning_rate_factor": 0.5})
    work = executor_samples.tiny_work()
    with ProcessExecutor(work, workers=1, devices="cpu") as executor:
        evaluation = executor.submit(request).result()
        pruned = executor.submit(request, lambda epoch, score: epoch < 2).result()
    assert evaluation.outcome is Outcome.OK, evaluation
    here = attempt(request, work)
    assert (evaluation.value, evaluation.parameters, evaluation.device) == (here.value, here.parameters, "cpu")
    assert evaluation.losses == pytest.approx(here.losses)
    assert (pruned.outcome, pruned.parameters, len(pruned.scores)) == (Outcome.PRUNED, here.parameters, 2)
    assert pruned.losses == pytest.approx(here.losses[:2])


def test_exit_code() -> None:
    """The reason of a crash tells how the process ended; one that closes all lines, that to its driver too, may end by itself first."""
    with make() as executor:
        reasons = [executor.submit(Request(text)).result().reason for text in ("kill", "exit 0", "exit 3", "hang-up")]
    for reason, how in zip(reasons, ("exit code -9", "exit code 0", "exit code 3", "closed its pipe|exit code 1"), strict=True):
        assert re.search(how, reason)


@pytest.mark.parametrize("pause", [0.0, 0.5])
def test_idle_worker_killed(pause: float) -> None:
    """A worker that dies while it has nothing to do is replaced, whether or not that was noticed before the next request."""
    with make() as executor:
        os.kill(value(executor, "pid"), signal.SIGKILL)
        time.sleep(pause)
        assert executor.submit(Request("fine")).result().outcome is Outcome.OK


@pytest.mark.skipif("forkserver" not in __import__("multiprocessing").get_all_start_methods(), reason="no fork")
def test_server_of_workers_killed() -> None:
    """The process that workers are forked from may die too: what ran is crashed and gone, and what comes after is fine."""
    with make() as executor:
        server, worker = value(executor, "parent"), value(executor, "pid")
        assert server != os.getpid()
        running = executor.submit(Request("epochs 1 forever"), lambda epoch, score: True)
        os.kill(server, signal.SIGKILL)
        assert running.result(timeout=30).outcome is Outcome.CRASHED
        assert until(lambda: gone(worker), seconds=5)
        after = executor.submit(Request("fine")).result(timeout=60)
        assert after.outcome is Outcome.OK, after


def test_workers_killed_at_any_moment() -> None:
    """Whenever workers are killed, between any two steps of theirs, every request ends, and no pipe or process is left over."""
    chance = random.Random(0)
    with make(workers=2) as executor:
        value(executor, "pid")
        before = psutil.Process().num_fds()
        futures = [executor.submit(Request("epochs 40"), lambda epoch, score: True) for _ in range(60)]
        while not all(future.done() for future in futures):
            time.sleep(chance.random() * 0.05)
            for worker in workers():
                if chance.random() < 0.5:
                    kill(worker)
        outcomes = [future.result().outcome for future in futures]
        assert set(outcomes) == {Outcome.OK, Outcome.CRASHED}
        assert value(executor, "pid") > 0
        assert psutil.Process().num_fds() <= before + 4


def test_verdict_on_a_dead_worker() -> None:
    """A worker that dies while its watch decides is pruned if the watch says so, and crashed if not; either way its scores are kept."""

    def kill_and_stop(epoch: int, score: float) -> bool:
        for worker in workers():
            kill(worker)
        return False

    def kill_and_go_on(epoch: int, score: float) -> bool:
        return not kill_and_stop(epoch, score)

    with make() as executor:
        outcomes = [executor.submit(Request("epochs 9"), watch).result() for watch in (kill_and_stop, kill_and_go_on)]
        assert executor.submit(Request("fine")).result().outcome is Outcome.OK
    assert [(evaluation.outcome, evaluation.scores) for evaluation in outcomes] == [(Outcome.PRUNED, (0.1,)), (Outcome.CRASHED, (0.1,))]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_workers_die_with_the_driver(tmp_path: Path) -> None:
    """A driver that is killed leaves no worker behind, not even a busy one."""
    note = tmp_path / "pid"
    driver = subprocess.Popen([sys.executable, "-m", "tests.executors.executor_samples", "drive", str(note)], cwd=ROOT)
    try:
        assert until(lambda: note.exists() and note.read_text() != "")
        worker = int(note.read_text())
        assert not gone(worker)
    finally:
        driver.kill()
        driver.wait()
    assert until(lambda: gone(worker), seconds=10)


def test_forgotten_executor() -> None:
    """A program that never closes its executor ends all the same."""
    command = [sys.executable, "-m", "tests.executors.executor_samples", "forget", "fine"]
    done = subprocess.run(command, cwd=ROOT, timeout=40, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ok\n", "")


def test_recycle() -> None:
    """A worker is replaced after as many evaluations as it is said."""
    with make(recycle=2) as executor:
        pids = [value(executor, "pid") for _ in range(5)]
    assert pids[0] == pids[1] != pids[2] == pids[3] != pids[4]


def test_memory_does_not_grow() -> None:
    """One worker trains many networks, and does not keep any of them."""
    sizes: list[int] = []
    with ProcessExecutor(executor_samples.tiny_work(), workers=1, memory_limit=None) as executor:
        for number in range(30):
            text = f"[[linear(d={1024 + number}) relu] [linear(d=1024) relu]]"  # 4 MB of weights, 13 with gradients and momentum
            assert executor.submit(Request(text), lambda epoch, score: True).result().outcome is Outcome.OK
            sizes.append(max(worker.memory_info().rss for worker in workers()))
    assert max(sizes[15:]) - max(sizes[5:15]) < 25 * 2**20, sizes


@pytest.mark.parametrize(
    "settings", [{"workers": 0}, {"time_limit": 0.0}, {"time_limit": float("nan")}, {"memory_limit": 0}, {"recycle": 0}, {"devices": ()}]
)
def test_settings(settings: dict[str, Any]) -> None:
    """Settings that make no sense are named at once."""
    with pytest.raises(SettingError, match=next(iter(settings)).replace("_", " ")):
        make(**settings)
