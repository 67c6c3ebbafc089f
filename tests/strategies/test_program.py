"""A program that proposes: what it reads, what it may write, and that nothing of it stays behind."""

import os
import signal
import threading
import time
import tracemalloc
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.commands import call
from tests.forked import Forked
from tests.strategies.program_samples import answering, command, read, writing
from tests.study_samples import SMALL, ThreadExecutor, good, score, small_task

from einspace import EinSpace
from einspace.errors import SettingError
from einspace.evaluation.outcome import Evaluation, Outcome
from einspace.result import Result
from einspace.strategies import program as module
from einspace.strategies.base import Exhausted
from einspace.strategies.optimizer import Optimizer
from einspace.strategies.program import Program
from einspace.study import search
from einspace.trial import Proposal, Trial

pytestmark = pytest.mark.timeout(90)

SPACE = EinSpace((1, 8, 8), limits=SMALL)
TEXTS = ("[relu relu]", "[norm relu]", "[linear(d=16) relu]", "[norm softmax]")
COUNTING = """
import json, sys
for line in sys.stdin:
    ((key, value),) = json.loads(line).items()
    if key == "trial" and value["number"] == 0:
        width = 32
    if key == "ask":
        print(f"[linear(d={(16, width if value else 0)[value > 0]}) " + "[" * value + "relu" + " norm]" * value + "]", flush=True)
"""


def run(folder: Path, proposer: str, **options: Any) -> Result:
    given: dict[str, Any] = {"trials": 10, "workers": 1, "limits": SMALL, "run": "test", "runs": folder, "race": False, **options}
    return search(small_task(), proposer=proposer, executor=ThreadExecutor(good), **given)


def test_a_program_needs_no_more_than_to_write_architectures(tmp_path: Path) -> None:
    """Lines that nobody asked for are trials too, and the search ends in order when the program has ended."""
    result = run(tmp_path, writing(tmp_path, *TEXTS))
    assert [trial.text for trial in result.history] == list(TEXTS)
    assert {trial.origin for trial in result.history} == {"proposer"}
    assert result.settings["strategy"] == "einspace.strategies.program:Program"
    assert result.best is not None
    assert result.best.test is not None


def test_a_program_reads_what_is_searched_and_every_trial(tmp_path: Path) -> None:
    """Input, grammar, limits and baselines first, then each trial that has ended, before it is asked for the next."""
    run(tmp_path, answering(tmp_path, *TEXTS))
    (about,) = read(tmp_path, "search")
    assert (about["input"], about["grammar"], about["limits"]["parameters"]) == ([1, 8, 8], "paper", 2_000_000)
    assert SPACE.parse(about["baselines"]["resnet8"]).parameters > 0
    trials = read(tmp_path, "trial")
    assert [(trial["number"], trial["text"], trial["outcome"]) for trial in trials] == [(i, text, "ok") for i, text in enumerate(TEXTS)]
    assert all(trial["fitness"] == trial["score"] == score(trial["text"]) for trial in trials)
    assert read(tmp_path, "ask") == [0, 1, 2, 3, 4]


def test_what_cannot_be_trained_is_answered_with_one_line(tmp_path: Path) -> None:
    """What is not an architecture, does not fit the input, is over a limit, is known, or too long; then the program is asked again."""
    wide = "[linear(d=2048) [linear(d=2048) linear(d=2048)]]"
    wrong = ("[relu", "[softmax permute(o=(2,1))]", wide, "[relu relu]", "x" * (module.LONGEST + 5))
    result = run(tmp_path, answering(tmp_path, "[relu relu]", *wrong, "[norm relu]"))
    assert [trial.text for trial in result.history] == ["[relu relu]", "[norm relu]"]
    refused = read(tmp_path, "refused")
    assert [one["text"][:20] for one in refused] == [text[:20] for text in wrong]
    assert all(one["error"] and "\n" not in one["error"] for one in refused)
    assert "parameters of the architecture are over the limit of 2,000,000" in refused[2]["error"]
    assert refused[3]["error"] == "trial 0 is this architecture"
    assert read(tmp_path, "ask") == [0, 1, 1, 1, 1, 1, 1, 2]


def test_a_program_that_fails_ends_the_search_and_loses_nothing(tmp_path: Path) -> None:
    """One line that names the command; what it has proposed before is in the run, which goes on with another program."""
    with pytest.raises(SettingError, match="ended with exit code 3; the finished trials are kept"):
        run(tmp_path, writing(tmp_path, *TEXTS[:2], code=3))
    result = run(tmp_path, writing(tmp_path, *TEXTS))
    assert [trial.text for trial in result.history] == list(TEXTS)


@pytest.mark.parametrize(
    ("proposer", "said"),
    [
        ("", "asks a program for architectures: --proposer gives its command"),
        ("no-such-program-here", "'no-such-program-here' cannot be started: there is no program 'no-such-program-here'"),
        ("python 'quoted", "is not a command: No closing quotation"),
    ],
)
def test_a_command_that_cannot_be_begun_is_one_line(tmp_path: Path, proposer: str, said: str) -> None:
    """Before anything is trained, and before there is a run."""
    with pytest.raises(SettingError, match=said):
        run(tmp_path, proposer)
    assert list(tmp_path.iterdir()) == []


def test_a_strategy_beside_it_is_refused(tmp_path: Path) -> None:
    """One of them would change nothing; and so would options of a strategy."""
    with pytest.raises(SettingError, match="either a strategy or a proposer"):
        run(tmp_path, writing(tmp_path), strategy="random")
    with pytest.raises(SettingError, match="a search with a proposer takes no init, no population: its program"):
        run(tmp_path, writing(tmp_path), population=5, init="resnet8")


@pytest.mark.slow
def test_a_program_that_is_refused_without_end_is_given_up(tmp_path: Path) -> None:
    """It would keep the search busy for ever."""
    with pytest.raises(SettingError, match=rf"wrote {module.REFUSED} lines in a row that cannot be trained; the last one: "):
        run(tmp_path, command(tmp_path, "while True:\n    print('nonsense', flush=True)\n"))


def test_what_is_no_text_is_refused_like_any_other_line(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 neither end the search nor reach the run."""
    source = "import sys\nsys.stdout.buffer.write(b'\\xff\\xfe\\n[relu relu]\\n')\n"
    assert [trial.text for trial in run(tmp_path, command(tmp_path, source)).history] == ["[relu relu]"]


def test_a_program_that_thinks_keeps_no_trial_waiting(tmp_path: Path) -> None:
    """While trials run, the search waits for them too; a line that comes later is the next proposal."""
    started = Trial(0, Proposal.of(SPACE.parse("[relu relu]"), ""), started=1.0)
    thought = tmp_path / "thought"
    source = f"import os, time\nwhile not os.path.exists({str(thought)!r}):\n    time.sleep(0.01)\nprint('[norm relu]')\n"
    strategy = Program(SPACE, command(tmp_path, source))
    try:
        assert strategy.propose([started], Random(0)) is None
        thought.touch()
        ended = started.end(Evaluation(Outcome.OK, 0.5), 1.0, 2.0)
        proposal = strategy.propose([ended], Random(0))
        assert proposal is not None
        assert proposal.text == "[norm relu]"
        with pytest.raises(Exhausted):
            strategy.propose([ended], Random(0))
    finally:
        strategy.close()


BUFFERED = "import sys\nout = open(1, 'w')\nfor line in sys.stdin:\n    print('[relu relu]', file=out)\n"


def test_a_program_that_is_not_heard_costs_no_more_than_the_budget(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """One that never flushes its output: a warning asks for that, once, and a line says why the search has ended."""
    monkeypatch.setattr(module, "QUIET", 0.5)
    start = time.monotonic()
    result = run(tmp_path, command(tmp_path, BUFFERED), trials=None, budget=3.0)
    assert time.monotonic() - start < 30
    assert len(result.history) == 0
    assert caplog.text.count("does it flush its output after each line?") == 1
    assert caplog.text.count("has not answered by the end of the search's time") == 1


def test_nothing_of_a_program_stays_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One that does not end when its input ends is killed, with what it has begun itself."""
    monkeypatch.setattr(module, "ENDING_SECONDS", 0.2)
    source = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))\n"
        "print('[relu relu]', flush=True)\n"
        "time.sleep(60)\n"
    )
    strategy = Program(SPACE, command(tmp_path, source))
    assert strategy.propose([], Random(0)) is not None
    strategy.close()
    strategy.close()
    pid, end = int((tmp_path / "pid").read_text()), time.monotonic() + 10
    while is_alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not is_alive(pid)


def test_a_program_that_writes_without_end_waits_for_the_search(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A few of its lines are read ahead, the pipe holds the others back, and closing waits for none of them."""
    monkeypatch.setattr(module, "ENDING_SECONDS", 0.2)
    before = threading.active_count()
    strategy = Program(SPACE, command(tmp_path, "while True:\n    print('[relu relu]', flush=True)\n"))
    try:
        assert strategy.propose([], Random(0)) is not None
        time.sleep(0.5)
        assert strategy._read.qsize() <= module.AHEAD
    finally:
        start = time.monotonic()
        strategy.close()
    assert time.monotonic() - start < 5
    while threading.active_count() > before and time.monotonic() - start < 10:
        time.sleep(0.01)
    assert threading.active_count() == before, "the threads that serve the program have ended"


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.slow
def test_a_program_that_reads_nothing_costs_no_memory(tmp_path: Path) -> None:
    """What it was told lay in memory line by line, with every trial and every line of its own that was refused."""
    known = Proposal.of(SPACE.parse("[relu norm]"), "other")
    trials = [Trial(number, known).end(Evaluation(Outcome.OK, 0.5, reason=f"{number:5}" * 2_000), 1.0, 1.0) for number in range(2_000)]
    strategy = Program(SPACE, command(tmp_path, f"import time\nfor text in {TEXTS[:1]!r}: print(text, flush=True)\ntime.sleep(60)"))
    tracemalloc.start()
    try:
        assert strategy.propose(trials, Random(0)) is not None
        for number in range(2_000):
            strategy._refused = 0
            strategy.refuse(Proposal.of(SPACE.parse("[relu relu]"), "proposer"), f"{number:5}" * 2_000)
        assert tracemalloc.get_traced_memory()[0] < 5_000_000
    finally:
        tracemalloc.stop()
        strategy.close()


def test_a_run_that_is_continued_goes_on_as_it_was(tmp_path: Path) -> None:
    """A new process is told of all trials; a program that follows from what it reads proposes what it would have proposed."""
    proposer = command(tmp_path, COUNTING)
    whole = [trial.text for trial in run(tmp_path, proposer, run="whole", trials=6).history]
    run(tmp_path, proposer, run="parts", trials=3)
    assert [trial.text for trial in run(tmp_path, proposer, run="parts", trials=6).history] == whole
    assert len(set(whole)) == 6


def test_what_takes_too_long_is_told_to_the_program(tmp_path: Path) -> None:
    """The cost model refuses it; the program may propose another one."""
    images = "[im2col(k=3,s=1,p=1) linear(d=2048) col2im]"
    proposer = answering(tmp_path, "[relu relu]", f"[{images} {images}]", "[norm relu]")
    result = run(tmp_path, proposer, limits=None, trials=2, final_seeds=0, time_limit=1.0)
    assert [trial.text for trial in result.history] == ["[relu relu]", "[norm relu]"]
    (refused,) = read(tmp_path, "refused")
    assert "a training is predicted to take" in refused["error"]


@pytest.mark.slow
def test_ctrl_c_ends_a_search_whose_program_thinks(tmp_path: Path) -> None:
    """At once, by exit code 130, with the command that goes on; the program has ended too."""
    source = f"import os, sys, time\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\ntime.sleep(80)\n"
    words = ["search", "digits", "--epochs", "1", "--proposer", command(tmp_path, source), "--runs", str(tmp_path), "--workers", "1"]
    process = Forked("tests.cli.alone:searching", *words)
    try:
        end = time.monotonic() + 150
        while not (tmp_path / "pid").exists() and time.monotonic() < end:
            time.sleep(0.1)
        time.sleep(0.5)
        os.kill(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.wait(0) == 130, said
    assert "interrupted after 0" in said
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_an_optimizer_asks_a_program_too(tmp_path: Path) -> None:
    """Until it has nothing more, which is one line."""
    optimizer = Optimizer(SPACE, Program(SPACE, writing(tmp_path, "[relu relu]")))
    assert optimizer.ask().text == "[relu relu]"
    with pytest.raises(SettingError, match="has nothing more to propose"):
        optimizer.ask()


@pytest.mark.slow
def test_a_settings_file_begins_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs a file of somebody else's does not run that person's commands."""
    path = tmp_path / "settings.yaml"
    path.write_text(f"task: digits\nproposer: touch {tmp_path / 'begun'}\n")
    monkeypatch.setenv("COLUMNS", "300")
    done = call("search", "--config", str(path), "--runs", str(tmp_path))
    assert done.returncode == 2
    assert "a settings file may not start a program" in done.stderr
    assert not (tmp_path / "begun").exists()
