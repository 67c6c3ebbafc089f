"""The report that every search leaves."""

import json
import signal
from pathlib import Path
from urllib.request import urlopen

import pytest
from tests.result_samples import searched
from tests.study_samples import ThreadExecutor

from einspace.callbacks import Callback, FollowLive
from einspace.errors import StorageError
from einspace.result import Result, load_result
from einspace.result.report import page
from einspace.study import Interrupted, Progress
from einspace.trial import SEARCH, Trial

pytestmark = pytest.mark.slow


@pytest.fixture
def writes_reports() -> bool:
    return True


def test_a_search_ends_with_its_report(tmp_path: Path) -> None:
    """It has the page of the finished run, with the test score."""
    result = searched(tmp_path, trials=5)
    html = (result.run / "report.html").read_text()
    assert result.best is not None
    assert f"{result.best.test:.4f} on test" in html


def test_a_report_that_cannot_be_written_is_one_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The search gives its result all the same."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("einspace.result.result.write_text", full)
    result: Result = searched(tmp_path, trials=5)
    assert len(result.history) == 5
    (record,) = caplog.records
    assert record.getMessage().startswith("the callback report failed and is switched off: the report ")
    assert record.getMessage().endswith("cannot be written: No space left on device")


def interrupted(folder: Path) -> Result:
    """What is stored of a search that a signal ended after its fourth trial."""

    def stop(news: Progress) -> None:
        if news.done == 4:
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(Interrupted):
        searched(folder, trials=400, executor=ThreadExecutor(delay=0.02), progress=stop)
    return load_result("test", str(folder))


def test_an_interrupted_search_leaves_its_report_too(tmp_path: Path) -> None:
    """It shows all that is stored, and is replaced when the run has gone on."""
    result = interrupted(tmp_path)
    file = tmp_path / "test" / "report.html"
    assert file.read_text() == page(result)
    assert len(result.history) >= 4
    more = searched(tmp_path, trials=len(result.history) + 1, executor=ThreadExecutor())
    assert file.read_text() == page(more)


def test_what_keeps_the_report_of_an_interrupted_search_from_being_read_hides_no_interruption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The search says what ended it, and no callback complains beside it."""

    def away(*_: object) -> None:
        raise StorageError("the database is away")

    monkeypatch.setattr("einspace.study.searching.collect", away)
    interrupted(tmp_path)
    assert not (tmp_path / "test" / "report.html").exists()
    assert caplog.records == []


def test_a_search_that_evaluated_nothing_new_leaves_the_report_as_it_is(tmp_path: Path) -> None:
    """A page that shows all of a run already is not written again, and one of another state is."""
    searched(tmp_path, trials=5)
    file = tmp_path / "test" / "report.html"
    file.write_text(file.read_text() + "as it was")
    searched(tmp_path, trials=5)
    assert file.read_text().endswith("as it was")
    searched(tmp_path, trials=6)
    assert not file.read_text().endswith("as it was")


def test_a_report_can_be_left_out(tmp_path: Path) -> None:
    """In Python by an argument; the command line has it as an option."""
    searched(tmp_path, trials=4, report=False)
    assert not (tmp_path / "test" / "report.html").exists()


def test_a_live_report_lasts_as_long_as_the_search(tmp_path: Path) -> None:
    """Its address is said when the search begins, shows what is stored by then, and is closed at the end."""
    addresses: list[str] = []
    pages: list[str] = []
    lines: list[str] = []

    class Look(Callback):
        def trial(self, trial: Trial, best: float | None) -> None:
            if trial.number == 3:
                pages.append(urlopen(addresses[0], timeout=30).read().decode())

        def progress(self, news: Progress) -> None:
            if news.phase == SEARCH and news.standing:
                lines.extend(json.loads(urlopen(f"{addresses[0]}now", timeout=30).read()))

    searched(tmp_path, trials=6, callbacks=[FollowLive(addresses.append), Look()])
    assert "einspace report of the run <b>test</b>" in pages[0]
    assert any(line.startswith("So far: trial ") for line in lines)
    assert any(line.startswith("trial 5: ") and " parameters, for " in line for line in lines)
    with pytest.raises(OSError, match="refused"):
        urlopen(addresses[0], timeout=5)
