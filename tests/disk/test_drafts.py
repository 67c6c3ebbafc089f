"""Drafts: a file of ours appears whole or not at all, and may be read by whoever may read any file of this user's."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from einspace.disk.drafts import draft_of, remove_open, write_text


@pytest.fixture(autouse=True)
def _mask() -> Iterator[None]:
    """The mask of before is there again after each test."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.parametrize(("mask", "mode"), [(0o077, 0o600), (0o022, 0o644), (0o002, 0o664), (0o000, 0o666)])
def test_who_may_read_a_file_follows_from_the_umask(tmp_path: Path, mask: int, mode: int) -> None:
    """A user whose files are private has private runs, exports and predictions."""
    os.umask(mask)
    write_text(tmp_path / "file", "text")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


def test_a_block_that_raises_leaves_what_was_there(tmp_path: Path) -> None:
    """The draft is removed, and the file is as it was."""
    file = tmp_path / "file"
    file.write_text("before")
    with pytest.raises(ZeroDivisionError), draft_of(file):
        raise ZeroDivisionError
    assert [path.read_text() for path in tmp_path.iterdir()] == ["before"]


def test_drafts_of_a_process_that_ends_at_once(tmp_path: Path) -> None:
    """Those that are being written are removed, and nothing else."""
    write_text(tmp_path / "other", "text")
    with pytest.raises(FileNotFoundError), draft_of(tmp_path / "file"):
        remove_open()
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_a_process_that_ends_as_soon_as_a_draft_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The draft is known before it is made, so that it does not stay."""
    close = os.close

    def end(descriptor: int) -> None:
        close(descriptor)
        remove_open()

    monkeypatch.setattr(os, "close", end)
    with pytest.raises(FileNotFoundError), draft_of(tmp_path / "file"):
        pass
    assert not list(tmp_path.iterdir())


def test_two_that_write_one_file_at_a_time_leave_one_whole(tmp_path: Path) -> None:
    """Neither sees the other's draft: the file is whole at any time, and in the end that of the last one."""
    file = tmp_path / "file"
    with draft_of(file) as one:
        one.write_text("one, and")
        with draft_of(file) as other:
            other.write_text("other")
        assert file.read_text() == "other"
        one.write_text("one, and the rest")
    assert file.read_text() == "one, and the rest"
    assert list(tmp_path.iterdir()) == [file]
