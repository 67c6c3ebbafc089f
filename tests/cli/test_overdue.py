"""A command whose single operation outlives its limit ends all the same."""

import threading
from pathlib import Path

import pytest
from tests.commands import call
from tests.forked import Forked

from einspace.cli.overdue import ended_after

pytestmark = pytest.mark.timeout(250)


def held(function: str, *words: str) -> str:
    """What a command says, in a process of its own, whose work never ends, and that looks at no clock."""
    process = Forked(f"tests.cli.alone:{function}", *words)
    said, complained = process.communicate(timeout=200)
    assert (process.returncode, said) == (2, "")
    return complained


@pytest.mark.slow
def test_an_operation_that_does_not_end() -> None:
    """`evaluate` ends with one message, though the training never looks at the clock again."""
    words = ["evaluate", "[linear(d=8) relu]", "parity", "--time-limit", "0.5", "--seeds", "2"]
    said = "timeout: one operation still ran after 0.5 seconds; --time-limit gives it longer"
    complained = held("held", "einspace.evaluation.evaluate:evaluate", *words)
    assert complained.splitlines()[-1] == f"error: the architecture cannot be trained on parity: {said}"


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("seconds", [None, 1e10, 1e300])
def test_limits_beyond_all_clocks(seconds: float | None) -> None:
    """A limit that no timer can wait for is none, and no timer is started that fails."""
    with ended_after(seconds, "too long"):
        assert not [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "words", "work"),
    [
        ("held", ["einspace.cli.show:facts", "show", "resnet8", "--json"], "show the architecture"),
        ("held", ["einspace.cli.export:read_named", "export", "resnet8", "--format", "onnx", "-o", "x.onnx"], "export the network"),
        ("predicting", ["predict", "run", "x.npy", "-o", "x.csv"], "predict"),
    ],
)
def test_work_that_takes_for_ever(function: str, words: list[str], work: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`show` has a limit of its own, and so have `export`, from the reading of the text on, and `predict`; no file stays behind."""
    monkeypatch.chdir(tmp_path)
    said = held(function, *words, "--time-limit", "0.2")
    assert said == f"error: timeout: it took over 0.2 seconds to {work}; --time-limit gives it longer\n"
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
