"""`einspace report` and `einspace runs`."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from tests.commands import call
from tests.result_samples import searched

from einspace.reporting.runs import run_table
from einspace.result import Result
from einspace.result.report import PORT


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs."""
    runs = tmp_path_factory.mktemp("runs")
    searched(runs, "one", trials=4)
    searched(runs, "two", trials=4, seed=1)
    return runs


@pytest.mark.slow
def test_a_report_is_written_beside_the_run_or_where_it_is_wished(folder: Path, tmp_path: Path) -> None:
    """The command says where; several runs are compared."""
    done = call("report", "one", "--runs", str(folder))
    assert done.returncode == 0, done.stderr
    assert (folder / "one" / "report.html").is_file()
    assert call("report", str(folder / "one"), "-o", str(tmp_path / "a.html")).returncode == 0
    assert (tmp_path / "a.html").read_text() == (folder / "one" / "report.html").read_text()
    assert call("report", "one", "two", "--runs", str(folder), "-o", str(tmp_path / "b.html")).returncode == 0
    assert "comparison of 2 runs" in (tmp_path / "b.html").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("report", "three"), "unknown run 'three'"),
        (("report", "one", "--live", "-o", "a.html"), "--live serves the page and writes no file"),
        (("report", "one", "--port", "80"), "--port is for the live page"),
        (("report", "one", "two", "--live"), "--live follows one run"),
        (("report", "one", "-o", "missing/a.html"), "missing/a.html cannot be written"),
    ],
)
def test_mistakes_are_one_line(folder: Path, words: tuple[str, ...], said: str) -> None:
    """What is wrong is said, and the exit code is 2."""
    done = call(*words, "--runs", str(folder))
    assert done.returncode == 2
    assert said in done.stderr


def test_the_port_of_a_live_report_is_the_one_that_is_given(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any that is free for 0, and without the option always the same one."""
    ports: list[int] = []

    class Server:
        address = "http://here/"

        def __init__(self, read: Callable[[], Result], run: str, port: int) -> None:
            assert read().run.name == run
            ports.append(port)

        def serve(self) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr("einspace.result.report.LiveReport", Server)
    for words in ((), ("--port", "0"), ("--port", "9417")):
        assert call("report", "one", "--live", *words, "--runs", str(folder)).stdout.startswith("The report of one is at http://here/")
    assert ports == [PORT, 0, 9417]


def test_runs_are_listed_and_a_broken_one_hides_no_other(folder: Path, tmp_path: Path) -> None:
    """Task, strategy, trials and scores of each; an empty folder is said."""
    (folder / "broken").mkdir()
    (folder / "broken" / "run.json").write_text("{}")
    done = call("runs", "--runs", str(folder), "--json")
    assert [(row["run"], row["task"], row["trials"]) for row in json.loads(done.stdout)] == [("one", "small", 4), ("two", "small", 4)]
    assert "broken" in done.stderr
    lines = call("runs", "--runs", str(folder)).stdout.splitlines()
    assert [line.split()[:4] for line in lines[2:]] == [["one", "small", "evolution", "4"], ["two", "small", "evolution", "4"]]
    assert "There are no runs" in call("runs", "--runs", str(tmp_path)).stdout


def test_a_run_has_one_line_of_a_terminal_of_80_letters() -> None:
    """With the name that a run gets where none is given."""
    row = {"run": "20261126-223642-digits", "task": "digits", "strategy": "evolution", "trials": 1_000, "validation": 0.98, "test": None}
    console = Console(file=StringIO(), width=80)
    console.print(run_table([{**row, "verdict": "better", "begun": 0.0}], 14 * 60 + 5))
    assert console.file.getvalue().splitlines()[2].split() == [  # type: ignore[attr-defined]
        "20261126-223642-digits", "digits", "evolution", "1000", "0.9800", "–", "14", "min", "better",
    ]  # fmt: skip
