"""Facts about signals: a strategy that thinks for ever, even one that hears nothing, does not keep a search from ending."""

import os
import signal
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.forked import Forked
from tests.study.thinking import SPACE, drive
from tests.study_samples import SMALL, ThreadExecutor, small_task

from einspace.result import load_result
from einspace.strategies import History, RandomSearch
from einspace.study import search
from einspace.trial import Proposal

pytestmark = pytest.mark.processes


def thinking(folder: Path, how: str) -> Forked:
    """A process whose strategy has begun to think for ever, while all trials before it have ended."""
    mark = folder / "thinking"
    mark.write_text("")
    process = Forked("tests.study.thinking:main", str(folder), how)
    end = time.monotonic() + 60
    while not mark.read_text() and time.monotonic() < end:
        time.sleep(0.05)
    assert mark.read_text() == "yes"
    time.sleep(0.3)  # trials take a fifth of a second
    return process


@pytest.mark.parametrize(("how", "number"), [("sleeping", signal.SIGTERM), ("busy", signal.SIGINT), ("busy", signal.SIGHUP)])
def test_a_signal_ends_a_strategy_that_thinks(tmp_path: Path, how: str, number: signal.Signals) -> None:
    """At once, with what ended meanwhile stored, and the run goes on as if nothing had been."""
    process = thinking(tmp_path, how)
    os.kill(process.pid, number)
    said, complained = process.communicate(timeout=30)
    assert (process.returncode, complained) == (128 + number, "")
    assert "interrupted after 3 of 5 trials" in said
    (tmp_path / "thinking").unlink()
    texts = [trial.text for trial in drive(tmp_path, how, 5).history]
    assert texts == [trial.text for trial in drive(tmp_path, how, 5, "whole", 1).history]


def test_a_second_signal_ends_a_search_that_does_not_hear_the_first(tmp_path: Path) -> None:
    """A while after the first, which is said; what was stored is kept, and the run goes on."""
    process = thinking(tmp_path, "deaf")
    os.kill(process.pid, signal.SIGTERM)
    line = process.stderr.readline()
    assert line == "the search has not ended 0.5 s after the signal: another one ends the process at once; what is stored is kept\n"
    os.kill(process.pid, signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == 128 + signal.SIGTERM
    stored = [trial.text for trial in load_result("test", str(tmp_path)).history]
    assert stored
    (tmp_path / "thinking").unlink()
    assert [trial.text for trial in drive(tmp_path, "deaf", 5).history][: len(stored)] == stored


@pytest.mark.parametrize(("program", "said"), [("ending", "ends in order\nstill\n"), ("late", "Ctrl-C\n"), ("other", "Ctrl-C\n")])
def test_a_signal_right_after_a_search_changes_nothing_where_the_first_one_ends_the_program(program: str, said: str) -> None:
    """A command ends in order however fast Ctrl-C is pressed again; where the search had ended already it goes on, and hears the next one,
    as a notebook does.
    """
    process = Forked("tests.study.thinking:stop", program)
    assert process.communicate(timeout=30) == (said, "")
    assert process.returncode == 0


def test_what_has_ended_is_stored_before_a_slow_strategy_thinks_again(tmp_path: Path) -> None:
    """A kill while it thinks loses no trial that had ended before."""
    stored: list[int] = []

    class Slow(RandomSearch):
        def propose(self, history: History, rng: Random) -> Proposal:
            if history:
                stored.append(len(load_result("test", str(tmp_path)).history))
            time.sleep(0.6)
            return super().propose(history, rng)

    given: dict[str, Any] = {"limits": SMALL, "runs": tmp_path, "run": "test", "race": False, "report": False, "workers": 1}
    search(small_task(), Slow(SPACE), trials=3, executor=ThreadExecutor(), **given)
    assert stored == [1, 2]
