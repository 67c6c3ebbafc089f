"""A command whose single operation outlives its limit ends all the same."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.commands import call

from einspace.cli.overdue import ended_after

pytestmark = pytest.mark.timeout(250)

STUCK = """
import sys, threading
from einspace.cli import main, overdue
from einspace.evaluation import evaluate
overdue.GRACE = 0.0
evaluate.evaluate = lambda *_, **__: threading.Lock().acquire() and threading.Event().wait()
sys.argv = ["einspace", "evaluate", "[linear(d=8) relu]", "digits", "--time-limit", "0.5", "--seeds", "2"]
main()
"""


@pytest.mark.slow
def test_an_operation_that_does_not_end() -> None:
    """`evaluate` ends with one message, though the training never looks at the clock again."""
    done = subprocess.run([sys.executable, "-c", STUCK], capture_output=True, text=True, check=False, timeout=200)
    said = "timeout: one operation still ran after 0.5 seconds; --time-limit gives it longer"
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == f"error: the architecture cannot be trained on digits: {said}"


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("seconds", [None, 1e10, 1e300])
def test_limits_beyond_all_clocks(seconds: float | None) -> None:
    """A limit that no timer can wait for is none, and no timer is started that fails."""
    with ended_after(seconds, "too long"):
        assert not [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


HELD = """
import sys, threading
from einspace.cli import {module} as command, main
def held(*_, **__):
    threading.Event().wait()
{patch}
sys.argv = ["einspace", *{words!r}, "--time-limit", "0.2"]
main()
"""


def held(module: str, patch: str, *words: str, cwd: Path) -> str:
    """What a command says whose work never ends, and that looks at no clock."""
    code = HELD.format(module=module, patch=patch, words=list(words))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=200, cwd=cwd)
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr


def test_a_picture_that_takes_for_ever(tmp_path: Path) -> None:
    """`show` has a limit of its own, and writes nothing."""
    said = held("show", "command.facts = held", "show", "resnet8", "--json", cwd=tmp_path)
    assert said == "error: timeout: it took over 0.2 seconds to show the architecture; --time-limit gives it longer\n"


@pytest.mark.slow
def test_an_export_that_takes_for_ever(tmp_path: Path) -> None:
    """`export` has one too, which holds from the reading of the text on."""
    said = held("export", "command.read_named = held", "export", "resnet8", "--format", "onnx", "-o", "x.onnx", cwd=tmp_path)
    assert said == "error: timeout: it took over 0.2 seconds to export the network; --time-limit gives it longer\n"
    assert not list(tmp_path.iterdir())


PREDICTION = """
from types import SimpleNamespace as Some
about = Some(kind="classification")
predictor = Some(about=about, samples=lambda *_: None)
predictor.to = lambda _: predictor
command._predictor = lambda *_: predictor
command._table = held"""


def test_a_prediction_that_takes_for_ever(tmp_path: Path) -> None:
    """`predict` has one where it is asked for, and the file that it was writing does not stay behind."""
    said = held("predict", PREDICTION, "predict", "run", "x.npy", "-o", "x.csv", cwd=tmp_path)
    assert said == "error: timeout: it took over 0.2 seconds to predict; --time-limit gives it longer\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("limit", ["0", "-1", "nan", "1_0"])
@pytest.mark.parametrize(
    "words", [["show", "resnet8"], ["export", "resnet8", "--format", "source", "-o", "x"], ["predict", "a", "b", "-o", "c"]]
)
def test_a_limit_that_is_none(words: list[str], limit: str) -> None:
    """It is a number over 0, in every command that has one."""
    done = call(*words, "--time-limit", limit)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--time-limit" in done.stderr


def test_memory_that_reading_a_text_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `show` reads and parses may take no more memory than is free, as what it draws."""

    def large(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("einspace.cli.show.read_named", large)
    done = call("show", "resnet8")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: out-of-memory: there is too little memory to show the architecture: it ran out\n"
