"""Facts about studies that are not what they were: nothing false is believed, and one line says what is wrong and how to go on."""

import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import pytest
from tests.architectures import BULK
from tests.commands import call
from tests.study_samples import EVOLUTION, SMALL, ThreadExecutor, small_task

from einspace.errors import EinspaceError, RunError
from einspace.result import Result, load_result
from einspace.run.folder import Run
from einspace.storage.backup import backup_of
from einspace.storage.records import sealed, unsealed
from einspace.study import Progress, search


def drive(folder: Path, trials: int, **options: Any) -> Result:
    """Drive the run `test` of a folder."""
    given: dict[str, Any] = {"workers": 1, "limits": SMALL, "executor": ThreadExecutor(), "run": "test", **EVOLUTION, **options}
    return search(small_task(), trials=trials, runs=folder, **given)


def figures(result: Result) -> object:
    """Everything that a result says."""
    return [trial.to_json() for trial in result.trials()], result.to_json()


def change(file: Path, statement: str, *values: object) -> None:
    """Change a database as nobody should."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement, values)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the run `test` of two trials."""
    folder = tmp_path_factory.mktemp("two")
    drive(folder, 2)
    return folder


@pytest.fixture
def begun(two: Path, tmp_path: Path) -> Result:
    """The run `test` of two trials, in a folder of the test's own."""
    shutil.copytree(two, tmp_path, dirs_exist_ok=True)
    return load_result("test", str(tmp_path))


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def foreign(file: Path) -> None:
    file.unlink()
    change(file, "CREATE TABLE mine (x)")


def of_another_run(file: Path) -> None:
    drive(file.parent.parent, 1, run="other")
    shutil.copy(file.parent.parent / "other" / "study.db", file)


@pytest.mark.slow
@pytest.mark.parametrize("replace", [emptied, foreign, Path.unlink])
def test_a_study_that_is_lost_is_no_new_study(begun: Result, tmp_path: Path, replace: Callable[[Path], object]) -> None:
    """A database that is empty, gone or somebody else's is damage where the run has begun, and the good copy stays as it is."""
    file = Run(tmp_path, "test").database
    copy = backup_of(file).read_bytes()
    replace(file)
    with pytest.raises(RunError, match=r"the database .*study\.db .*; a backup of .* lies in .*study\.backup\.db: `cp .* && mv .*`"):
        drive(tmp_path, 3)
    assert backup_of(file).read_bytes() == copy
    shutil.copy(copy_file := backup_of(file), file)
    assert copy_file.read_bytes() == copy
    assert len(drive(tmp_path, 4).history) == 4
    backup_of(file).unlink()
    replace(file)
    with pytest.raises(RunError, match=r"there is no backup of it|its study is not in .* is lost"):
        drive(tmp_path, 4)


def test_a_folder_with_a_foreign_database_is_no_run(tmp_path: Path) -> None:
    """A database that lies where a new run would put its own is neither taken nor changed."""
    folder = tmp_path / "test"
    folder.mkdir()
    change(folder / "study.db", "CREATE TABLE mine (x)")
    before = (folder / "study.db").read_bytes()
    with pytest.raises(RunError, match="it holds no study, but tables such as mine"):
        drive(tmp_path, 3)
    assert (folder / "study.db").read_bytes() == before


@pytest.mark.slow
def test_a_run_that_died_between_its_study_and_its_settings_goes_on(tmp_path: Path) -> None:
    """The settings stand in the study first: without `run.json` they are compared there, and written again."""
    whole = drive(tmp_path, 4)
    (tmp_path / "test" / "run.json").unlink()
    with pytest.raises(RunError, match="seed: 0 there, 1 here"):
        drive(tmp_path, 4, seed=1)
    again = drive(tmp_path, 4)
    assert figures(again)[0] == figures(whole)[0]  # type: ignore[index]
    assert (tmp_path / "test" / "run.json").exists()


@pytest.mark.slow
def test_bytes_that_change_are_noticed_or_change_nothing(tmp_path: Path) -> None:
    """One byte of the database after the other is another one: the result is the same, or one line says that it is damaged."""
    drive(tmp_path, 6)
    file = Run(tmp_path, "test").database
    content, expected = file.read_bytes(), figures(load_result("test", str(tmp_path)))
    rng = random.Random(0)
    lines: list[int] = []
    text = content.index(b'"number"')
    for number in range(24 * BULK):
        place = rng.randrange(len(content)) if number % 2 else text + rng.randrange(2000)
        changed = bytearray(content)
        changed[place] = (changed[place] + rng.randrange(1, 256)) % 256
        file.write_bytes(changed)
        try:
            found = figures(load_result("test", str(tmp_path)))
        except EinspaceError as error:
            lines.append(len(str(error).splitlines()))
        else:
            assert found == expected
    assert len(lines) > 5
    assert set(lines) == {1}


RECORDS: dict[str, dict[str, Any]] = {
    "a text that is a number": {"proposal": {"text": 5, "key": "k", "costs": {"parameters": 0}, "origin": ""}},
    "a number that leaves a gap": {"number": 1e12},
    "an outcome that there is not": {"evaluation": {"outcome": "fine"}},
    "no proposal": {"proposal": None},
    "losses that are a number": {"evaluation": {"outcome": "nan", "losses": 5}},
}
"""What a record of trial 0 holds in place of what is right, with a checksum that fits."""


@pytest.mark.slow
@pytest.mark.parametrize("wrong", RECORDS)
def test_records_that_make_no_sense_are_named(begun: Result, tmp_path: Path, wrong: str) -> None:
    """Wrong types and values end in one line with the database and the way back, whoever has written them."""
    file = Run(tmp_path, "test").database
    record = sealed({**begun.history[0].to_json(), **RECORDS[wrong]})
    query = "UPDATE trial_user_attributes SET value_json = ? WHERE key = 'trial' AND json_extract(value_json, '$.number') = 0"
    change(file, query + " AND json_extract(value_json, '$.phase') = 'search'", json.dumps(record))
    with pytest.raises(RunError, match=r"^the database .*study\.db cannot be used: it is damaged \(.*`cp .*$"):
        load_result("test", str(tmp_path))


NEWER: dict[str, tuple[tuple[str, ...], object]] = {
    "the field 'mood'": (("mood",), 3),
    "the field 'proposal.mood'": (("proposal", "mood"), 3),
    "the field 'proposal.costs.mood'": (("proposal", "costs", "mood"), None),
    "the field 'evaluation.mood'": (("evaluation", "mood"), 3),
    "the field 'evaluation.seconds.mood'": (("evaluation", "seconds", "mood"), 3.0),
    "the phase 'tuning'": (("phase",), "tuning"),
}
"""What a newer version may have stored of trial 0, by what is said of it."""


@pytest.mark.slow
def test_what_a_newer_version_has_stored_is_not_dropped(begun: Result, tmp_path: Path) -> None:
    """A field or a phase that this version does not know is one line, whoever reads or goes on, and no reason to take an old backup."""
    original = begun.history[0].to_json()
    file = Run(tmp_path, "test").database
    where = "key = 'trial' AND json_extract(value_json, '$.number') = 0 AND json_extract(value_json, '$.phase') != 'final'"
    for what, ((*path, last), value) in NEWER.items():
        place = record = json.loads(json.dumps(original))
        for name in path:
            place = place[name]
        place[last] = value
        change(file, f"UPDATE trial_user_attributes SET value_json = ? WHERE {where}", json.dumps(sealed(record)))
        content, said = file.read_bytes(), rf"study\.db cannot be used: this version does not know {what} of a trial, which a newer one"
        calls: tuple[Callable[[], object], ...] = (lambda: load_result("test", str(tmp_path)), lambda: drive(tmp_path, 3))
        for call_it in calls:
            with pytest.raises(RunError, match=said) as caught:
                call_it()
            assert "cp " not in str(caught.value)
        assert file.read_bytes() == content


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE trial_user_attributes SET value_json = '{\"number\": 0}' WHERE key = 'trial'",
        "UPDATE trial_user_attributes SET value_json = '5' WHERE key = 'trial'",
        "UPDATE trial_values SET value = 0.123",
        "UPDATE study_user_attributes SET value_json = '[{}]' WHERE key LIKE 'session%'",
        "UPDATE trials SET state = 'DONE'",
        "DELETE FROM trials WHERE number = 0",
        "INSERT INTO study_directions VALUES (9, 'MINIMIZE', 1, 1)",
    ],
)
def test_tables_that_make_no_sense_are_named(begun: Result, tmp_path: Path, statement: str) -> None:
    """So do values that no record gave, trials that are missing, notes without a checksum, and a second direction."""
    change(Run(tmp_path, "test").database, statement)
    with pytest.raises(RunError, match=r"^the database .*study\.db cannot be used: .*$"):
        load_result("test", str(tmp_path))


LAST = "(SELECT MAX(trial_id) FROM trials)"

LOSSES = [
    *(f"DROP TABLE {table}" for table in ("studies", "study_directions", "study_user_attributes")),
    *(f"DROP TABLE {table}" for table in ("trials", "trial_user_attributes", "trial_values", "trial_intermediate_values")),
    *(f"DELETE FROM {table}" for table in ("studies", "study_directions", "study_user_attributes", "trials", "trial_user_attributes")),
    "DELETE FROM studies WHERE study_id = 2",
    f"DELETE FROM trials WHERE trial_id = {LAST}",
    f"DELETE FROM trial_user_attributes WHERE trial_id = {LAST}",
    *(f"DELETE FROM study_user_attributes WHERE key = '{note}'" for note in ("settings", "finals", "race")),
]
"""What a study of two trials and a race must not lose in silence: Optuna makes a missing table anew, empty, and asks for no row."""


@pytest.mark.slow
def test_what_a_study_has_lost_is_named(tmp_path: Path) -> None:
    """A study without one of its tables, records or notes is damaged, for who reads it and for who goes on, not one without trials."""
    drive(tmp_path, 2, race=True)
    file = Run(tmp_path, "test").database
    content = file.read_bytes()
    named = r"^the database .*study\.db cannot be used: it is damaged \(.*`cp .*$"
    for statement in LOSSES:
        file.write_bytes(content)
        change(file, statement)
        with pytest.raises(RunError, match=named):
            load_result("test", str(tmp_path))
        with pytest.raises(RunError, match=named):
            drive(tmp_path, 3, race=True)
    file.write_bytes(content)
    assert len(drive(tmp_path, 3, race=True).history) == 3


def test_a_study_that_ends_early_is_damaged(begun: Result, tmp_path: Path) -> None:
    """However much of the file is left, a byte of it or all but one, it is not a study without trials."""
    file = Run(tmp_path, "test").database
    content = file.read_bytes()
    for length in (0, 1, 50, 100, 512, 4095, 4096, len(content) // 2, len(content) - 4096, len(content) - 1):
        file.write_bytes(content[:length])
        with pytest.raises(RunError, match=r"^the database .*study\.db (cannot be used: it is damaged|is empty).*`cp .*$"):
            load_result("test", str(tmp_path))
        assert file.read_bytes() == content[:length]


@pytest.mark.slow
def test_a_trial_that_waits_in_the_study_of_a_run_is_left_alone(begun: Result, tmp_path: Path) -> None:
    """What somebody has enqueued there with Optuna's tools is not a trial of ours, and no damage."""
    storage = optuna.storages.RDBStorage(f"sqlite:///{Run(tmp_path, 'test').database}")
    optuna.load_study(study_name="einspace", storage=storage).enqueue_trial({"x": 1})
    storage.remove_session()
    storage.engine.dispose()
    assert len(load_result("test", str(tmp_path)).history) == 2
    assert len(drive(tmp_path, 4).history) == 4


def test_a_folder_that_goes_away_is_not_promised_back(tmp_path: Path) -> None:
    """A run whose folder is deleted meanwhile ends with that, and nobody is told that the same command goes on."""

    def away(progress: Progress) -> None:
        if progress.done == 3:
            shutil.rmtree(tmp_path / "test")

    with pytest.raises(RunError, match="was deleted, moved or replaced while the run went on") as caught:
        drive(tmp_path, 30, progress=away)
    assert "goes on" not in str(caught.value)


def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    """A link in the place of a file of ours is replaced or refused; what it points to stays as it is."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder = tmp_path / "test"
    folder.mkdir()
    for name in ("run.json.new", "config.yaml.new", "study.backup.db.new", "lock", "study.db.lock", "config.yaml"):
        (folder / name).symlink_to(victim)
    with pytest.raises(RunError, match=r"the lock .*study\.db\.lock cannot be used: .*symbolic link"):
        drive(tmp_path, 2)
    (folder / "study.db.lock").unlink()
    drive(tmp_path, 2)
    backup_of(folder / "study.db").unlink()
    backup_of(folder / "study.db").symlink_to(victim)
    drive(tmp_path, 3)
    assert victim.read_text() == "precious"
    assert not backup_of(folder / "study.db").is_symlink()


def test_another_version_is_said(begun: Result, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A run that an older version began is continued, and a line says so: its trials may not be those of this one."""
    path = tmp_path / "test" / "run.json"
    settings = json.loads(path.read_text())
    settings["versions"]["einspace"] = "0.0.1"
    path.write_text(json.dumps(settings))
    drive(tmp_path, 3)
    lines = [record.getMessage() for record in caplog.records]
    assert [line for line in lines if "versions.einspace" in line and '"0.0.1" there' in line]


@pytest.mark.parametrize("made", ["tables", "a study"])
def test_a_driver_that_died_while_it_made_its_study_left_a_new_one(tmp_path: Path, made: str) -> None:
    """Between the first table and the settings there is nothing to lose: the same command begins."""
    folder = tmp_path / "test"
    folder.mkdir()
    storage = optuna.storages.RDBStorage(f"sqlite:///{folder}/study.db")
    if made == "a study":
        optuna.create_study(study_name="einspace", storage=storage, direction="maximize")
    storage.remove_session()
    storage.engine.dispose()
    assert len(drive(tmp_path, 2).history) == 2


def with_settings(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the settings of the run `test`, and seal them again, as somebody who knows how could."""
    file = Run(folder, "test").database
    with closing(sqlite3.connect(file)) as connection, connection:
        ((text,),) = connection.execute("SELECT value_json FROM study_user_attributes WHERE key = 'settings'")
        settings = unsealed(json.loads(text))
        change(settings)
        connection.execute("UPDATE study_user_attributes SET value_json = ? WHERE key = 'settings'", (json.dumps(sealed(settings)),))


NONSENSE: tuple[tuple[str, object], ...] = (
    ("input", 7),
    ("preprocessing", {"mean": 3}),
    ("preprocessing", {"size": {"a": 1}}),
    ("preprocessing", {"deviation": {"values": ["x"], "shape": [1]}}),
    ("recipe", {"epochs": []}),
    ("head", []),
)


@pytest.mark.slow
def test_settings_of_others_that_make_no_sense(begun: Result, tmp_path: Path) -> None:
    """They are one line with the run's name where a network is taken from the run, and wherever else they are used."""
    before = Run(tmp_path, "test").database.read_bytes()
    for key, value in NONSENSE:
        with_settings(tmp_path, lambda settings, key=key, value=value: settings.update({key: value}))  # type: ignore[misc]
        with pytest.raises(RunError, match=r"test.* (make no sense|damaged)"):
            load_result("test", str(tmp_path)).trained(0)
        for words in (["runs"], ["show", "test"]):
            done = call(*words, "--runs", str(tmp_path))
            assert (done.returncode, len(done.stderr.splitlines())) in ((0, 0), (0, 1), (2, 1))
        Run(tmp_path, "test").database.write_bytes(before)


@pytest.mark.slow
@pytest.mark.parametrize(("key", "value"), [("versions", "0.1"), ("recipe", "x"), ("head", None)])
def test_settings_of_another_version_that_make_no_sense_are_not_continued(begun: Result, tmp_path: Path, key: str, value: object) -> None:
    """Fields of another type, and those that are gone, are one line with the run's name, in `run.json` too."""
    path = tmp_path / "test" / "run.json"
    settings = json.loads(path.read_text())
    path.write_text(json.dumps({**{name: one for name, one in settings.items() if name != key}, **({key: value} if value else {})}))
    with pytest.raises(RunError, match=r"^the run test has settings that make no sense"):
        drive(tmp_path, 3)


def test_the_report_of_settings_whose_versions_make_no_sense(begun: Result, tmp_path: Path) -> None:
    """One line with the run's name too."""
    with_settings(tmp_path, lambda settings: settings.update(versions="0.1"))
    with pytest.raises(RunError, match=r"^the run test has settings that make no sense"):
        load_result("test", str(tmp_path)).report()


def test_a_run_of_another_format_is_read_with_a_word_about_it(begun: Result, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What it shows may be wrong; a run of this format is read without."""
    load_result("test", str(tmp_path))
    assert "format" not in caplog.text
    with_settings(tmp_path, lambda settings: settings.update(format=2))
    assert len(load_result("test", str(tmp_path)).history) == 2
    assert "the run test is of format 2, and this version reads 1: what it shows may be wrong" in caplog.text


@pytest.mark.slow
@pytest.mark.parametrize(("name", "value"), [("search", None), ("workers", "1")])
def test_times_of_calls_that_make_no_sense_are_named(begun: Result, tmp_path: Path, name: str, value: object) -> None:
    """A run that is continued adds them up: one line with the way back."""
    with closing(sqlite3.connect(Run(tmp_path, "test").database)) as connection, connection:
        ((key, text),) = connection.execute("SELECT key, value_json FROM study_user_attributes WHERE key LIKE 'session %'")
        session = unsealed(json.loads(text))
        del session[name]
        session |= {} if value is None else {name: value}
        connection.execute("UPDATE study_user_attributes SET value_json = ? WHERE key = ?", (json.dumps(sealed(session)), key))
    with pytest.raises(RunError, match=r"it is damaged .*a backup of"):
        drive(tmp_path, 3)


def test_a_reader_makes_nothing_of_a_study_that_is_being_made(tmp_path: Path) -> None:
    """Tables that a reader made meanwhile would end the search, which makes them too."""
    file = tmp_path / "test" / "study.db"
    file.parent.mkdir()
    for statement in (None, "CREATE TABLE studies (study_id INTEGER PRIMARY KEY, study_name TEXT)"):
        file.touch()
        if statement is not None:
            change(file, statement)
        before = file.read_bytes()
        with pytest.raises(RunError, match="the run 'test' has no settings yet"):
            load_result("test", str(tmp_path))
        assert file.read_bytes() == before
