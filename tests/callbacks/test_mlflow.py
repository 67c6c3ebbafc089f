"""MLflow with its real stores on this machine: what a search logs is read back with MLflow's own client."""

import json
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
from tests.study_samples import EVOLUTION, SMALL, ThreadExecutor, small_task

from einspace import callbacks
from einspace.errors import SettingError
from einspace.evaluation.outcome import Evaluation, Outcome
from einspace.result import Result
from einspace.study import search
from einspace.tasks import METRICS, Task
from einspace.tasks.metrics import Metric
from einspace.tasks.published import Reported
from einspace.trial import Costs, Proposal, Trial

mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed")

pytestmark = [
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy"),  # MLflow's own database layer
    pytest.mark.filterwarnings("ignore:The filesystem tracking backend:FutureWarning"),
]


@pytest.fixture(autouse=True)
def _by_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No telemetry, and nothing in the working directory."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.chdir(tmp_path)


def logged(folder: Path, uri: str, trials: int = 3, task: Task | None = None) -> Result:
    return search(
        task or small_task(),
        trials=trials,
        workers=1,
        limits=SMALL,
        run="test",
        runs=folder,
        executor=ThreadExecutor(),
        callbacks=[callbacks.parse(f"mlflow:{uri}")],
        **EVOLUTION,
    )


@pytest.mark.slow
@pytest.mark.parametrize("store", ["sqlite:///{}/mlflow.db", "file://{}/store"])
def test_a_search_is_read_back_from_mlflow(tmp_path: Path, store: str) -> None:
    """One parent with the settings and the curves over the trials, one child for each trial; a run that goes on is the same parent."""
    uri = store.format(tmp_path)
    result = logged(tmp_path, uri)
    client = mlflow.MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("einspace-small")
    runs = client.search_runs([experiment.experiment_id])
    (parent,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    assert parent.info.status == "FINISHED"
    assert parent.info.run_name == "test"
    assert parent.data.params["strategy"] == "evolution"
    assert parent.data.params["recipe.learning_rate"] == "0.1"
    assert parent.data.params["limits.operations"] == "60"
    assert result.best is not None
    assert parent.data.tags["best.architecture"] == result.best.text
    assert parent.data.metrics["test_accuracy"] == result.best.test
    assert parent.data.metrics["best_accuracy"] == result.best.validation
    assert parent.data.metrics["baselines/resnet8/test_accuracy"] == result.baselines[0].test
    curve = {point.step: point.value for point in client.get_metric_history(parent.info.run_id, "accuracy")}
    assert curve == {row.number: row.value for row in result.history}
    children = {run.data.params["trial"]: run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id}
    assert set(children) == {"0", "1", "2"}
    for row in result.history:
        child = children[str(row.number)]
        assert child.data.tags["architecture"] == row.text
        assert (child.data.params["key"], child.data.params["origin"]) == (row.key, row.origin)
        assert (child.data.metrics["accuracy"], child.info.status) == (row.value, "FINISHED")
        losses = [(point.step, point.value) for point in client.get_metric_history(child.info.run_id, "loss")]
        assert sorted(losses) == [(1, 2.0), (2, 1.0)]
    logged(tmp_path, uri, trials=5)
    runs = client.search_runs([experiment.experiment_id])
    assert len(runs) == 1 + 5
    assert client.get_run(parent.info.run_id).info.status == "FINISHED"
    assert len(client.get_metric_history(parent.info.run_id, "accuracy")) == 5


@pytest.mark.slow
def test_the_latest_test_score_is_of_the_best_of_all_trials(tmp_path: Path) -> None:
    """Where a run goes on and an earlier trial wins, MLflow's value is the test score of that one, not of the best before."""
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    result = logged(tmp_path, uri)
    best = result.best
    assert best is not None
    assert best.finals[0] is not None
    tracker = callbacks.parse(f"mlflow:{uri}")
    tracker.start(result.run, result.settings)
    tracker.finish(replace(result, best=replace(best, trial=2)))
    evaluation = replace(best.finals[0].evaluation or Evaluation(Outcome.OK), value=0.25)
    earlier = replace(best, trial=0, finals=(replace(best.finals[0], evaluation=evaluation),))
    tracker.finish(replace(result, best=earlier, history=(*result.history, *result.history)))
    client = mlflow.MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("einspace-small")
    (parent,) = client.search_runs([experiment.experiment_id], "attributes.run_name = 'test'")
    assert parent.data.metrics["test_accuracy"] == 0.25


def test_a_store_that_cannot_be_had_is_refused_at_once(tmp_path: Path) -> None:
    """A mistake in the URI is not a failure in the middle of a search."""
    with pytest.raises(SettingError, match="MLflow cannot use nowhere://"):
        callbacks.parse("mlflow:nowhere://x")


@pytest.mark.parametrize(
    "address",
    [
        "http://me:hunter2@host:port",
        "http://me:hunter2@host:99999",
        "https://me:hunter2@[::1",
        "postgresql://me:hunter2@host:port/name",
        "nowhere://me:hunter2@host/\x1b[2J\nall is well",
    ],
)
def test_a_malformed_address(address: str) -> None:
    """It is one line, before the search begins, and shows no password."""
    with pytest.raises(SettingError, match="MLflow cannot use") as caught:
        callbacks.parse(f"mlflow:{address}")
    said = str(caught.value)
    assert "hunter2" not in said
    assert said.isprintable()


def test_a_server_that_is_not_there_costs_the_log_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The search finishes, and a warning names the callback."""
    options: dict[str, Any] = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": "2"}
    for name, value in options.items():
        monkeypatch.setenv(name, value)
    result = logged(tmp_path, "http://127.0.0.1:9")
    assert len(result.history) == 3
    assert "the callback mlflow failed and is switched off" in caplog.text


@pytest.mark.slow
def test_names_that_mlflow_does_not_take_are_written_plainly(tmp_path: Path) -> None:
    """The paper's columns are parameters of an official task, as `RE(RN18) einspace`; one such name switched the callback off."""
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    metric = Metric("F1 (mine)", True, METRICS["accuracy"].function)
    task = replace(small_task(), reported=Reported("F1 (mine)", {"RE(RN18) einspace": 0.9}), metric=metric)
    logged(tmp_path, uri, task=task)
    client = mlflow.MlflowClient(tracking_uri=uri)
    runs = client.search_runs([client.get_experiment_by_name("einspace-small").experiment_id])
    (parent,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    assert parent.info.status == "FINISHED"
    assert parent.data.params["published.RE_RN18_ einspace"] == "0.9"
    assert "best_F1 _mine_" in parent.data.metrics
    assert len(runs) == 4


class Counted(BaseHTTPRequestHandler):
    """A tracking server that takes everything, and notes what it was asked."""

    asked: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        """Every answer has what any request of ours looks for."""
        self.asked.append(self.path.partition("?")[0])
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        info = {"run_id": "1", "run_uuid": "1", "experiment_id": "1", "status": "RUNNING"}
        body = json.dumps({"experiment": {"experiment_id": "1"}, "run": {"info": info, "data": {}}, "run_info": info}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        """As to any other."""
        self.do_POST()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server that counts its requests."""
    monkeypatch.setattr(Counted, "asked", [])
    with ThreadingHTTPServer(("127.0.0.1", 0), Counted) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def trained(epochs: int, number: int = 0) -> Trial:
    """A trial that was trained for so many epochs."""
    evaluation = Evaluation(Outcome.OK, 0.5, losses=tuple(1 / (1 + epoch) for epoch in range(epochs)))
    return Trial(number, Proposal("relu", "key", Costs(1), "sample"), evaluation=evaluation, fitness=0.5)


SETTINGS = {"task": "small", "metric": {"name": "accuracy"}, "limits": {f"limit {i}": i for i in range(60)}}


def test_the_requests_for_a_trial_do_not_grow_with_its_epochs(tmp_path: Path, counted: str) -> None:
    """Each takes its time on a server elsewhere: with one for each epoch, and for each setting, the end of a search waited for hours."""
    tracker = callbacks.parse(f"mlflow:{counted}")
    tracker.start(tmp_path, SETTINGS)
    begun = list(Counted.asked)
    assert sum(path.endswith("/log-batch") for path in begun) == 1
    assert len(begun) < 10
    told: list[list[str]] = []
    for epochs in (2, 200):
        before = len(Counted.asked)
        tracker.trial(trained(epochs), 0.5)
        told.append(Counted.asked[before:])
    assert told[0] == told[1]
    assert sum(path.endswith("/log-batch") for path in told[0]) == 2  # that of the trial, and the curves of the search
    assert len(told[0]) <= 5


@pytest.mark.slow
def test_more_epochs_than_one_request_may_carry(tmp_path: Path) -> None:
    """MLflow takes 1,000 points at a time; every loss of a longer training is there all the same."""
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    tracker = callbacks.parse(f"mlflow:{uri}")
    tracker.start(tmp_path, SETTINGS)
    tracker.trial(trained(1_500), 0.5)
    client = mlflow.MlflowClient(tracking_uri=uri)
    (child,) = client.search_runs([client.get_experiment_by_name("einspace-small").experiment_id], "attributes.run_name = 'trial 0'")
    assert sorted(point.step for point in client.get_metric_history(child.info.run_id, "loss")) == list(range(1, 1_501))
