"""What the tests of the study evaluate with: an executor in threads whose scores follow from the text alone."""

import hashlib
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tests.forked import Forked

from einspace.errors import SettingError
from einspace.evaluation.outcome import INHERITED, RUNGS, Evaluation, Outcome, Request, Seconds, Watch
from einspace.executors.base import Executor
from einspace.features import Feature
from einspace.limits import Limits
from einspace.result import load_result
from einspace.tasks.metrics import ACCURACY, Metric
from einspace.tasks.recipe import Recipe
from einspace.tasks.split import Split
from einspace.tasks.task import Task

RECIPE = Recipe(epochs_search=1, epochs_final=3, batch_size=4, learning_rate=0.1, weight_decay=0.0)

EVOLUTION: dict[str, Any] = {"init": "resnet8,random*3", "population": 6, "tournament": 3, "race": False}
"""A population small enough that seeds age out in a test; without a race, which `test_race` is about."""

SAMPLED: dict[str, Any] = {"strategy": "random", "init": (), "population": None, "tournament": None, "race": False}
"""What makes of a search in a small population one that samples afresh."""

CLIMB: dict[str, Any] = {"pruner": "rungs", "recipe": {"epochs_search": 8, "epochs_final": 8}}
"""What makes of a search one with rungs, for the function `climber`."""

SMALL = Limits(operations=60, parameters=2_000_000)


def small_task(metric: Metric = ACCURACY, value: float = 0.0) -> Task:
    """Eight constant samples of two classes."""
    split = Split(np.full((8, 1, 8, 8), value, dtype=np.float32), np.arange(8) % 2)
    return Task(
        name="small",
        input=Feature((1, 8, 8)),
        target=2,
        train=split,
        valid=split,
        test=split,
        metric=metric,
        recipe=RECIPE,
        baselines=("resnet8",),
    )


def bright_task() -> Task:
    """Bright samples to be told from dark ones, which not every network learns."""
    rng, labels = np.random.default_rng(0), np.arange(64) % 2
    split = Split((rng.normal(size=(64, 1, 4, 4)) + 4 * labels[:, None, None, None] - 2).astype(np.float32), labels)
    fields = {name: getattr(small_task(), name) for name in ("name", "target", "metric", "recipe", "baselines")}
    return Task(**fields, input=Feature((1, 4, 4)), train=split, valid=split, test=split)


def score(text: str) -> float:
    """A number from 0 to 1 that looks like chance but follows from the text."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF


def good(request: Request) -> Evaluation:
    """Every architecture trains well; the final training scores 1 more."""
    return Evaluation(Outcome.OK, score(request.text) + request.final, losses=(2.0, 1.0), parameters=1, seconds=Seconds(0, 0.001, 0))


def often_bad(request: Request) -> Evaluation:
    """Two of three fail, and a bad one claims a value that must not be believed."""
    if score(request.text) < 2 / 3:
        return Evaluation(Outcome.NAN, value=1e9, losses=(float("nan"),), reason="the loss is nan", traceback="a line")
    return good(request)


def heir(request: Request) -> Evaluation:
    """The score follows from the weights that it begins with too; nothing is inherited where there are none."""
    if request.inherits is None:
        return good(request)
    if not Path(request.inherits).is_file():
        return replace(good(request), reason="trained from fresh weights: there are none")
    value = score(request.text + Path(request.inherits).read_text())
    return replace(good(request), value=value, losses=(1.0,), extra={INHERITED: 0.5})


def climber(request: Request) -> Evaluation:
    """The score after so many epochs of eight, with an error that gets smaller; the trial ends where one is not reached."""
    scores = []
    for epoch, least in request.rungs or ():
        scores.append((epoch, score(request.text) * epoch / 8 + 0.2 * score(f"{epoch}{request.text}")))
        if least is not None and scores[-1][1] < least:
            return Evaluation(Outcome.PRUNED, None, (1.0,) * epoch, reason=f"stopped after {epoch}", extra={RUNGS: scores})
    extra = {} if not scores else {RUNGS: scores}
    return Evaluation(Outcome.OK, score(request.text), (1.0,) * 8, parameters=1, seconds=Seconds(0, 0.001, 0), extra=extra)


def watched(request: Request, watch: Watch) -> Evaluation:
    """Four epochs, after each of which somebody may give the architecture up."""
    scores: list[float] = []
    for epoch in range(1, 5):
        scores.append(score(request.text) * epoch / 4)
        if not watch(epoch, scores[-1]):
            return Evaluation(Outcome.PRUNED, None, (1.0,) * epoch, reason=f"given up after epoch {epoch}", scores=tuple(scores))
    return Evaluation(Outcome.OK, scores[-1], (1.0,) * 4, scores=tuple(scores), seconds=Seconds(0, 0.001, 0), attempts=2, device="cpu")


class Driver:
    """A driver in a process of its own."""

    def __init__(self, runs: Path, trials: int, **options: Any) -> None:
        self.process = Forked("tests.study_samples:drive", str(runs), trials, **options)
        self.pid = self.process.pid

    def __enter__(self) -> "Driver":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def wait_for(self, done: int) -> None:
        """Read its lines until it has finished `done` trials or more."""
        for line in self.process.stdout:
            if line.strip().isdigit() and int(line) >= done:
                return
        raise AssertionError(self.process.stderr.read())

    def kill(self) -> None:
        """SIGKILL: no time for anything."""
        if not self.process.stdout.closed:
            self.process.kill()
            self.process.communicate(timeout=30)

    def end(self, timeout: float = 120) -> tuple[int, str, str]:
        """Wait for it; its exit code, what it said and what it complained about."""
        said, complained = self.process.communicate(timeout)
        return self.process.wait(0), said, complained


def kill_after(done: int, runs: Path, trials: int, **options: Any) -> None:
    """Kill a driver when it has finished `done` trials or more; its run has these, and fewer than `trials`."""
    with Driver(runs, 1000, **options) as process:
        process.wait_for(done)
        process.kill()
    assert done <= len(load_result("killed", str(runs)).history) < trials


class ThreadExecutor(Executor):
    """Evaluates in threads of this process and keeps the requests."""

    def __init__(self, function: Callable[[Request], Evaluation] = good, workers: int = 1, delay: float = 0.0) -> None:
        self.requests: list[Request] = []
        self.function = function
        self.delay = delay
        self.stopped = False
        self.closed = False
        self._waiting: list[Future[Evaluation]] = []
        self._pool = ThreadPoolExecutor(workers)

    def submit(self, request: Request, watch: Watch | None = None) -> Future[Evaluation]:
        if self.closed:
            raise SettingError("closed")
        self.requests.append(request)
        future: Future[Evaluation] = Future()
        self._waiting.append(future)
        self._pool.submit(self._run, request, future, watch)
        return future

    def _run(self, request: Request, future: Future[Evaluation], watch: Watch | None) -> None:
        end = time.monotonic() + self.delay
        while time.monotonic() < end and not self.stopped:
            time.sleep(0.002)
        if not self.stopped and future.set_running_or_notify_cancel():
            evaluation = self.function(request) if watch is None else watched(request, watch)
            if request.keep is not None and evaluation.outcome is Outcome.OK and not Path(request.keep).exists():
                Path(request.keep).parent.mkdir(exist_ok=True)
                Path(request.keep).write_text(request.text)
            future.set_result(evaluation)

    def close(self) -> None:
        self.closed = True
        self._pool.shutdown(wait=True)

    def stop(self) -> None:
        self.closed = self.stopped = True
        for future in self._waiting:
            if not future.done() and future.cancel():
                future.set_running_or_notify_cancel()
        self._pool.shutdown(wait=True)


def drive(
    runs: str,
    trials: int,
    workers: int = 1,
    delay: float = 0.0,
    storage: str | None = None,
    heartbeat: int = 1,
    grace: int = 3,
    file_size: int | None = None,
    function: str = "good",
    run: str = "killed",
    thinking: float = 0.0,
    **options: Any,
) -> None:
    """Be a driver in a process of its own, for others to kill; prints a line for each trial that ended, and what an error says.

    Its strategy thinks for so many seconds before each proposal.
    """
    from tests.databases import Hasty

    from einspace.errors import EinspaceError
    from einspace.storage import database, store
    from einspace.study import Interrupted, Progress, phases, search
    from einspace.study.signals import ending

    def tell(progress: Progress) -> None:
        if progress.trial is not None:  # others say what begins
            print(progress.done, flush=True)

    database._Durable = Hasty  # type: ignore[misc, assignment]
    ask = phases.propose  # type: ignore[attr-defined]

    def slowly(*asked: Any) -> Any:
        time.sleep(thinking)
        return ask(*asked)

    phases.propose = slowly  # type: ignore[attr-defined, assignment]
    store.HEARTBEAT, store.GRACE = heartbeat, grace
    if file_size is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    executor = ThreadExecutor(globals()[function], workers, delay)
    try:
        with ending():
            search(
                small_task(),
                trials=trials,
                workers=workers,
                limits=SMALL,
                run=run,
                runs=runs,
                executor=executor,
                progress=tell,
                storage=storage,
                report=False,
                **EVOLUTION,
                **options,
            )
    except Interrupted as interrupted:
        print(interrupted, flush=True)
        sys.exit(130)
    except EinspaceError as error:
        print(error, flush=True)
        sys.exit(2)
