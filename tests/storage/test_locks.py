"""Facts about locks: on file systems that lock otherwise than a local disk, and on those that cannot lock."""

import errno
import os
import struct
from pathlib import Path

import optuna
import pytest

from einspace.errors import RunError
from einspace.evaluation.outcome import Evaluation, Outcome
from einspace.storage import Database, StudyStore, database, locks
from einspace.storage.backup import backup_of
from einspace.trial import Costs, Proposal, Trial

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


def test_a_driver_whose_working_folder_changes_holds_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An objective of the user's may change it; a path that was relative is that of the folder where the run began."""
    monkeypatch.chdir(tmp_path)
    held = Database.of_file(Path("study.db"), "study")
    with held.driving():
        monkeypatch.chdir("/")
        held.check_held()


def test_a_study_of_the_user_s_own_in_the_file_is_not_checked(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Optuna's trials have no record of ours: the file was called damaged, and not copied any more."""
    file = tmp_path / "optuna.db"
    mine = optuna.create_study(study_name="mine", storage=f"sqlite:///{file}")
    mine.set_user_attr("note", "of mine")
    mine.add_trial(optuna.trial.create_trial(value=1.0))
    with StudyStore.open(Database(f"sqlite:///{file}", "ours"), higher_is_better=True) as store:
        trial = Trial(0, Proposal("[relu]", "key", Costs(0), "sample"), seed=0)
        store.begin(trial)
        store.end(trial.end(Evaluation(Outcome.OK, 0.5), 1.0, 1.0))
        store.database.back_up()
    assert backup_of(file).is_file()
    assert "damaged" not in caplog.text
