"""Facts about several drivers that share one study in PostgreSQL, in real processes with a real server."""

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import create_engine, inspect, text
from tests.postgres import required
from tests.study_samples import EVOLUTION, SMALL, Driver, ThreadExecutor, small_task
from tests.test_result import served

from einspace.errors import RunError
from einspace.result import Result, load_result
from einspace.run.folder import Run
from einspace.storage import Database, StudyStore
from einspace.storage.records import unsealed
from einspace.study import search
from einspace.trial import Trial

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a server for the tests of this file."""
    for server in required():
        yield server.url


@contextmanager
def opened(url: str, name: str) -> Iterator[optuna.Study]:
    """A study, as anyone with Optuna sees it."""
    storage = optuna.storages.RDBStorage(url)
    try:
        yield optuna.load_study(study_name=name, storage=storage)
    finally:
        storage.remove_session()
        storage.engine.dispose()


def trials_of(url: str, name: str) -> list[FrozenTrial]:
    """All of its trials, as Optuna has them."""
    with opened(url, name) as study:
        return study.get_trials()


def record_of(trial: FrozenTrial) -> Trial:
    """What we have stored with one of Optuna's trials."""
    return Trial.from_json(unsealed(trial.user_attrs["trial"]))


def ended(trial: FrozenTrial) -> bool:
    """Whether it says what came of its record."""
    outcome = record_of(trial).outcome
    return outcome is not None and (trial.state == TrialState.COMPLETE) == (outcome == "ok") and trial.state != TrialState.RUNNING


def check_once(url: str, name: str, trials: int, locks_held: bool = True) -> None:
    """Every number ended exactly once, in the search and in the final trainings, and nothing runs or waits.

    Whoever loses the lock while it asks drops its proposal, which stays behind as an attempt that failed.
    """
    for study in (name, f"{name}/finals"):
        found = trials_of(url, study)
        assert not [trial for trial in found if not trial.state.is_finished()]
        done = [record_of(trial) for trial in found if ended(trial)]
        if study == name:
            assert sorted(trial.number for trial in done) == list(range(trials))
        identities = [(trial.phase, trial.identity) for trial in done if trial.reused is None]
        assert len(set(identities)) == len(identities)
        texts: dict[tuple[str, int], str] = {}
        for trial in map(record_of, found):
            assert not locks_held or texts.setdefault((trial.phase, trial.number), trial.text) == trial.text


def here(url: str, folder: Path, name: str, trials: int, **options: Any) -> tuple[Result, ThreadExecutor]:
    """A driver in this process."""
    executor = ThreadExecutor(workers=2)
    settings: dict[str, Any] = {"workers": 2, "limits": SMALL, **EVOLUTION, **options}
    return search(small_task(), trials=trials, run=name, runs=folder, storage=url, executor=executor, **settings), executor


def test_two_drivers_share_a_study(url: str, tmp_path: Path) -> None:
    """Two processes on the same storage and name: each position ends once, both do some, and the final trainings are done once."""
    options: dict[str, Any] = {"workers": 2, "delay": 0.3, "storage": url, "run": "two"}
    with Driver(tmp_path / "a", 24, **options) as one, Driver(tmp_path / "b", 24, **options) as two:
        results = [one.end(), two.end()]
    assert [(code, complained) for code, _, complained in results] == [(0, ""), (0, "")]
    check_once(url, "two", 24)
    with opened(url, "two") as study:
        sessions = [note for name, note in study.user_attrs.items() if name.startswith("session ")]
    assert len(sessions) == 2
    assert all(session["evaluating"] > 0 for session in sessions)
    result = load_result("two", str(tmp_path), url)
    assert max(session["search"] for session in sessions) <= result.seconds["total"] + 0.001
    assert result.seconds["total"] < sum(session["search"] + session["final"] for session in sessions)
    assert result.best is not None
    assert result.best.validation is not None
    assert result.best.test == pytest.approx(result.best.validation + 1)


def test_a_driver_that_is_killed_is_replaced(url: str, tmp_path: Path) -> None:
    """After SIGKILL of one of two, the other takes over its running trials once the heartbeat has been silent, and nothing is lost."""
    with (
        Driver(tmp_path, 20, workers=2, delay=0.4, storage=url, run="kill") as one,
        Driver(tmp_path, 20, workers=2, delay=0.4, storage=url, run="kill") as two,
    ):
        one.wait_for(6)
        time.sleep(0.2)  # in the middle of evaluations
        one.kill()
        left = [record_of(trial).number for trial in trials_of(url, "kill") if trial.state == TrialState.RUNNING]
        code, _, complained = two.end()
    assert (code, complained) == (0, "")
    assert left
    check_once(url, "kill", 20)
    assert [trial for trial in trials_of(url, "kill") if trial.state == TrialState.FAIL and not ended(trial)]


def test_drivers_with_a_strategy_that_thinks_for_long_live(url: str, tmp_path: Path) -> None:
    """Nobody is taken for dead who thinks, or waits for another one to have thought, for longer than a driver may be silent."""
    options: dict[str, Any] = {"workers": 2, "delay": 4.0, "storage": url, "run": "slow", "heartbeat": 1, "grace": 3, "thinking": 4.0}
    with Driver(tmp_path / "a", 5, **options) as one, Driver(tmp_path / "b", 5, **options) as two:
        results = [one.end(), two.end()]
    assert [(code, complained) for code, _, complained in results] == [(0, ""), (0, "")]
    check_once(url, "slow", 5)
    assert not [trial for trial in trials_of(url, "slow") if trial.state == TrialState.FAIL and not ended(trial)]


def test_a_driver_that_was_taken_for_dead_does_no_harm(url: str, tmp_path: Path) -> None:
    """A trial that was failed while its driver slept is tried again; the late score is dropped, and the driver goes on."""
    stolen: list[int] = []

    def steal(progress: Any) -> None:
        if not stolen:
            with opened(url, "slept") as study:
                trial = next(trial for trial in study.get_trials() if trial.state == TrialState.RUNNING)
                stolen.append(record_of(trial).number)
                study.tell(trial.number, state=TrialState.FAIL)

    executor = ThreadExecutor(workers=2, delay=0.3)
    settings: dict[str, Any] = {"workers": 2, "limits": SMALL, **EVOLUTION}
    search(small_task(), trials=10, run="slept", runs=tmp_path, storage=url, executor=executor, progress=steal, **settings)
    assert stolen
    check_once(url, "slept", 10)


@pytest.mark.parametrize("moment", ["before its result is stored", "after it"])
def test_a_trial_that_is_taken_at_its_end_is_tried_again(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    """A trial that another driver fails just before or just after its result is stored is dropped; the driver goes on."""
    stolen: list[int] = []
    end = StudyStore.end

    def steal() -> None:
        with opened(url, name) as study:
            trial = next(trial for trial in study.get_trials() if trial.state == TrialState.RUNNING)
            stolen.append(trial.number)
            study.tell(trial.number, state=TrialState.FAIL)

    def stealing(store: StudyStore, trial: Trial) -> bool:
        if not stolen and moment != "after it":
            steal()
        return end(store, trial)

    change = optuna.storages.RDBStorage.set_trial_state_values

    def changing(storage: optuna.storages.RDBStorage, trial_id: int, state: TrialState, values: Any = None) -> bool:
        if not stolen and moment == "after it" and state == TrialState.COMPLETE:
            steal()
        return change(storage, trial_id, state, values)

    monkeypatch.setattr(StudyStore, "end", stealing)
    monkeypatch.setattr(optuna.storages.RDBStorage, "set_trial_state_values", changing)
    name = f"stolen {moment}".replace(" ", "-")
    result, _ = here(url, tmp_path, name, 8, workers=1)
    assert len(result.history) == 8
    assert stolen
    check_once(url, name, 8)


def test_another_driver_s_settings_are_compared(url: str, tmp_path: Path) -> None:
    """Who joins with other settings is told which; the number of workers and trials may differ; the run's folder holds no study."""
    here(url, tmp_path / "a", "settings", 4)
    with pytest.raises(RunError, match="tournament: 3 there, 2 here"):
        here(url, tmp_path / "b", "settings", 4, tournament=2)
    with pytest.raises(RunError, match='pruner: null there, "median" here'):
        here(url, tmp_path / "b", "settings", 4, pruner="median")
    result, _ = here(url, tmp_path / "b", "settings", 6, workers=1)
    assert len(result.history) == 6
    assert sorted(path.name for path in (tmp_path / "a" / "settings").iterdir()) == ["config.yaml", "run.json", "weights"]


def emptied(url: str, name: str) -> None:
    """Delete the studies of a run, as whoever empties its database does."""
    storage = optuna.storages.RDBStorage(url)
    for study in (name, f"{name}/finals"):
        optuna.delete_study(study_name=study, storage=storage)
    storage.engine.dispose()


def studies_of(url: str, name: str) -> list[str]:
    """The studies of a run that a database has."""
    storage = optuna.storages.RDBStorage(url)
    found = [study for study in optuna.get_all_study_names(storage) if study.split("/")[0] == name]
    storage.engine.dispose()
    return found


def test_a_refused_start_leaves_a_wrong_database_as_it_was(url: str, tmp_path: Path) -> None:
    """Neither a study nor a table is made where the study of a run that has begun should be, nor by whoever reads there."""
    search(small_task(), trials=1, run="begun", runs=tmp_path, executor=ThreadExecutor(), workers=1, limits=SMALL, **EVOLUTION)
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE wrong"))
    wrong = url.rpartition("/")[0] + "/wrong"
    with pytest.raises(RunError, match="has begun, but its study is not in"):
        here(wrong, tmp_path, "begun", 1)
    with pytest.raises(RunError, match="holds no study 'begun'"):
        load_result("begun", str(tmp_path), wrong)
    there = create_engine(wrong)
    assert inspect(there).get_table_names() == []
    there.dispose()
    engine.dispose()


@pytest.mark.parametrize("why", ["emptied", "of a local run"])
def test_a_run_that_has_begun_makes_no_new_study(url: str, tmp_path: Path, why: str) -> None:
    """Where the database holds no study of a run that has begun, nothing is evaluated anew; the message says which database, and a hint."""
    name = f"begun {why}".replace(" ", "-")
    settings: dict[str, Any] = {"workers": 1, "limits": SMALL, **EVOLUTION}
    if why == "emptied":
        here(url, tmp_path, name, 3)
        emptied(url, name)
    else:
        search(small_task(), trials=3, run=name, runs=tmp_path, executor=ThreadExecutor(), **settings)
    before = {path: path.read_bytes() for path in (tmp_path / name).rglob("*") if path.is_file()}
    executor = ThreadExecutor()
    address = url.replace("einspace@", "einspace:secret@")
    for _ in range(2):  # the first refusal leaves nothing that a second would take for a new run
        with pytest.raises(RunError, match=r"has begun, but its study is not in postgresql.*@.*: .*--storage") as caught:
            search(small_task(), trials=3, run=name, runs=tmp_path, storage=address, executor=executor, **settings)
    assert executor.requests == []
    assert not studies_of(url, name)
    assert ("secret" in str(caught.value), "without" in str(caught.value)) == (False, why != "emptied")
    assert {path: path.read_bytes() for path in (tmp_path / name).rglob("*") if path.is_file()} == before


def test_drivers_that_start_at_the_same_time_agree(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver that begins while another one begins the same run waits for it, and none takes the other's settings for a lost study."""
    settings = here(url, tmp_path, "before", 1)[0].settings
    folder, notes = Run(tmp_path, "agree"), StudyStore.notes
    folder.path.mkdir()
    others: list[Future[None]] = []

    def begin() -> None:
        with StudyStore.open(Database(url, "agree"), True) as store:
            folder.agree(store, settings)

    def reading(store: StudyStore) -> dict[str, dict[str, Any]]:
        found = notes(store)
        if not others:
            others.append(pool.submit(begin))
            wait(others, 1)
        return found

    monkeypatch.setattr(StudyStore, "notes", reading)
    with ThreadPoolExecutor() as pool:
        begin()
        others[0].result()
    assert folder.settings() == json.loads(json.dumps(settings))


def test_optunas_dashboard_opens_a_shared_study(url: str, tmp_path: Path) -> None:
    """The dashboard on the address of the search lists the study under the run's name, with its trials and their scores."""
    result, _ = here(url, tmp_path, "shown", 4)
    trials = sorted(served(url, "shown"), key=lambda trial: int(trial["number"]))
    assert [trial["values"][0] for trial in trials] == pytest.approx([row.value for row in result.history])


def test_a_server_that_is_not_there_is_named_without_its_password(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The message has the address and what was wrong, and never the password; the server is waited for once."""
    with pytest.raises(RunError, match=re.escape("127.0.0.1:1/none")) as caught:
        here("postgresql+psycopg://me:secret@127.0.0.1:1/none", tmp_path, "none", 1, patience=0.1)
    assert "secret" not in str(caught.value)
    assert caplog.text.count("is away") == 1


@pytest.mark.parametrize(
    "address", ["mysql://host/name", "sqlite://", "sqlite:///:memory:", "somewhere", "postgresql+psycopg2://host/name"]
)
def test_other_databases_are_refused(address: str) -> None:
    """What can hold a study is said."""
    with pytest.raises(RunError, match=r"sqlite:///path .* postgresql\+psycopg://"):
        Database(address, "study")


def test_a_study_in_a_file_of_one_s_own(tmp_path: Path) -> None:
    """`sqlite:///path` holds several runs, each under its name and each with one driver; it is continued like any other."""
    address = f"sqlite:///{tmp_path}/all.db"
    one, _ = here(address, tmp_path, "one", 4)
    two, _ = here(address, tmp_path, "two", 5, seed=1)
    again, executor = here(address, tmp_path, "one", 4)
    assert executor.requests == []
    assert again.to_json() == one.to_json() == load_result("one", str(tmp_path), address).to_json()
    assert len(two.history) == 5


def test_one_database_has_one_driver_by_whatever_name(tmp_path: Path) -> None:
    """A file of SQLite is held by its place: another run's name and a link to it let no second driver in, until the first one has ended."""
    file = tmp_path / "held" / "study.db"
    with Driver(tmp_path, 50, delay=0.2, run="held") as process:
        process.wait_for(1)
        (tmp_path / "link.db").symlink_to(file)
        for address in (f"sqlite:///{file}", f"sqlite:///{tmp_path}/link.db"):
            with pytest.raises(RunError, match="another process"):
                here(address, tmp_path / "b", "einspace", 4)
    assert here(f"sqlite:///{tmp_path}/link.db", tmp_path / "b", "other", 2)[0].best is not None


def test_a_driver_whose_lock_is_deleted_begins_no_trial(tmp_path: Path) -> None:
    """Whoever deletes the lock lets a second driver in, so the first one ends with that; no position is doubled, and the run goes on."""
    file = tmp_path / "held" / "study.db"
    with Driver(tmp_path, 1000, delay=0.1, run="held") as process:
        process.wait_for(2)
        file.with_name("study.db.lock").unlink()
        result, _ = here(f"sqlite:///{file}", tmp_path / "b", "einspace", 30, workers=1)
        code, said, complained = process.end()
    assert (code, complained) == (2, "")
    assert re.search(r"the lock .*held/study\.db\.lock was deleted or replaced .* the same command goes on", said)
    assert [trial.number for trial in result.history] == list(range(len(result.history)))
    assert load_result("held", str(tmp_path)).to_json()["top"] == result.to_json()["top"]
