"""What only worker processes do; the contract that they share with other executors is in `test_contract.py`."""

import itertools
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

from einspace import machine
from einspace.errors import SettingError
from einspace.evaluation.attempt import attempt
from einspace.evaluation.outcome import Outcome, Request
from einspace.executors import Pending, ProcessExecutor, slot
from einspace.executors.clock import Clock

pytestmark = [pytest.mark.timeout(90), pytest.mark.processes]

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


def test_the_worker_of_an_evaluation() -> None:
    """Two at a time are at different workers, which are counted from 1; one that died has its worker too."""
    with make(workers=2) as executor:
        futures = [executor.submit(Request(text)) for text in ("work 0.5", "work 0.5")]
        assert {future.result().worker for future in futures} == {1, 2}
        assert executor.submit(Request("kill")).result().worker in (1, 2)


def test_how_far_an_evaluation_is() -> None:
    """The epochs that have ended are known within a second or so though nobody judges them, through an executor that tries again too."""
    with executor_samples.make_retrying() as executor:
        future = executor.submit(Request("passes 4", final=True))
        assert isinstance(future, Pending)
        assert until(lambda: future.passed is not None)
        assert future.passed in [(epoch, 5) for epoch in (1, 2, 3, 4)]
        executor.stop()
    assert future.cancelled()


def test_exit_code() -> None:
    """The reason of a crash tells how the process ended; one that closes all lines, that to its driver too, may end by itself first."""
    with make() as executor:
        reasons = [executor.submit(Request(text)).result().reason for text in ("kill", "exit 0", "exit 3", "hang-up")]
    for reason, how in zip(reasons, ("exit code -9", "exit code 0", "exit code 3", "closed its pipe|exit code 1"), strict=True):
        assert re.search(how, reason)


@pytest.mark.parametrize("waits", [False, True])
def test_idle_worker_killed(waits: bool) -> None:
    """A worker that dies while it has nothing to do is replaced, whether or not it is gone when the next request comes."""
    with make() as executor:
        worker = value(executor, "pid")
        os.kill(worker, signal.SIGKILL)
        assert not waits or until(lambda: gone(worker))
        assert executor.submit(Request("fine")).result().outcome is Outcome.OK


def test_a_worker_whose_device_failed_is_replaced() -> None:
    """Its process can use the device no more: the evaluation has crashed, with the reason, and the next one is another process's."""
    with make() as executor:
        before = value(executor, "pid")
        evaluation = executor.submit(Request("device-fails")).result()
        assert (evaluation.outcome, evaluation.reason) == (
            Outcome.CRASHED,
            "AcceleratorError: CUDA error: uncorrectable ECC error encountered",
        )
        assert value(executor, "pid") != before


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
        outcomes: list[Outcome] = []
        while len(set(outcomes)) < 2 and len(outcomes) < 300:  # a fast machine may do thirty between two kills of the same one
            futures = [executor.submit(Request("epochs 40"), lambda epoch, score: True) for _ in range(30)]
            while not all(future.done() for future in futures):
                time.sleep(chance.random() * 0.05)
                for worker in workers():
                    if chance.random() < 0.5:
                        kill(worker)
            outcomes += [future.result().outcome for future in futures]
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


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where processes that are started by the test make temporary files."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    return tmp_path / "temporary"


def driver(name: str, argument: object) -> "subprocess.Popen[str]":
    """A driver in a process group of its own, as a terminal makes one."""
    command = [sys.executable, "-m", "tests.executors.executor_samples", name, str(argument)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_killed_driver_leaves_no_folder(tmp_path: Path, temporary: Path) -> None:
    """Nothing stays in the folder of temporary files."""
    note = tmp_path / "pid"
    process = driver("drive", note)
    try:
        assert until(lambda: note.exists() and note.read_text() != "")
        assert list(temporary.glob("pymp-*/listener-*"))
        family = psutil.Process(process.pid).children(recursive=True)
    finally:
        process.kill()
        process.communicate()
    assert until(lambda: all(gone(one.pid) for one in family), seconds=10)
    assert list(temporary.glob("pymp-*")) == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("early", [True, False])
def test_interrupts(tmp_path: Path, temporary: Path, early: bool) -> None:
    """Ctrl-C, twice and whether the workers load or are busy, is the driver's alone: no process of its group prints or goes on."""
    note = tmp_path / "pid"
    process = driver("interrupted", note)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "started\n"
        assert early or until(lambda: note.exists() and note.read_text() != "")
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) >= 2
        time.sleep(1.0 if early else 0.0)  # until Python has taken over the signals of the server, which loads for longer than that
        for _ in range(2):
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.05)
        said, complained = process.communicate(timeout=40)
    finally:
        process.kill()
    assert (process.returncode, said, complained) == (0, "", "")
    assert until(lambda: all(gone(one.pid) for one in family), seconds=10)
    assert list(temporary.glob("pymp-*")) == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_end_of_a_group(tmp_path: Path, temporary: Path, number: int) -> None:
    """A terminal that closes, or a machine that shuts down, ends driver and workers without a word of theirs."""
    note = tmp_path / "pid"
    process = driver("drive", note)
    try:
        assert until(lambda: note.exists() and note.read_text() != "")
        family = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, number)
        said, complained = process.communicate(timeout=40)
    finally:
        process.kill()
    assert (process.returncode, said, complained) == (-number, "", "")
    assert until(lambda: all(gone(one.pid) for one in family), seconds=10)
    assert list(temporary.glob("pymp-*")) == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_stopped_before_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is stopped while it is idle is replaced, and its request evaluated."""
    monkeypatch.setattr(slot, "STOPPED", 1.0)
    with make(time_limit=60) as executor:
        first = value(executor, "pid")
        os.kill(first, signal.SIGSTOP)
        evaluation = executor.submit(Request("pid")).result(timeout=30)
    assert (evaluation.outcome, evaluation.attempts) == (Outcome.OK, 1)
    assert evaluation.value != first
    assert gone(first)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_stopped_in_the_middle() -> None:
    """A worker that is stopped at an evaluation is at the end of its time like any other."""
    with make(time_limit=2) as executor:
        worker = value(executor, "pid")

        def stop(epoch: int, score: float) -> bool:
            os.kill(worker, signal.SIGSTOP)
            return True

        running = executor.submit(Request("epochs 1 forever"), stop)
        assert running.result(timeout=30).outcome is Outcome.TIMEOUT
        assert until(lambda: gone(worker), seconds=5)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_everything_suspended() -> None:
    """The time in which driver and workers are all suspended is not counted."""
    process = driver("limited", 1.5)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "started\n"
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        for one in family:
            one.suspend()
        time.sleep(4)
        for one in family:
            one.resume()
        assert process.communicate(timeout=40) == ("ok\n", "")
    finally:
        process.kill()


def test_a_timeout_after_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An evaluation that ran out of time when the driver could not run for a while is tried once more, and no other."""

    class Gap(Clock):
        def __init__(self) -> None:
            super().__init__()
            self.gaps = 1

    with make(time_limit=1.0) as executor:
        assert executor.submit(Request(f"forever-once {tmp_path / 'one'}")).result().outcome is Outcome.TIMEOUT
        monkeypatch.setattr(slot, "Clock", Gap)
        again = executor.submit(Request(f"forever-once {tmp_path / 'two'}")).result()
        assert (again.outcome, again.attempts) == (Outcome.OK, 2)
        never = executor.submit(Request("forever")).result()
        assert (never.outcome, never.attempts) == (Outcome.TIMEOUT, 2)


def test_time_limit_of_a_request() -> None:
    """A request may have a limit of its own, longer or shorter than the executor's."""
    with make(time_limit=1.0) as executor:
        long = executor.submit(Request("work 1.5", time_limit=30))
        short = executor.submit(Request("forever", time_limit=0.5))
        with pytest.raises(SettingError, match="the time limit must be over 0 seconds"):
            executor.submit(Request("fine", time_limit=0))
        assert long.result().outcome is Outcome.OK
        assert (short.result().outcome, short.result().reason) == (Outcome.TIMEOUT, "not finished after 0.5 seconds")


def test_killed_for_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGKILL while the kernel's count of memory kills grows is out-of-memory; without that, or with another end, a crash."""
    kills = itertools.count()
    with make() as executor:
        assert executor.submit(Request("kill")).result().outcome is Outcome.CRASHED
        monkeypatch.setattr(machine, "memory_kills", lambda: next(kills))
        evaluation = executor.submit(Request("kill")).result()
        assert (evaluation.outcome, "memory ran out" in evaluation.reason) == (Outcome.OUT_OF_MEMORY, True)
        assert executor.submit(Request("exit 3")).result().outcome is Outcome.CRASHED


@pytest.mark.skipif(sys.platform != "linux", reason="Linux")
def test_workers_are_killed_first() -> None:
    """Where memory runs out the kernel takes a worker, not the driver."""
    with make() as executor:
        assert executor.submit(Request("oom-score")).result().value == 1000
    assert int(Path("/proc/self/oom_score_adj").read_text()) < 1000


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


def test_more_workers_than_a_machine_starts() -> None:
    """A slip of the keyboard is one message, before a thread is started for each."""
    with pytest.raises(SettingError, match=r"^at most 1,024 worker processes are started on one machine, not 1,000,000$"):
        make(workers=1_000_000)
