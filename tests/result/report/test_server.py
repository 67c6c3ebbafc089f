"""The report of a run that lies in a PostgreSQL server: written, and followed while the search goes on."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from tests.commands import call
from tests.forked import Forked
from tests.postgres import required
from tests.result_samples import searched

from einspace.result import load_result
from einspace.result.report import page


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a server for the tests of this file."""
    for server in required():
        yield server.url


@pytest.mark.slow
def test_a_report_is_written_from_the_server(url: str, tmp_path: Path) -> None:
    """With the address of the database, and from any folder; without it one line says that there is no such run here."""
    result = searched(tmp_path / "runs", "written", trials=5, storage=url)
    file = tmp_path / "a.html"
    done = call("report", "written", "--runs", str(tmp_path / "elsewhere"), "--storage", url, "-o", str(file))
    assert done.returncode == 0, done.stderr
    loaded = load_result("written", str(tmp_path / "elsewhere"), url)
    assert file.read_text() == page(loaded)
    assert [trial.text for trial in loaded.history] == [trial.text for trial in result.history]
    refused = call("report", "written", "--runs", str(tmp_path / "elsewhere"))
    assert (refused.returncode, "unknown run 'written'" in refused.stderr) == (2, True)


@pytest.mark.slow
def test_a_live_report_follows_a_search_in_the_server(url: str, tmp_path: Path) -> None:
    """A program that only reads shows what the search has stored by then, and Ctrl-C ends it."""
    searched(tmp_path / "runs", "followed", trials=4, storage=url)
    words = ["report", "followed", "--runs", str(tmp_path / "elsewhere"), "--storage", url, "--live", "--port", "0"]
    process = Forked("tests.cli.alone:run", *words)
    try:
        address = next(word for word in process.stdout.readline().split() if word.startswith("http")).rstrip(";")
        assert "All 4 trials" in fetched(address)
        searched(tmp_path / "runs", "followed", trials=7, storage=url)
        end = time.monotonic() + 60
        while "All 7 trials" not in (text := fetched(address)) and time.monotonic() < end:
            time.sleep(0.5)
        assert "All 7 trials" in text
        os.kill(process.pid, signal.SIGINT)
        _, complained = process.communicate(timeout=60)
        assert process.wait(0) == 0, complained
    finally:
        process.kill()


def fetched(address: str) -> str:
    """The page."""
    with urlopen(address, timeout=150) as answer:
        text: str = answer.read().decode()
    return text
