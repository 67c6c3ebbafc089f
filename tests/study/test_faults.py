"""Facts about searches to which bad things happen: no finished trial is lost, none counts twice, and the message says how to go on."""

import json
import os
import random
import re
import shutil
import signal
import sqlite3
import tempfile
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from tests.architectures import BULK
from tests.study_samples import EVOLUTION, SAMPLED, SMALL, Driver, ThreadExecutor, score, small_task

from einspace.errors import RunError
from einspace.evaluation import Context, NotANumber, Outcome, Work
from einspace.executors import ProcessExecutor
from einspace.result import Result, load_result
from einspace.run.folder import STUDY, Run
from einspace.space import Architecture
from einspace.storage import Database, StudyStore
from einspace.storage.backup import EVERY, back_up, backup_of
from einspace.study import driver, search
from einspace.trial import Trial

TRIALS = 16 * BULK
"""Of a run whose driver is killed half as often."""

EXTRA = 3
"""SQLite's number of the setting `synchronous` that waits for everything."""


def drive(folder: Path, trials: int, name: str = "killed", **options: Any) -> Result:
    """Drive a run in this process, as `Driver` does in one of its own."""
    settings: dict[str, Any] = {"workers": 1, "limits": SMALL, **EVOLUTION, **options}
    workers = settings["workers"]
    settings.setdefault("executor", ThreadExecutor(workers=workers))
    return search(small_task(), trials=trials, run=name, runs=folder, **settings)


def compared(result: Result) -> list[tuple[Any, ...]]:
    """What two runs must share, trial by trial."""
    return [(row.number, row.text, row.value, row.origin, row.parents, row.outcome, row.reused) for row in result.history]


def check_database(folder: Path, name: str = "killed") -> int:
    """The database is sound and no position ended twice; returns how many ended: none where a driver died before its tables were made."""
    file = Run(folder, name).database
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if not {"trials", "studies", "trial_user_attributes"} <= {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}:
            return 0
        query = (
            "SELECT record.value_json FROM trials JOIN trial_user_attributes AS record ON record.trial_id = trials.trial_id "
            "JOIN studies ON studies.study_id = trials.study_id "
            f"WHERE record.key = 'trial' AND trials.state IN ('COMPLETE', 'PRUNED') AND study_name = '{STUDY}'"
        )
        numbers = [json.loads(row[0])["number"] for row in connection.execute(query)]
    assert len(set(numbers)) == len(numbers)
    return len(numbers)


@pytest.mark.processes
def test_kills_change_nothing(tmp_path: Path) -> None:
    """A run whose driver is killed at random moments equals one that was never killed, and never loses what had finished."""
    whole = drive(tmp_path, TRIALS, "whole")
    rng, done, kills = random.Random(0), 0, 0
    while kills < TRIALS // 2:
        with Driver(tmp_path, TRIALS, delay=0.3 if kills % 3 else 1.5) as process:  # a fast machine starts in a moment
            if kills % 3:
                process.wait_for(done + 1)  # else it may be killed while it starts
            time.sleep(rng.uniform(0.0, 0.2) if kills % 3 else rng.uniform(0.5, 3.0))
        kills += 1
        if Run(tmp_path, "killed").database.exists():
            before, done = done, check_database(tmp_path)
            assert done >= before
    assert 0 < done < TRIALS
    resumed = drive(tmp_path, TRIALS)
    assert compared(resumed) == compared(whole)
    assert check_database(tmp_path) == TRIALS


@pytest.mark.processes
def test_what_a_driver_has_told_is_on_the_disk(tmp_path: Path, durable: type[sqlite3.Connection], monkeypatch: pytest.MonkeyPatch) -> None:
    """The last trial that a driver told of before it was killed is stored; nor could a power cut undo it: commits wait for the disk."""
    monkeypatch.setattr("einspace.storage.database._Durable", durable)
    with Driver(tmp_path, 1000) as process:
        process.wait_for(5)
        process.kill()
    assert check_database(tmp_path) >= 5
    database = Database.of_file(Run(tmp_path, "killed").database, STUDY)
    with closing(create_engine(database.url, **database.options).connect()) as connection:
        pragmas = [connection.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous")]
    assert pragmas == ["delete", EXTRA]


def hazard(architecture: Architecture, context: Context) -> float:
    """One of six architectures kills its worker, one never ends, one has no number for a loss, one wants all the memory there is."""
    chance = score(str(architecture))
    if chance < 0.2:
        os.kill(os.getpid(), signal.SIGKILL)
    if chance < 0.4:
        time.sleep(3600)
    if chance < 0.5:
        raise NotANumber((1.0, float("nan")))
    if chance < 0.7:
        bytearray(2**50)
    return chance


@pytest.mark.processes
def test_workers_that_die_hang_or_diverge_end_no_search(tmp_path: Path) -> None:
    """Each such trial ends with its outcome and a reason, the others as usual, and no worker is missing afterwards."""
    with ProcessExecutor(Work(hazard, small_task().input), 2) as executor:
        result = drive(tmp_path, 16, workers=2, executor=executor, time_limit=1.0, **SAMPLED)
    expected = {row.number: score(row.text) for row in result.history if row.reused is None}
    assert [row.number for row in result.history] == list(range(16))
    for row in result.history:
        if row.number in expected:
            chance = expected[row.number]
            outcome = (
                "crashed"
                if chance < 0.2
                else "timeout"
                if chance < 0.4
                else "nan"
                if chance < 0.5
                else "out-of-memory"
                if chance < 0.7
                else "ok"
            )
            assert (row.outcome, bool(row.reason)) == (outcome, outcome != "ok")
    assert {"crashed", "timeout", "nan", "out-of-memory", "ok"} <= set(result.outcomes)
    check_database(tmp_path)


@pytest.mark.processes
def test_a_full_disk_ends_a_search_that_can_go_on(tmp_path: Path) -> None:
    """When nothing more can be written the driver says which database, why, and how to go on; with room, it does."""
    drive(tmp_path, 1)
    room = Run(tmp_path, "killed").database.stat().st_size + 20_000
    whole = drive(tmp_path, 32, "whole")
    with Driver(tmp_path, 32, file_size=room) as process:
        code, said, complained = process.end()
    assert (code, complained) == (2, "")
    assert "study.db cannot be used: " in said
    assert "the same command goes on" in said
    done = check_database(tmp_path)
    assert 0 < done < 32
    resumed = drive(tmp_path, 32)
    assert compared(resumed)[:done] == compared(whole)[:done]
    assert check_database(tmp_path) == sum(row.value is not None for row in resumed.history) == 32


@pytest.mark.processes
def test_a_database_that_another_process_holds_is_waited_for(tmp_path: Path) -> None:
    """Five seconds of somebody else's exclusive transaction cost five seconds, and nothing else."""
    whole = drive(tmp_path, 12, "whole")
    held: list[float] = []

    def hold(_: object) -> None:
        if not held:
            held.append(time.monotonic())
            threading.Thread(target=keep).start()
            time.sleep(0.2)

    def keep() -> None:
        with closing(sqlite3.connect(Run(tmp_path, "killed").database, timeout=10, isolation_level=None)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            time.sleep(5)
            connection.execute("COMMIT")

    result = drive(tmp_path, 12, progress=hold)
    assert time.monotonic() - held[0] >= 5
    assert compared(result) == compared(whole)
    assert check_database(tmp_path) == 12


@pytest.mark.slow
def test_a_damaged_database_is_refused_and_its_backup_goes_on(tmp_path: Path) -> None:
    """What a crashed disk leaves is never continued: the message names the copy, and how to go on from it."""
    whole = drive(tmp_path, 12, "whole")
    drive(tmp_path, 8)
    file = Run(tmp_path, "killed").database
    content = bytearray(file.read_bytes())
    content[5000:40000] = os.urandom(35000)
    file.write_bytes(content)
    damaged = r"study\.db cannot be used: it is damaged .*study\.backup\.db.* the same command goes on"
    with pytest.raises(RunError, match=damaged):
        drive(tmp_path, 12)
    with pytest.raises(RunError, match=damaged):
        load_result("killed", str(tmp_path))
    shutil.copy(backup_of(file), file)
    assert compared(drive(tmp_path, 12)) == compared(whole)
    file.unlink()
    with pytest.raises(RunError, match=r"study\.db is gone; a backup of .*study\.backup\.db"):
        drive(tmp_path, 12)


@pytest.mark.processes
def test_a_long_run_is_copied_while_it_goes_on(tmp_path: Path) -> None:
    """A driver that is killed leaves a sound copy of an earlier state, with all that had finished by then."""
    with Driver(tmp_path, 1000) as process:
        process.wait_for(EVERY + 5)
    file = backup_of(Run(tmp_path, "killed").database)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        (count,) = connection.execute("SELECT COUNT(*) FROM trials WHERE state = 'COMPLETE'").fetchone()
    assert EVERY - 1 <= count <= EVERY + 5


def test_a_copy_that_cannot_be_written_or_has_fewer_trials_leaves_the_last_one(tmp_path: Path) -> None:
    """The copy is whole or not there, never one with fewer trials, and a search does not end for want of it."""
    drive(tmp_path, 2)
    file = Run(tmp_path, "killed").database
    before = backup_of(file).read_bytes()
    shutil.copy(file, tmp_path / "more.db")
    drive(tmp_path, 4)
    more = backup_of(file).read_bytes()
    shutil.copy(tmp_path / "more.db", file)
    assert not back_up(file)
    assert backup_of(file).read_bytes() == more != before
    backup_of(file).unlink()
    backup_of(file).mkdir()
    assert not back_up(file)
    assert [path.name for path in backup_of(file).parent.iterdir() if path.name.startswith(".")] == []
    backup_of(file).rmdir()
    assert len(drive(tmp_path, 4).history) == 4


DAMAGES = {
    "a record": "UPDATE trial_user_attributes SET value_json = replace(value_json, '\"number\": 0', '\"number\": 1') WHERE key = 'trial'",
    "a record that is gone": "DELETE FROM trial_user_attributes WHERE key = 'trial' AND trial_id = 1",
    "a value": "UPDATE trial_values SET value = value + 1 WHERE trial_id = 1",
    "a note": "UPDATE study_user_attributes SET value_json = replace(value_json, 'seed', 'weed') WHERE key = 'settings'",
    "a trial that is gone": "DELETE FROM trials WHERE trial_id = 1",
}
"""What damage does to a study while its driver, which has read that long ago, goes on."""


@pytest.mark.slow
@pytest.mark.parametrize("what", DAMAGES)
def test_a_sound_copy_is_not_replaced_by_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    """Damage to old rows, which the driver does not read again, is said once and not copied; the copy goes on where it was made."""
    monkeypatch.setattr(driver, "EVERY", 1)
    drive(tmp_path, 2)
    file = Run(tmp_path, "killed").database
    copies: list[bytes] = []
    end = StudyStore.end

    def harming(store: StudyStore, trial: Trial) -> bool:
        if trial.number == 4 and not copies:
            with closing(sqlite3.connect(file)) as connection, connection:
                assert connection.execute(DAMAGES[what]).rowcount
            copies.append(backup_of(file).read_bytes())
        return end(store, trial)

    monkeypatch.setattr(StudyStore, "end", harming)
    with suppress(RunError):  # notes are read again, and so their damage ends the search
        drive(tmp_path, 8)
    assert backup_of(file).read_bytes() == copies[0]
    (line,) = [record.getMessage() for record in caplog.records if "is damaged" in record.getMessage()]
    assert re.search(r"study\.db is damaged \(.*\).*not copied.*a backup of .*`cp .*study\.backup\.db", line)
    with pytest.raises(RunError, match="it is damaged"):
        load_result("killed", str(tmp_path))
    shutil.copy(backup_of(file), file)
    assert len(drive(tmp_path, 8).history) == 8
    assert backup_of(file).read_bytes() != copies[0]


def test_nothing_is_copied_of_a_database_that_is_gone(tmp_path: Path) -> None:
    """Where the folder of a run is deleted and made again by a worker, neither a database nor a copy of nothing appears in it."""
    file = tmp_path / "study.db"
    assert not back_up(file)
    assert list(tmp_path.iterdir()) == []
    file.touch()
    assert not back_up(file)
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """Nothing is evaluated before the folder is known to take the results."""
    (tmp_path / "file").write_text("")
    executor = ThreadExecutor()
    with pytest.raises(RunError, match=r"the folder .*file/killed cannot be used: Not a directory"):
        drive(tmp_path / "file", 2, executor=executor)
    assert executor.requests == []


def test_a_read_only_run_is_refused() -> None:
    """A run that this user may not write is named; its results stay as they are."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        drive(folder, 2)
        run = folder / "killed"
        for path in (*run.iterdir(), run):
            path.chmod(0o555 if path.is_dir() else 0o444)
        root = os.geteuid() == 0
        if root:  # permissions do not bind root: be nobody for a while
            os.seteuid(65534)
        try:
            with pytest.raises(RunError, match=r"the lock .*killed/study\.db\.lock cannot be used: Permission denied"):
                drive(folder, 4)
        finally:
            if root:
                os.seteuid(0)
            run.chmod(0o755)
        (run / "study.db").chmod(0o644)
        assert check_database(folder) == 2


@pytest.mark.slow
def test_a_clock_that_jumps_changes_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Durations do not come from the time of day: an hour back, then an hour on, and every figure is as it should be."""
    whole = drive(tmp_path, 10, "whole")
    real, shift = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: real() + shift[0])

    def jump(_: object) -> None:
        shift[0] = 3600.0 if shift[0] < 0 else -3600.0

    start = time.monotonic()
    result = drive(tmp_path, 10, progress=jump)
    spent = time.monotonic() - start
    assert compared(result) == compared(whole)
    assert all(0 <= seconds <= spent + 1 for name, seconds in result.seconds.items())
    assert result.outcomes == {Outcome.OK.value: 10}
