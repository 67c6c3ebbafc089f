"""Facts about searches whose PostgreSQL server goes away: evaluations go on, and every finished trial is stored once."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from optuna.trial import TrialState
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from tests.executors.waiting import gone, until
from tests.postgres import Server, required
from tests.study.test_drivers import check_once, here, record_of, trials_of
from tests.study_samples import EVOLUTION, SMALL, Driver, ThreadExecutor, good, small_task

from einspace.errors import StorageError
from einspace.evaluation.outcome import Evaluation, Outcome, Request
from einspace.storage import Database, StudyStore
from einspace.storage.outage import Outage
from einspace.study import search
from einspace.trial import SEARCH, Costs, Proposal, Trial

pytestmark = [pytest.mark.timeout(120), pytest.mark.processes]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server that the tests of this file stop and start."""
    yield from required()


def disconnect(server: Server) -> None:
    """What an administrator can do to all connections but the own one."""
    with closing(psycopg.connect(server.url.replace("+psycopg", ""))) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid() AND usename = 'einspace'")


def away(text: str) -> list[str]:
    return [line for line in text.splitlines() if "is away" in line]


def test_two_drivers_outlive_three_outages(server: Server, tmp_path: Path) -> None:
    """Connections that are dropped, a crash with a restart, and five seconds without a server, which is longer than a driver is waited
    for: no trial is lost, doubled or taken from a living driver, and each driver tells of each outage in one line at most.
    """
    options: dict[str, Any] = {"workers": 2, "delay": 0.3, "storage": server.url, "run": "away"}
    with Driver(tmp_path / "a", 36, **options) as one, Driver(tmp_path / "b", 36, **options) as two:
        one.wait_for(4)
        disconnect(server)
        one.wait_for(12)
        server.stop()
        server.start()
        one.wait_for(24)
        server.stop()
        time.sleep(5)
        server.start()
        results = [one.end(), two.end()]
    for code, _, complained in results:
        assert code == 0, complained
        assert 1 <= len(away(complained)) <= 3
        assert complained.splitlines() == away(complained)
    check_once(server.url, "away", 36, locks_held=False)
    begun = [trial for trial in trials_of(server.url, "away") if trial.datetime_start is not None]  # a twin of a lost answer never is
    done = {record_of(trial).number: trial.number for trial in begun if trial.state == TrialState.COMPLETE}
    failed = [trial for trial in begun if trial.state != TrialState.COMPLETE]  # dropped by who lost the lock: the earlier attempt goes on
    attempts = [(trial.number, record_of(trial).number, trial.state.name, trial.datetime_start) for trial in begun]
    assert [trial.number for trial in failed if done[record_of(trial).number] > trial.number] == [], attempts
    assert [trial.number for trial in failed if record_of(trial).evaluation is not None] == []


def test_an_outage_beyond_the_patience_ends_the_command(server: Server, tmp_path: Path) -> None:
    """One line when it begins; then what happened, that what had finished is stored, the command to go on, exit code 2 and no worker."""
    words = ["search", "digits", "--trials", "30", "--workers", "1", "--epochs", "1", "--max-parameters", "50000", "--max-flops", "2000000"]
    command = [sys.executable, "-m", "einspace.cli", *words, "--storage", server.url, "--patience", "1", "--runs", str(tmp_path)]
    process = subprocess.Popen([*command, "--run", "gone"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert until(lambda: finished(server, "gone") >= 1, seconds=60)
        family = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
        before = finished(server, "gone")
        server.stop()
        said, complained = process.communicate(timeout=60)
    finally:
        process.kill()
        server.start()
    assert (process.returncode, said) == (2, "")
    assert len(away(complained)) == 1
    message = complained[complained.index("error: ") :]
    assert "was away for over 1 seconds: connection" in message
    assert "Finished evaluations are stored: the same command goes on once it is back:" in message
    assert message.splitlines()[-1].strip().startswith("einspace search digits --trials 30")
    assert message.splitlines()[-1].strip().endswith("--run gone")
    assert "Traceback" not in complained
    assert family
    assert until(lambda: all(gone(pid) for pid in family), seconds=10)
    assert finished(server, "gone") >= before


def finished(server: Server, name: str) -> int:
    """How many trials of a study have ended, as the server itself counts them."""
    query = "SELECT COUNT(*) FROM trials JOIN studies USING (study_id) WHERE study_name = %s AND state NOT IN ('RUNNING', 'WAITING')"
    with closing(psycopg.connect(server.url.replace("+psycopg", ""))) as connection:
        try:
            return int(connection.execute(query, (name,)).fetchall()[0][0])
        except psycopg.errors.UndefinedTable:
            return 0


def test_an_answer_that_is_lost_doubles_nothing(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial that was stored is found again and not made anew; an end that was stored is not an error, but somebody else's end is one."""
    commit = Session.commit
    for moment in range(1, 6):  # whatever is asked first, second, ... for a trial that begins and for one that ends
        lost: list[int] = []

        def committed(session: Session, moment: int = moment, lost: list[int] = lost) -> None:
            commit(session)
            lost.append(1)
            if len(lost) == moment:
                raise OperationalError("COMMIT", {}, psycopg.OperationalError("the answer was lost"))

        with StudyStore.open(Database(server.url, f"answers-{moment}"), higher_is_better=True) as store:
            trial = Trial(0, Proposal("[relu norm]", "key", Costs(0), "sample"), started=1.0)
            ended = trial.end(Evaluation(Outcome.OK, 0.5), 1.0, 2.0)
            with monkeypatch.context() as patch:
                patch.setattr(Session, "commit", committed)
                assert store.begin(trial)
                begun = len(lost)
                lost.clear()
                assert store.end(ended)
                assert max(begun, len(lost)) >= moment
            store.rescue()
            (stored,) = [found for found in trials_of(server.url, f"answers-{moment}") if found.state != TrialState.FAIL]
            assert (stored.state, stored.value, record_of(stored)) == (TrialState.COMPLETE, 0.5, ended)
            store.sync()
            assert store.begin(trial) is False


def test_a_lost_lock_doubles_no_position(server: Server, tmp_path: Path) -> None:
    """A driver that loses its lock while it asks, so that another one asks too, drops what it proposed and asks again."""
    others: list[int] = []

    class Interrupted(ThreadExecutor):
        def submit(self, request: Request, *rest: Any) -> Any:
            if len(self.requests) == 3 and not others:
                others.append(3)
                disconnect(server)
                result, _ = here(server.url, tmp_path / "b", "lock", 8)
                others.append(len(result.history))
            return super().submit(request, *rest)

    settings: dict[str, Any] = {"workers": 1, "limits": SMALL, **EVOLUTION}
    executor = Interrupted(good)
    result = search(small_task(), trials=10, run="lock", runs=tmp_path / "a", storage=server.url, executor=executor, **settings)
    assert len(result.history) == 10
    assert others == [3, 8]
    check_once(server.url, "lock", 10, locks_held=False)


def test_a_lost_lock_makes_no_attempt(server: Server) -> None:
    """Who lost the lock of asking with its connection makes no attempt at a trial that another driver may have begun meanwhile."""
    proposal = Proposal("[relu norm]", "key", Costs(0), "sample")
    with StudyStore.open(Database(server.url, "late"), True) as store, StudyStore.open(Database(server.url, "late"), True) as other:
        with store.asking():
            disconnect(server)
            with other.asking():
                assert other.begin(Trial(0, proposal, started=1.0))
            assert not store.begin(Trial(0, proposal, started=2.0))
        store.sync()
        assert store.phase(SEARCH).running() == {0}
        with store.asking():
            assert store.begin(Trial(1, proposal, started=3.0))
        assert [trial.state for trial in trials_of(server.url, "late")] == [TrialState.RUNNING] * 2


def test_nobody_is_taken_for_dead_while_the_server_was_away(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signs of life that are missed count from the moment on when the server was there to take them."""
    monkeypatch.setattr("einspace.storage.store.GRACE", 3)  # longer than a busy machine takes to start the server

    def running() -> bool:
        other.rescue()
        return bool(other.phase(SEARCH).running())

    database = Database(server.url, "alive")
    with StudyStore.open(database, higher_is_better=True) as store, StudyStore.open(Database(server.url, "alive"), True) as other:
        assert store.begin(Trial(0, Proposal("[relu norm]", "key", Costs(0), "sample")))
        server.stop()
        time.sleep(3.1)
        server.start()
        assert running()
        with StudyStore.open(Database(server.url, "alive"), True) as fresh:
            fresh.rescue()
            assert fresh.phase(SEARCH).running() == {0}
        assert until(lambda: not running(), seconds=20)
        assert [trial.number for trial in other.phase(SEARCH).interrupted()] == [0]


def test_patience(caplog: pytest.LogCaptureFixture) -> None:
    """An outage is one line of the log however many notice it; who has waited long enough says so once, and nobody waits any more."""
    failing = [True]

    def action(again: bool) -> bool:
        if failing[0]:
            error = psycopg.OperationalError("connection refused\nIs it there?")
            raise OperationalError("SELECT", {}, error) from error
        return again

    outage = Outage("somewhere", 0.2)
    with pytest.raises(StorageError, match=r"somewhere was away for over 0\.2 seconds: connection refused\. Finished evaluations"):
        outage.survive(action)
    failing[0] = False
    with pytest.raises(StorageError):
        outage.survive(action)
    assert [record.getMessage() for record in caplog.records] == [
        "the database somewhere is away (connection refused): evaluations go on, and their results wait up to 0.2 s until it is back"
    ]
