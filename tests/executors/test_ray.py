"""What only Ray does: retries, the loss of a node, shares of a GPU, and what it leaves behind."""

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests import study_samples
from tests.executors import executor_samples, ray_samples
from tests.executors.waiting import gone, until

import einspace
from einspace.errors import RunError, SettingError, UnknownNameError
from einspace.evaluation import Outcome, Request, Work
from einspace.evaluation.attempt import attempt
from einspace.evaluation.objective import TaskObjective
from einspace.executors import Pending, RayExecutor, choose
from einspace.executors.local import LocalExecutor
from einspace.study import search

ray = pytest.importorskip("ray")
cluster_utils = pytest.importorskip("ray.cluster_utils")

pytestmark = [pytest.mark.timeout(150), pytest.mark.processes]

STORE = 100 * 2**20
WORK, BEHAVIOUR = executor_samples.tiny_work(), executor_samples.behaviour()
WHERE = Work(ray_samples.Where(executor_samples.tiny_task(), executor_samples.RECIPE), executor_samples.tiny_task().input)
BEGINS = Work(ray_samples.Begins(executor_samples.tiny_task(), executor_samples.RECIPE), executor_samples.tiny_task().input)
LOOK = Work(ray_samples.Look(executor_samples.tiny_task(), executor_samples.RECIPE), executor_samples.tiny_task().input)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes on this machine, of one CPU each; the head has a GPU, as it says. One that is lost is noticed after 3 seconds, not 15."""
    health = {"health_check_initial_delay_ms": 1000, "health_check_period_ms": 1000, "health_check_failure_threshold": 3}
    head = {"num_cpus": 1, "num_gpus": 1, "object_store_memory": STORE, "include_dashboard": False, "_system_config": health}
    others = set(psutil.Process().children(recursive=True))
    cluster = cluster_utils.Cluster(initialize_head=True, head_node_args=head)
    cluster.add_node(num_cpus=1, object_store_memory=STORE)
    own = set(psutil.Process().children(recursive=True)) - others
    yield cluster
    cluster.shutdown()
    assert own
    assert until(lambda: all(gone(process.pid) for process in own))


def test_unreachable() -> None:
    """An address where nobody answers is one line, at once."""
    with pytest.raises(RunError, match=r"there is no Ray cluster at 127\.0\.0\.1:9"):
        RayExecutor(WORK, address="127.0.0.1:9")


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ray the one line tells what to install."""
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SettingError, match=r"pip install 'einspace\[ray\]'"):
        RayExecutor(WORK)


@pytest.mark.parametrize(
    "settings",
    [{"cpus_per_trial": 0.0}, {"gpus_per_trial": -1.0}, {"gpus_per_trial": 1.5}, {"time_limit": 0.0}, {"memory_limit": 0}, {"retries": -1}],
)
def test_settings(settings: dict[str, Any]) -> None:
    """Settings that make no sense are named before anything is started."""
    with pytest.raises(SettingError, match=next(iter(settings)).replace("_", " ")):
        RayExecutor(WORK, **settings)
    assert not ray.is_initialized()


def test_connection_of_its_own(cluster: Any) -> None:
    """Two executors share a connection to the cluster; the first to end leaves it, and the last one ends it."""
    first, second = (RayExecutor(BEHAVIOUR, address=cluster.address) for _ in range(2))
    first.close()
    assert second.submit(Request("fine")).result().outcome is Outcome.OK
    second.close()
    assert not ray.is_initialized()


@pytest.fixture(scope="module")
def connection(cluster: Any) -> Iterator[None]:
    """A connection to them that executors share, and with it the workers that have everything imported."""
    ray.init(cluster.address, log_to_driver=False)
    yield
    ray.shutdown()


def test_connection_of_the_caller(connection: None) -> None:
    """A connection to Ray that this process had before is used and left; there is no second one beside it."""
    with RayExecutor(BEHAVIOUR) as executor:
        assert executor.submit(Request("fine")).result().outcome is Outcome.OK
    assert ray.is_initialized()
    with pytest.raises(SettingError, match=r"connected to Ray at .* already"):
        RayExecutor(WORK, address="10.9.8.7:6379")


def test_real_evaluation(connection: None) -> None:
    """An architecture is trained and scored from arrays that the workers share, as in this process."""
    request = Request("[linear(d=16) relu]", seed=1)
    with RayExecutor(WORK) as executor:
        evaluation = executor.submit(request).result()
    here = attempt(request, WORK)
    assert (evaluation.outcome, evaluation.value, evaluation.parameters) == (Outcome.OK, here.value, here.parameters), evaluation
    assert evaluation.losses == pytest.approx(here.losses)
    with RayExecutor(LOOK) as executor:
        assert executor.submit(request).result().value == 1.0


def test_weights_come_to_the_driver(connection: None, tmp_path: Path) -> None:
    """They lie where the request wants them, though the worker wrote them elsewhere; where that cannot be, the reason says so."""
    kept, impossible = tmp_path / "new" / "w.safetensors", tmp_path / "new" / "w.safetensors" / "w"
    with RayExecutor(WHERE) as executor:
        evaluations = [executor.submit(Request("[relu norm]", keep=path)).result() for path in (str(kept), str(impossible), None)]
    assert [evaluation.value for evaluation in evaluations] == [0.5, 0.5, 0.5]
    assert [evaluation.reason[:26] for evaluation in evaluations] == ["", "the weights were not kept:", ""]
    there = Path(kept.read_text())
    assert there != kept
    assert not there.exists()


def test_weights_to_begin_with_come_to_the_worker(connection: None, tmp_path: Path) -> None:
    """They are sent with the request, for the worker may not see the driver's folder; where there are none, it has the path to name."""
    parent, missing = tmp_path / "0.safetensors", tmp_path / "1.safetensors"
    parent.write_text("weights")
    with RayExecutor(BEGINS) as executor:
        there, gone = (executor.submit(Request("[relu norm]", inherits=str(path))).result().extra for path in (parent, missing))
    assert there["found"] == "weights"
    assert there["path"] != str(parent)
    assert not Path(there["path"]).exists()
    assert gone == {"path": str(missing), "found": ""}


@pytest.mark.parametrize("options", [{"inherit": True}, {"pruner": "rungs"}], ids=["inherit", "rungs"])
def test_a_search_is_the_same_as_in_this_process(connection: None, tmp_path: Path, options: dict[str, Any]) -> None:
    """With one worker: who begins with whose weights, what was taken over, and who was stopped at which rung."""
    task = study_samples.bright_task()
    recipe = replace(study_samples.RECIPE, epochs_search=4, batch_size=8)
    work = Work(TaskObjective(task, recipe), task.input)
    given: dict[str, Any] = {"workers": 1, "limits": study_samples.SMALL, "report": False, "final_seeds": 0, **study_samples.EVOLUTION}
    found = []
    for name, executor in (("here", LocalExecutor(work)), ("ray", RayExecutor(work))):
        with executor:
            result = search(task, trials=16, run=name, runs=tmp_path, recipe=recipe, executor=executor, **given, **options)
        assert {trial.outcome for trial in result.history} <= {"ok", "pruned"}
        found.append([(trial.proposal, trial.value, trial.inherited, trial.rungs, trial.stopped, trial.reason) for trial in result.history])
    assert found[0] == found[1]
    assert any(inherited or stopped for _, _, inherited, _, stopped, _ in found[0])


def test_how_far_an_evaluation_is(connection: None) -> None:
    """The epochs that have ended come through the mailbox, of a final training too, which nobody judges."""
    with RayExecutor(BEHAVIOUR) as executor:
        future = executor.submit(Request("passes 4", final=True))
        assert isinstance(future, Pending)
        assert until(lambda: future.passed is not None)
        assert future.passed in [(epoch, 5) for epoch in (1, 2, 3, 4)]
        executor.stop()


def test_mailbox_lost(connection: None) -> None:
    """The way of the scores to the driver may be lost: the watch is told all the same, and what it says counts."""
    told: list[int] = []

    def watch(epoch: int, score: float) -> bool:
        told.append(epoch)
        return epoch < 3

    with RayExecutor(BEHAVIOUR) as executor:
        assert executor.submit(Request("fine")).result().outcome is Outcome.OK
        ray.kill(executor._mailbox, no_restart=False)
        evaluation = executor.submit(Request("epochs 4"), watch).result()
    assert (evaluation.outcome, evaluation.scores, told) == (Outcome.PRUNED, (0.1, 0.2, 0.3), [1, 2, 3])


def test_two_tries_more(connection: None, tmp_path: Path) -> None:
    """An evaluation whose worker is killed once is tried again and tells so; one that is killed every time ends as crashed after three."""
    with RayExecutor(BEHAVIOUR) as executor:
        once, always = (executor.submit(Request(text)) for text in (f"kill-once {tmp_path / 'killed'}", "kill"))
        assert (once.result().outcome, once.result().attempts) == (Outcome.OK, 2)
        assert (always.result().outcome, always.result().attempts) == (Outcome.CRASHED, 3)
        assert "worker died" in always.result().reason


def test_a_device_that_failed_is_tried_again_as_a_worker_that_died(connection: None, tmp_path: Path) -> None:
    """The evaluation comes back as crashed from a worker that lives, and cost the trial, where a local worker's is tried three times."""
    with RayExecutor(BEHAVIOUR) as executor:
        once, always = (executor.submit(Request(text)) for text in (f"device-fails-once {tmp_path / 'failed'}", "device-fails"))
        assert (once.result().outcome, once.result().attempts) == (Outcome.OK, 2)
        assert (always.result().outcome, always.result().attempts) == (Outcome.CRASHED, 3)
        assert always.result().reason == "AcceleratorError: CUDA error: uncorrectable ECC error encountered"


def test_share_of_a_gpu(connection: None) -> None:
    """A trial with half a GPU runs where there is one and sees it; more than a node has is refused at once, in one line."""
    with RayExecutor(LOOK, cpus_per_trial=0.5, gpus_per_trial=0.5) as executor:
        evaluations = [future.result() for future in [executor.submit(Request("[relu norm]")) for _ in range(2)]]
    assert [evaluation.reason for evaluation in evaluations] == ["0", "0"]
    with pytest.raises(SettingError, match=r"no node of the Ray cluster has room.*GPU 2"):
        RayExecutor(WORK, gpus_per_trial=2)


def test_node_lost_in_a_search(cluster: Any, connection: None, tmp_path: Path) -> None:
    """A node that is lost in the middle of a search costs no trial and doubles none: what ran there runs again elsewhere."""
    notes = tmp_path / "notes"
    notes.mkdir()
    doomed = next(node for node in cluster.list_all_nodes() if node is not cluster.head_node)

    def texts(ending: str) -> list[tuple[str, ...]]:
        return [tuple(path.read_text().split(" ", 1)) for path in sorted(notes.glob(f"*.{ending}")) if path.read_text()]

    def on_doomed(ending: str) -> list[str]:
        return [text for node, text in texts(ending) if node == doomed.node_id]

    def lose() -> None:
        assert until(lambda: len(on_doomed("begun")) > len(on_doomed("ended")) >= 1, seconds=90)
        cluster.remove_node(doomed, allow_graceful=False)

    task = study_samples.small_task()
    losing = threading.Thread(target=lose)
    with RayExecutor(Work(partial(ray_samples.note, folder=notes), task.input)) as executor:
        losing.start()
        result = search(
            task, "random", trials=5, workers=2, seed=1, limits=study_samples.SMALL, run="lost", runs=tmp_path, executor=executor
        )
        losing.join()
    assert [trial.outcome for trial in result.history] == ["ok"] * 5
    begun, ended = (Counter(text for _, text in texts(ending)) for ending in ("begun", "ended"))
    lost = begun - ended
    assert sum(lost.values()) == 1, "one evaluation was in the middle"
    assert set(lost) <= set(on_doomed("begun")) & set(ended)
    assert {trial.text for trial in result.history} <= set(ended)


PROGRAM = """
from einspace.evaluation import Request, Work
from einspace.executors import RayExecutor
from einspace.features import Feature
from beside import own

if __name__ == "__main__":
    with RayExecutor(Work(own, Feature((1, 2, 2)))) as executor:
        for text in ("[relu norm]", "[norm relu]"):
            print(executor.submit(Request(text)).result().reason, flush=True)
"""

BESIDE = """
import os, time
from pathlib import Path
from einspace.evaluation import Evaluation, Outcome

def own(architecture, context):
    if str(architecture) == "[norm relu]":
        Path("../pid").write_text(str(os.getpid()))
        time.sleep(1_000)
    return Evaluation(Outcome.OK, 1.0, reason=os.getcwd())
"""

PLANTED = ("torch", "numpy", "struct", "einspace", "psutil", "sitecustomize")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A program that starts Ray on its machine, in a folder with data and modules that nobody should run; its second evaluation is endless.

    The folder above is that of the data's, the scripts', and of what is written.
    """
    folder = tmp_path_factory.mktemp("program")
    data, scripts = folder / "data", folder / "scripts"
    data.mkdir()
    scripts.mkdir()
    for name in PLANTED:
        (data / f"{name}.py").write_text(f"open({str(folder / 'run')!r}, 'a').write(__name__)\nraise SystemError")
    (scripts / "search.py").write_text(PROGRAM)
    (scripts / "beside.py").write_text(BESIDE)
    environment = {**os.environ, "PYTHONPATH": str(Path(einspace.__file__).parents[1])}
    command = [sys.executable, str(scripts / "search.py")]
    started = subprocess.Popen(command, cwd=data, env=environment, stdout=subprocess.PIPE, text=True)
    yield started, folder
    started.kill()
    started.communicate()


def test_modules_of_the_current_folder_are_not_run(program: tuple[subprocess.Popen[str], Path]) -> None:
    """What lies beside the data runs in no worker of Ray's; modules beside the program are found, and paths are those of the driver."""
    started, folder = program
    assert started.stdout is not None
    assert started.stdout.readline() == f"{folder / 'data'}\n"
    assert not (folder / "run").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_no_worker_outlives_the_driver(program: tuple[subprocess.Popen[str], Path]) -> None:
    """A driver that started Ray on its machine and is killed leaves no worker behind, not even a busy one, and no Ray that could start any.

    Ray's two agents, which only report, look for the one that they report to for another minute or more; here they are ended.
    """
    driver, note = program[0], program[1] / "pid"
    family: dict[psutil.Process, str] = {}
    try:
        assert until(lambda: note.exists() and note.read_text() != "", seconds=60)
        family = {process: " ".join(process.cmdline()) for process in psutil.Process(driver.pid).children(recursive=True)}
        assert int(note.read_text()) in {process.pid for process in family}
        assert any("raylet" in command for command in family.values())
        driver.kill()
        assert until(lambda: all(gone(process.pid) for process, command in family.items() if "Agent" not in command))
    finally:
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()


def test_choice() -> None:
    """An executor is chosen by name, and a setting that it does not have is refused."""
    with pytest.raises(UnknownNameError, match="unknown executor 'rey': did you mean ray"):
        choose("rey")
    with pytest.raises(SettingError, match="address 'here' is a setting of the executor ray"):
        choose("processes", address="here")
    with choose("processes")(BEHAVIOUR, 1, 60.0) as executor:
        assert executor.submit(Request("pid")).result().value != os.getpid()
