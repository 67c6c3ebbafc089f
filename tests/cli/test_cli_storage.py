"""Commands on a run whose study lies in another database than its folder, as `search --storage` leaves it."""

import json
from pathlib import Path

import pytest
from tests.commands import call
from tests.result_samples import searched

from einspace.errors import RunError
from einspace.result import load_result
from einspace.result.report.commands import further_commands, next_commands

URL = "sqlite:///else.db"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the folder of all runs, with the run `shared`, and the database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder := tmp_path_factory.mktemp("elsewhere"))
        result = searched(Path("runs"), "shared", trials=4, storage=URL, report=False)
    assert result.storage == URL
    return folder


@pytest.mark.parametrize(
    "words",
    [
        ("show", "shared"),
        ("show", "runs/shared"),
        ("export", "shared", "--format", "source", "-o", "network.py"),
        ("figure", "8", "shared"),
        ("report", "shared"),
        ("report", "runs/shared"),
    ],
)
def test_a_run_in_a_database_is_found_by_its_name_or_its_folder(folder: Path, words: tuple[str, ...]) -> None:
    """Every command that reads a run takes --storage; without it, one line says that the option may be missing."""
    done = call(*words, "--storage", URL, cwd=folder)
    assert done.returncode == 0, done.stderr
    done = call(*words, cwd=folder)
    assert done.returncode == 2
    assert "the run 'shared' has begun, but its study is not in runs/shared: give --storage" in done.stderr.replace(f"{folder}/", "")


def test_a_prediction_reads_the_study_too(folder: Path) -> None:
    """It tells which network is recommended, whose file of weights is a made-up one here."""
    done = call("predict", "shared", "x.npy", "-o", "a.csv", "--storage", URL, cwd=folder)
    assert ".safetensors cannot be used" in done.stderr
    assert "give --storage" in call("predict", "shared", "x.npy", "-o", "a.csv", cwd=folder).stderr


def test_no_run_in_a_database_needs_its_folder(folder: Path, tmp_path: Path) -> None:
    """On another machine the database alone has the run."""
    url = f"sqlite:///{folder / 'else.db'}"
    assert call("show", "shared", "--storage", url, cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("what", ["resnet8", "[relu norm]"])
def test_an_architecture_lies_in_no_database(folder: Path, what: str) -> None:
    """The option would change nothing."""
    done = call("show", what, "--storage", "postgresql://me:secret@host/name", cwd=folder)
    assert (done.returncode, "--storage is for a run" in done.stderr, "secret" in done.stderr) == (2, True, False)


def test_a_report_prints_commands_that_name_the_database(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that read the run's study; a repetition makes a new run, which needs none."""
    monkeypatch.chdir(folder)
    result = load_result("shared", storage=URL)
    commands = dict((*next_commands(result), *further_commands(result)))
    with_it = {purpose for purpose, command in commands.items() if f"--storage {URL}" in command or f"storage='{URL}'" in command}
    assert set(commands) - with_it <= {"repeat this run"}
    for purpose in ("look at the recommended network in the terminal", "draw the recommended network"):
        assert call(*commands[purpose].split()[1:]).returncode == 0
    assert load_result("shared", storage=URL).storage == URL


def test_a_search_that_lacks_the_option_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database in the folder is not damaged, since it never was there."""
    monkeypatch.chdir(folder)
    with pytest.raises(RunError, match=r"'shared' has begun, but its study is not in runs/shared: give --storage \(in Python storage=\)"):
        searched(Path("runs"), "shared", trials=4)


def test_a_list_of_runs_says_what_the_folder_knows(folder: Path) -> None:
    """Task and strategy stand in `run.json`; what only the study knows is left open."""
    done = call("runs", "--json", cwd=folder)
    (row,) = json.loads(done.stdout)
    assert (row["run"], row["task"], row["strategy"], row["trials"], row["verdict"]) == ("shared", "small", "evolution", None, None)
    assert "shared: the run 'shared' has begun, but its study is not in runs/shared: give --storage" in done.stderr
    done = call("runs", cwd=folder)
    assert done.stdout.splitlines()[2].split()[:4] == ["shared", "small", "evolution", "–"]
