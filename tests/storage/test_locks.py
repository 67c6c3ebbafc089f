"""Facts about locks: on file systems that lock otherwise than a local disk, and on those that cannot lock."""

import errno
import os
import struct
from pathlib import Path

import pytest

from einspace.errors import RunError
from einspace.storage import Database, StudyStore, database, locks

fcntl = pytest.importorskip("fcntl", reason="this system has no locks of POSIX")


def as_over_nfs(descriptor: int, *, blocking: bool) -> bool:
    """Lock every byte of a file for one descriptor, as NFS does in place of flock: not even the same process may lock a byte elsewhere."""
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
    except (BlockingIOError, PermissionError):
        return False
    return not blocking


@pytest.mark.skipif(not hasattr(fcntl, "F_OFD_SETLK"), reason="this system has no locks of a descriptor")
def test_a_driver_does_not_lock_itself_out_over_nfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock of the driver is not on a byte of the database's, so SQLite's own locks are free; a second driver is still refused."""
    monkeypatch.setattr(locks, "lock_descriptor", as_over_nfs)
    monkeypatch.setattr(database, "BUSY", 0.1)
    file = tmp_path / "study.db"
    with Database.of_file(file, "test").driving():
        with StudyStore.open(Database.of_file(file, "test"), True) as store:
            store.note("settings", {"seed": 0})
        with pytest.raises(RunError, match=f"driven by another process .process {os.getpid()}"), Database.of_file(file, "test").driving():
            pass
    with Database.of_file(file, "test").driving():
        pass


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS])
def test_a_folder_that_cannot_lock_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """The message is one line, with the lock, what the system says, and where a run can be."""

    def refuse(_: int, *, blocking: bool) -> bool:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(locks, "lock_descriptor", refuse)
    message = rf"^the lock .*study\.db\.lock cannot be used: {os.strerror(number)}.*--runs.*--storage"
    with pytest.raises(RunError, match=message), Database.of_file(tmp_path / "study.db", "test").driving():
        pass
