"""The report that every search leaves."""

from pathlib import Path
from urllib.request import urlopen

import pytest
from tests.result_samples import searched

from einspace.callbacks import Callback, FollowLive
from einspace.result import Result
from einspace.trial import Trial


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


def test_a_live_report_lasts_as_long_as_the_search(tmp_path: Path) -> None:
    """Its address is said when the search begins, shows what is stored by then, and is closed at the end."""
    addresses: list[str] = []
    pages: list[str] = []

    class Look(Callback):
        def trial(self, trial: Trial, best: float | None) -> None:
            if trial.number == 3:
                pages.append(urlopen(addresses[0], timeout=30).read().decode())

    searched(tmp_path, trials=6, callbacks=[FollowLive(addresses.append), Look()])
    assert "einspace report of the run <b>test</b>" in pages[0]
    with pytest.raises(OSError, match="refused"):
        urlopen(addresses[0], timeout=5)
