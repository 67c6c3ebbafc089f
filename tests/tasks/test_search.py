"""From data to a search: a path on the command line, and what is printed before and after."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from tests.study_samples import ThreadExecutor, good, score
from tests.tasks.test_official import small, write_unseen
from typer.testing import CliRunner

from einspace.builders import Sizes, prepare
from einspace.cli import app
from einspace.evaluation import Evaluation, Outcome, Request
from einspace.limits import Limits
from einspace.reporting.result import summary
from einspace.study import search
from einspace.tasks import TASKS, load_task

SMALL = Limits(operations=20, parameters=100_000)


def archive(folder: Path) -> Path:
    """Bright and dark pictures."""
    y = np.arange(60) % 2
    x = np.random.default_rng(0).normal(size=(60, 1, 4, 4)) + 3 * y[:, None, None, None]
    np.savez(folder / "mine.npz", x=x, y=np.where(y, "bright", "dark"))
    return folder / "mine.npz"


@pytest.mark.slow
def test_search_takes_a_path(tmp_path: Path) -> None:
    """`einspace search path/to/data.npz`: the summary first, then a search that learns, in a run that is named after the file."""
    options = ["--trials", "3", "--workers", "2", "--epochs", "12", "--final-epochs", "12", "--max-parameters", "20000"]
    options += ["--init", "resnet8", "--runs", str(tmp_path / "runs"), "--json"]
    done = CliRunner().invoke(app, ["search", str(archive(tmp_path)), *options])
    assert done.exit_code == 0, done.output
    assert "mine: classification, (1, 4, 4) -> (2)" in done.stderr
    assert "bright 18, dark 18" in done.stderr
    result = json.loads(done.stdout)
    assert result["best"]["test"] > 0.8
    assert re.fullmatch(r"[\d-]+mine", Path(result["run"]).name)


def test_evaluate_takes_a_path_and_says_what_is_wrong(tmp_path: Path) -> None:
    """A baseline on a user's own data; a path with nothing there is one line and exit code 2."""
    done = CliRunner().invoke(app, ["evaluate", "[linear(d=16) relu]", str(archive(tmp_path)), "--epochs", "2", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["task"] == "mine"
    failed = CliRunner().invoke(app, ["evaluate", "[linear(d=16) relu]", str(tmp_path / "none.csv")])
    assert "no such file" in str(failed.exception)


def test_tasks_need_no_data(tmp_path: Path) -> None:
    """All tasks are described from their entries; absent data say where they are published, and those that are there say so."""
    rows = json.loads(CliRunner().invoke(app, ["tasks", "--data", str(tmp_path), "--json"]).stdout)
    assert [row["name"] for row in rows] == list(TASKS)
    absent = {row["name"]: row for row in rows if row["data"] == "absent"}
    assert len(absent) == 13
    assert "24574354" in absent["addnist"]["source"]
    assert absent["darcyflow"]["output"] == [1, 85, 85]
    write_unseen(tmp_path, "addnist")
    rows = json.loads(CliRunner().invoke(app, ["tasks", "--data", str(tmp_path), "--json"]).stdout)
    assert len([row for row in rows if row["missing"]]) == 12


def test_tasks_prints_table_4(tmp_path: Path) -> None:
    """Metric, baseline, epochs, batch size, learning rate, weight decay and momentum of each task, as text and as JSON."""
    text = CliRunner().invoke(app, ["tasks", "--data", str(tmp_path)]).stdout
    assert "absent" in text
    lines = [re.split(r"\s*[│|]\s*", line.strip()) for line in text.splitlines()]
    rows = {row[0]: row[1:] for row in lines if len(row) == 8}
    assert rows["chesseract"] == ["accuracy", "resnet18", "8/64", "256", "0.04", "0.0003", "0.9"]
    assert rows["ninapro"] == ["0-1 error", "wrn16-4", "25/200", "128", "0.1", "0.0005", "0.9"]
    assert rows["cosmic"][2:] == ["25/200", "8", "0.001", "0.0005", "0.9"]
    recipes = {row["name"]: row["recipe"] for row in json.loads(CliRunner().invoke(app, ["tasks", "--json"]).stdout)}
    assert recipes["darcyflow"]["batch_size"] == 4


@pytest.mark.slow
def test_published_scores_stand_beside_ours(tmp_path: Path) -> None:
    """The table of a search on a task of the paper ends with table 1's figures for it; on another task there are none."""
    write_unseen(tmp_path, "language")
    for task in (small("language").load(tmp_path), load_task("digits")):
        result = search(task, "random", 2, 1, limits=SMALL, run=task.name, runs=tmp_path / "runs", executor=ThreadExecutor())
        rows = [cell for part in summary(result) if hasattr(part, "columns") for cell in part.columns[0]._cells]
        published = [str(cell) for cell in rows if "published" in str(cell)]
        assert len(published) == (11 if task.name == "language" else 0)
        assert ("published: RE(Mix) einspace" in published) is (task.name == "language")


def test_evaluate_prints_no_published_score_beside_a_built_set(tmp_path: Path) -> None:
    """Neither as text nor as JSON, though the name is that of the paper's task and the folder the official one's."""
    prepare("darcyflow", data=tmp_path, sizes=Sizes(4, 2, 2), resolution=85)
    words = ["evaluate", "[linear(d=2) relu]", "darcyflow", "--data", str(tmp_path), "--epochs", "1"]
    plain, figures = CliRunner().invoke(app, words), CliRunner().invoke(app, [*words, "--json"])
    assert (plain.exit_code, figures.exit_code) == (0, 0)
    assert "published" not in plain.stdout
    assert "published" not in json.loads(figures.stdout)


def test_lower_is_better_for_errors(tmp_path: Path) -> None:
    """The direction of a metric reaches the search: of errors, the least wins, and a nan that claims a value never does."""
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "numbers.npz", x=rng.normal(size=(30, 1, 4, 4)), y=rng.normal(size=30))
    task = load_task(str(tmp_path / "numbers.npz"))

    def sometimes_bad(request: Request) -> Evaluation:
        return Evaluation(Outcome.NAN, -1e9) if score(request.text) < 0.5 else good(request)

    result = search(task, "random", 8, 1, limits=SMALL, run="r", runs=tmp_path / "runs", executor=ThreadExecutor(sometimes_bad))
    scores = [trial.value for trial in result.history if trial.value is not None]
    assert 1 < len(scores) < 8
    assert result.best is not None
    assert not result.higher_is_better
    assert result.best.validation == min(scores)
