"""After a search: the best of it, and the study for Optuna's own tools."""

import json
import re
import threading
import urllib.request
from base64 import b64decode
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server
from zlib import decompress

import optuna
import pytest
from rich.console import Console
from tests.commands import call
from tests.study_samples import EVOLUTION, SAMPLED, SMALL, ThreadExecutor, often_bad, score, small_task

from einspace.errors import RunError, SettingError
from einspace.quantities import decimal
from einspace.reporting.card import card
from einspace.reporting.result import summary
from einspace.result import Result, load_result
from einspace.result.report import comparison, content
from einspace.result.report.comparison import comparison_charts, grouped
from einspace.storage.records import unsealed
from einspace.study import search
from einspace.tasks.metrics import ACCURACY, Metric
from einspace.trial import Trial

pytestmark = pytest.mark.slow


def run(folder: Path, trials: int = 12, metric: Metric = ACCURACY, name: str = "test", **options: Any) -> Result:
    options = {"executor": ThreadExecutor(), "limits": SMALL, **EVOLUTION, **options}
    return search(small_task(metric), trials=trials, workers=1, run=name, runs=folder, **options)


@pytest.mark.parametrize("metric", [ACCURACY, Metric("error", False, ACCURACY.function)])
def test_the_top_is_the_best_architectures_each_once(tmp_path: Path, metric: Metric) -> None:
    """Best first in the metric's direction, no canonical key twice, the earliest trial of a key, and no more than there are."""
    small = {**SAMPLED, "limits": type(SMALL)(operations=2)}
    result = run(tmp_path, 25, metric, **small)
    top = result.top(100)
    scores = {row.key: row.value for row in result.history if row.value is not None}
    assert len(result.history) > len(scores) > 3
    assert [row.value for row in top] == sorted(scores.values(), reverse=metric.higher_is_better)
    assert [row.key for row in top] == list(dict.fromkeys(row.key for row in top))
    assert all(row.number == min(other.number for other in result.history if other.key == row.key) for row in top)
    assert result.top(3) == top[:3]
    assert result.best is not None
    assert top[0].key == result.best.key
    shown = result.to_json(top=3)["top"]
    assert [(row["architecture"], row["validation"], row["trial"]) for row in shown] == [
        (row.text, row.value, row.number) for row in top[:3]
    ]
    with pytest.raises(SettingError, match="at least 1 row, not 0"):
        result.top(0)


def test_the_study_is_optuna_s_and_cannot_be_written_to(tmp_path: Path) -> None:
    """Trials with their attributes, as Optuna's plots and tables take them; a mistake there changes no run."""
    result = run(tmp_path / "a run, 100% #1", executor=ThreadExecutor(often_bad))
    study = load_result("test", str(tmp_path / "a run, 100% #1")).study()
    assert study.best_value == (result.best.validation if result.best else None)
    assert tuple(Trial.from_json(unsealed(trial.user_attrs["trial"])) for trial in study.trials) == result.history
    with pytest.raises(optuna.exceptions.StorageInternalError):
        study.set_user_attr("mine", 1)
    assert "mine" not in result.study().user_attrs
    (result.run / "study.db").unlink()
    with pytest.raises(RunError, match=r"study\.db cannot be read"):
        result.study()
    assert not (result.run / "study.db").exists()


@pytest.mark.parametrize(
    "address", ["postgresql://me:secret@127.0.0.1:1/none", "postgresql://me:secret@host:port/none", "mysql://me:secret@host/none"]
)
def test_the_study_of_a_storage_that_cannot_be_read_is_named_without_its_password(tmp_path: Path, address: str) -> None:
    """The address is in the message, and its password is not, whatever is wrong with it."""
    result = run(tmp_path, 1)
    with pytest.raises(RunError, match=r"//me:\*\*\*@") as caught:
        result.study(address)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_study_of_a_file_of_one_s_own_is_read_and_never_made(tmp_path: Path) -> None:
    """`sqlite:///path` is read as the run's own file is; a database without the run, and one that is not there, end in a line."""
    address = f"sqlite:///{tmp_path}/all.db"
    result = run(tmp_path, 2, storage=address)
    assert len(result.study(address).trials) == 2
    with pytest.raises(optuna.exceptions.StorageInternalError):
        result.study(address).set_user_attr("mine", 1)
    with pytest.raises(RunError, match=r"all\.db cannot be read"):
        replace(result, run=tmp_path / "other").study(address)
    with pytest.raises(RunError, match=r"none\.db cannot be read"):
        result.study(f"sqlite:///{tmp_path}/none.db")
    assert not (tmp_path / "none.db").exists()


def test_the_table_of_trials_of_the_page(tmp_path: Path) -> None:
    """What the page on watching says of a result runs as it stands, and gives pandas' table: a row a trial, with its record."""
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    result = run(tmp_path, executor=ThreadExecutor(often_bad))
    page = (Path(__file__).parents[1] / "docs" / "how-to" / "watching.md").read_text()
    (block,) = [code for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "trials_dataframe()" in code]
    names: dict[str, Any] = {"result": result}
    exec(block, names)
    table = names["table"]
    assert isinstance(table, pandas.DataFrame)
    records = table.user_attrs_trial.map(lambda record: record["proposal"])
    assert [(record["text"], record["key"], record["origin"]) for record in records] == [(t.text, t.key, t.origin) for t in result.history]
    assert list(names["texts"]) == [trial.text for trial in result.history]
    scores = {trial.number: trial.value for trial in result.history if trial.value is not None}
    assert table[table.state == "COMPLETE"].set_index("number")["value"].to_dict() == scores


def test_the_paper_s_sampling_is_scored_on_test_and_selects_nothing(tmp_path: Path) -> None:
    """Section 4.1: the mean of K samples on test, each trained once, like a final one; the cheap form is on validation and has a best."""
    executor = ThreadExecutor()
    sampled = run(tmp_path / "a", 5, executor=executor, **{**SAMPLED, "strategy": "sampling"})
    texts = [trial.text for trial in sampled.history]
    assert (sampled.best, sampled.to_json()["sampling"]["split"]) == (None, "test")
    assert sampled.sampling is not None
    assert sampled.sampling.mean == pytest.approx(sum(score(text) + 1 for text in texts) / 5)
    assert all(request.final for request in executor.requests)
    assert sorted(request.text for request in executor.requests if request.text in texts) == sorted(texts)
    cheap = run(tmp_path / "b", 5, **{**SAMPLED, "strategy": "validation-sampling"})
    assert [trial.text for trial in cheap.history] == texts
    assert cheap.sampling is not None
    assert cheap.to_json()["sampling"]["split"] == "valid"
    assert cheap.sampling.mean == pytest.approx((sampled.sampling.mean or 0) - 1)
    assert cheap.best is not None
    with pytest.raises(RunError, match='strategy: "sampling" there, "validation-sampling" here'):
        run(tmp_path / "a", 5, **{**SAMPLED, "strategy": "validation-sampling"})


def test_scores_on_test_are_called_so_and_nothing_is_chosen_by_them(tmp_path: Path) -> None:
    """Trials that are final ones are scored on test: no word calls that validation, and no list, line or column shows the best of them."""
    found = run(tmp_path, 10, strategy="sampling", init=(), population=None, tournament=None)
    assert (found.split, found.to_json()["top"]) == ("test", [])
    console = Console(width=120, record=True, file=StringIO())
    console.print(*summary(found, 120))
    assert not re.search("Best|best by", console.export_text())
    html = content(found)
    assert "scored on the test split" in html
    assert "validation</button>" not in html
    assert "trained and scored on the validation split" not in html
    charts = json.loads(re.findall(r'<script type="application/json" id="charts">(.*?)</script>', html, re.DOTALL)[0])
    titles = {name: chart["layout"]["yaxis"]["title"]["text"] for name, chart in charts.items() if name.startswith(("by-", "pareto-"))}
    assert set(titles.values()) == {"test accuracy"}
    assert [trace["name"] for trace in charts["by-trial"]["data"]] == ["a trial"]
    details = json.loads(re.findall(r'<script type="application/json" id="details">(.*?)</script>', html, re.DOTALL)[0])
    assert {"score on test"} <= set(json.loads(decompress(b64decode(details["0"])))["facts"])
    other = run(tmp_path, 10, name="other", **SAMPLED)
    assert other.split == "validation"
    drawn = comparison_charts(grouped([found, other]))
    assert [trace["name"] for trace in drawn["by-trial"]["data"]] == ["random, 1 run"]
    assert f"of random: {decimal(other.top(1)[0].value)} over 1 run" in comparison([found, other])


def test_an_export_of_a_trial_that_was_scored_on_test_says_so(tmp_path: Path) -> None:
    """The facts in a file and its model card have the score of such a trial under test, and none under validation."""
    found = run(tmp_path, 2, **{**SAMPLED, "strategy": "sampling"})
    taken, value = found.trained(0), found.history[0].value
    assert taken.facts["scores"] == {"validation": None, "test": value, "test_seeds": 1, "test_deviation": 0.0}
    assert f"| trial 0, this network | – | {decimal(value)} |" in card(found, taken, [], raw=False, fresh=True)


def test_a_run_that_selects_nothing_says_so_where_the_best_is_asked_for(tmp_path: Path) -> None:
    """All its trials have ended well and none may be selected, so nothing is still to come: each can be asked for by its number."""
    found = run(tmp_path, 2, **{**SAMPLED, "strategy": "sampling"})
    why = f"the run {found.run.name} selects no architecture, for its trials are scored on test"
    with pytest.raises(RunError, match=f"^{why}; --trial, or trial= in Python, takes any that has ended$"):
        found.predictor()
    for words, said in (
        (["show", found.run.name], f"{why}; --trial"),
        (["figure", "6", found.run.name], why),
        (["export", found.run.name, "--format", "source", "-o", "a.py"], f"{why}; --trial"),
    ):
        done = call(*words, "--runs", str(found.run.parent), cwd=tmp_path)
        assert (done.returncode, said in done.stderr, " yet" in done.stderr) == (2, True, False)
    assert call("show", found.run.name, "--trial", "1", "--runs", str(found.run.parent), cwd=tmp_path).returncode == 0


class _Quiet(WSGIRequestHandler):
    """Does not print every request."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def served(address: str, name: str) -> list[dict[str, Any]]:
    """The trials of a study as the dashboard on this database tells of them, over HTTP as a browser asks it."""
    dashboard = pytest.importorskip("optuna_dashboard", reason="optuna-dashboard is not installed")
    storage = optuna.storages.RDBStorage(address)
    with make_server("127.0.0.1", 0, dashboard.wsgi(storage), handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            studies = f"http://127.0.0.1:{server.server_port}/api/studies"
            with urllib.request.urlopen(studies, timeout=60) as answer:
                (study,) = (found["study_id"] for found in json.load(answer)["study_summaries"] if found["study_name"] == name)
            with urllib.request.urlopen(f"{studies}/{study}", timeout=60) as answer:
                trials: list[dict[str, Any]] = json.load(answer)["trials"]
        finally:
            server.shutdown()
            thread.join()
            storage.engine.dispose()
    return trials


def test_optunas_dashboard_opens_a_run(tmp_path: Path) -> None:
    """The dashboard on a run's database lists the study with its trials and their scores."""
    result = run(tmp_path)
    trials = served(f"sqlite:///{result.run}/study.db", "einspace")
    assert [trial["values"][0] for trial in trials] == pytest.approx([row.value for row in result.history])
