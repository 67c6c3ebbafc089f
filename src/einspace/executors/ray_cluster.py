"""RayExecutor: evaluations as tasks of a Ray cluster, which outlive the loss of a node."""

import atexit
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf, isfinite
from queue import Empty, SimpleQueue
from time import monotonic
from traceback import format_exc
from typing import Any

from einspace.errors import SettingError
from einspace.evaluation.attempt import Evaluate, accepts
from einspace.evaluation.evaluate import evaluate
from einspace.evaluation.outcome import Evaluation, Outcome, Request, Seconds, Watch, first_line
from einspace.executors.base import Executor
from einspace.executors.ray_mailbox import Mailbox
from einspace.executors.ray_runtime import Runtime
from einspace.executors.ray_work import work
from einspace.executors.worker import Epoch, Equipment
from einspace.tasks.recipe import Recipe
from einspace.tasks.task import Task

POLL = 5.0
"""Seconds that the mailbox is asked to wait for news, before it is asked again."""

GIVING_UP = 2.0
"""Seconds that an evaluation that was given up gets to end by itself, before its process is ended."""

STOPPING = 10.0
"""Seconds that `stop` waits: a watch may be running, which may wait for the very caller."""


@dataclass(eq=False)
class _Trial:
    """A request on its way, its task in Ray, and what was told of it so far. `told` epochs the watch has heard of, in whichever try."""

    number: int
    request: Request
    watch: Watch | None
    future: "Future[Evaluation]" = field(default_factory=Future)
    ref: Any = None
    tries: int = 0
    start: float = 0.0
    end: float = inf
    told: int = 0
    scores: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    given_up: Evaluation | None = None

    def failed(self, outcome: Outcome, reason: str, traceback: str = "") -> Evaluation:
        """An evaluation of which only what was told is known."""
        seconds = Seconds(train=monotonic() - self.start if self.tries else 0.0)
        told = Evaluation(outcome, epochs=tuple(self.losses), scores=tuple(self.scores), attempts=max(1, self.tries))
        return replace(told, reason=reason, traceback=traceback.strip(), seconds=seconds)


class RayExecutor(Executor):
    """Evaluates requests for one task on a Ray cluster: as many at once as are submitted and as its resources allow.

    Without an `address` it uses the connection to Ray that this process has, or else starts Ray on this machine alone (see `Runtime`).
    Every node needs this package and what `evaluate` refers to; the task is sent once, and the workers of a node share its arrays.

    An evaluation takes `cpus_per_trial` CPUs, which is also its number of threads, and `gpus_per_trial` GPUs: under 1 for a share of one,
    and of its memory. Its process is used again for the next one, but not if it has used a GPU, so that the memory is free again.
    `time_limit` is in seconds for one try, counted from when a worker takes it up. `memory_limit` is in bytes: without a GPU, of addresses
    on top of what the worker maps before it, and of the memory that Ray sets aside on the node; with a GPU, of the memory of that.

    Ray tries again, up to `retries` times and on any node, what ended because the worker or its node died; then the outcome is crashed, or
    out-of-memory if Ray ended it to save a node. Epochs that the watch has heard of are not told again.

    Raises SettingError for senseless settings, for evaluations that cannot be sent or that no node has room for, and where ray is not
    installed, and RunError if Ray cannot be reached.
    """

    def __init__(
        self,
        task: Task,
        recipe: Recipe,
        evaluate: Evaluate = evaluate,
        cpus_per_trial: float = 1.0,
        gpus_per_trial: float = 0.0,
        time_limit: float | None = None,
        memory_limit: int | None = None,
        address: str | None = None,
        retries: int = 2,
    ) -> None:
        _check(cpus_per_trial, gpus_per_trial, time_limit, memory_limit, retries)
        self._time_limit = time_limit
        self._retries = retries
        self._submitting = threading.Lock()
        self._guard = threading.Lock()  # of the set only: futures end in many threads
        self._waiting: set[Future[Evaluation]] = set()
        self._closed = False
        self._count = 0
        self._trials: dict[int, _Trial] = {}
        self._acts: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._running = True
        self._early: list[_Trial] | None = []  # submitted before the mailbox was there; None once it is
        self._runtime = Runtime(address)
        self._ray = self._runtime.ray
        memory = 0 if gpus_per_trial or memory_limit is None else memory_limit
        threads = max(1, int(cpus_per_trial))
        share = min(1.0, gpus_per_trial) if gpus_per_trial and memory_limit is None else None
        device = "cuda:0" if gpus_per_trial and accepts(evaluate, "device") else None
        try:
            self._runtime.check_room({"CPU": cpus_per_trial, "GPU": gpus_per_trial, "memory": memory})
            self._equipment = self._send(Equipment(task, recipe, evaluate, threads, memory_limit, share, device))
            self._work = self._ray.remote(
                num_cpus=cpus_per_trial,
                num_gpus=gpus_per_trial,
                max_retries=retries,
                max_calls=1 if gpus_per_trial else 0,
                **({"memory": memory} if memory else {}),
            )(work)
            self._mailbox = self._open_mailbox()
        except BaseException:
            self._runtime.close()
            raise
        self._thread = threading.Thread(target=self._serve, name="einspace-ray", daemon=True)
        self._thread.start()
        atexit.register(self.stop)

    def submit(self, request: Request, watch: Watch | None = None) -> Future[Evaluation]:
        """Queue a request; raises SettingError once the executor is closed."""
        with self._submitting:
            if self._closed:
                raise SettingError("this executor is closed: it takes no more requests")
            self._count += 1
            trial = _Trial(self._count, request, None if request.final else watch)
            with self._guard:
                self._waiting.add(trial.future)
            trial.future.add_done_callback(lambda _: self._forget(trial))
            self._acts.put(partial(self._begin, trial))
        return trial.future

    def close(self) -> None:
        """Take no more requests, wait for those that are queued, and leave Ray."""
        with self._submitting:
            self._closed = True
        with self._guard:
            waiting = tuple(self._waiting)
        wait(waiting)
        self._leave(None)

    def stop(self) -> None:
        """End the evaluations at once; those that have not ended are cancelled."""
        with self._submitting:
            self._closed = True
        with self._guard:
            waiting = tuple(self._waiting)
        for future in waiting:
            future.cancel()
        self._leave(STOPPING)

    def _leave(self, timeout: float | None) -> None:
        self._acts.put(self._end)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _forget(self, trial: _Trial) -> None:
        """A future has ended; if it was cancelled, wake those who wait for it, and end the evaluation too."""
        with self._guard:
            self._waiting.discard(trial.future)
        if trial.future.cancelled():
            trial.future.set_running_or_notify_cancel()
            self._acts.put(partial(self._drop, trial))

    # From here on, all of it runs in one thread, the only one that talks to Ray.

    def _serve(self) -> None:
        self._listen(0.0)
        while self._running:
            nearest = min((trial.end for trial in self._trials.values()), default=inf)
            with suppress(Empty):
                self._acts.get(timeout=None if nearest == inf else max(0.0, nearest - monotonic()))()
            for trial in [trial for trial in self._trials.values() if trial.end <= monotonic()]:
                self._end_late(trial)

    def _end(self) -> None:
        """The last act."""
        self._running = False
        for trial in tuple(self._trials.values()):  # cancelled, but that act comes after this one
            self._drop(trial)
        self._ray.kill(self._mailbox)
        self._runtime.close()
        atexit.unregister(self.stop)

    def _begin(self, trial: _Trial) -> None:
        """Hand a trial to Ray, which queues it until there is room."""
        if self._early is not None:
            self._early.append(trial)
            return
        if trial.future.done():
            return
        self._trials[trial.number] = trial
        trial.ref = self._work.remote(self._equipment, trial.number, trial.request, trial.watch is not None, self._mailbox)
        trial.ref.future().add_done_callback(lambda done: self._acts.put(partial(self._finish, trial, done)))

    def _listen(self, patience: float = POLL) -> None:
        """Ask the mailbox for news, which waits so many seconds for them."""
        news = self._mailbox.collect.remote(patience)
        news.future().add_done_callback(lambda done: self._acts.put(partial(self._hear, done)))

    def _hear(self, done: "Future[list[tuple[int, list[Epoch] | None]]]") -> None:
        """What the mailbox had; it is lost if the actor is, which Ray then starts anew."""
        news = [] if done.exception() else done.result()
        for number, epochs in news:
            trial = self._trials.get(number)
            if trial is None:
                continue
            if epochs is None:
                self._start(trial)
            else:
                for epoch in epochs:
                    self._tell(trial, epoch)
                self._mailbox.answer.remote(number, trial.given_up is None)
        self._listen()
        if self._early is not None:
            early, self._early = self._early, None
            for trial in early:
                self._begin(trial)

    def _start(self, trial: _Trial) -> None:
        """A worker has begun with a trial; its clock starts, and what an earlier try told is void."""
        trial.tries += 1
        if trial.given_up is not None:
            return
        trial.start = monotonic()
        trial.end = inf if self._time_limit is None else trial.start + self._time_limit
        trial.scores.clear()
        trial.losses.clear()
        if trial.tries > self._retries + 1:  # Ray does not count those that it ends itself to save a node
            self._settle(trial, trial.failed(Outcome.OUT_OF_MEMORY, f"begun {trial.tries} times, for its nodes ran out of memory"))

    def _tell(self, trial: _Trial, epoch: Epoch) -> None:
        """Ask the watch about an epoch, and give the trial up if it says so."""
        if trial.given_up is not None or trial.watch is None or trial.future.done() or epoch.number <= len(trial.scores):
            return
        trial.scores.append(epoch.score)
        if epoch.loss is not None:
            trial.losses.append(epoch.loss)
        if epoch.number <= trial.told:
            return
        trial.told = epoch.number
        try:
            if not trial.watch(epoch.number, epoch.score):
                trial.given_up = trial.failed(Outcome.PRUNED, f"given up after epoch {epoch.number}")
        except Exception as error:  # noqa: BLE001 - it is the caller's code, and this thread must live on
            trial.given_up = trial.failed(Outcome.ERROR, f"the watch raised {first_line(error)}", format_exc())
        if trial.given_up is not None:
            trial.end = min(trial.end, monotonic() + GIVING_UP)

    def _finish(self, trial: _Trial, done: "Future[Evaluation]") -> None:
        """Ray has ended a trial; what its epochs were is told by now, even if the mailbox was lost."""
        if trial.number not in self._trials:
            return
        error = done.exception()
        if error is not None:
            self._settle(trial, trial.given_up or self._broken(trial, error))
            return
        evaluation = done.result()
        for number, score in enumerate(evaluation.scores, 1):
            loss = evaluation.epochs[number - 1] if number <= len(evaluation.epochs) else None
            self._tell(trial, Epoch(number, score, loss))
        if trial.given_up is None:
            self._settle(trial, replace(evaluation, attempts=max(trial.tries, evaluation.attempts)))  # news of the last try may come late
            return
        epochs = evaluation.epochs[: len(trial.given_up.scores)] or trial.given_up.epochs
        better = replace(trial.given_up, epochs=epochs, parameters=evaluation.parameters)
        self._settle(trial, replace(better, seconds=evaluation.seconds, device=evaluation.device))

    def _broken(self, trial: _Trial, error: BaseException) -> Evaluation:
        """What Ray says of a task that it could not bring to its end."""
        known = self._ray.exceptions
        outcome = Outcome.ERROR if isinstance(error, known.RayTaskError) else Outcome.CRASHED
        if isinstance(error, known.OutOfMemoryError):
            outcome = Outcome.OUT_OF_MEMORY
        return trial.failed(outcome, f"after {max(1, trial.tries)} tries, {first_line(error)}")

    def _end_late(self, trial: _Trial) -> None:
        """The time limit of a trial is over, or it was given up and does not end."""
        limit = float(self._time_limit or 0)
        self._settle(trial, trial.given_up or trial.failed(Outcome.TIMEOUT, f"not finished after {limit:g} seconds"))

    def _settle(self, trial: _Trial, evaluation: Evaluation) -> None:
        """End the future, with what came of it."""
        self._drop(trial)
        with suppress(InvalidStateError):
            trial.future.set_result(evaluation)

    def _drop(self, trial: _Trial) -> None:
        """Have nothing more to do with a trial, whose process is ended if it still runs."""
        if self._trials.pop(trial.number, None) is not None:
            self._mailbox.drop.remote(trial.number)
            self._ray.cancel(trial.ref, force=True)

    def _send(self, equipment: Equipment) -> Any:
        """Put into the object store what all evaluations share."""
        try:
            return self._ray.put(equipment)
        except Exception as error:  # noqa: BLE001 - pickling runs code of the user's
            raise SettingError(f"the evaluation cannot be sent to Ray: {first_line(error)}") from None

    def _open_mailbox(self) -> Any:
        """An actor beside this process, for as long as this executor."""
        scheduling = self._ray.util.scheduling_strategies
        here = scheduling.NodeAffinitySchedulingStrategy(self._ray.get_runtime_context().get_node_id(), soft=False)
        options = {"num_cpus": 0, "max_concurrency": 10_000, "max_restarts": -1, "scheduling_strategy": here}
        return self._ray.remote(**options)(Mailbox).remote()


def _check(cpus: float, gpus: float, time_limit: float | None, memory_limit: int | None, retries: int) -> None:
    """Raise SettingError for settings that make no sense."""
    if not (isfinite(cpus) and cpus > 0):
        raise SettingError(f"cpus per trial must be over 0, not {cpus!r}")
    if not (isfinite(gpus) and gpus >= 0) or (gpus > 1 and gpus != int(gpus)):
        raise SettingError(f"gpus per trial must be a share from 0 to 1, or a whole number, not {gpus!r}")
    if time_limit is not None and not (isfinite(time_limit) and time_limit > 0):
        raise SettingError(f"the time limit must be over 0 seconds, or None, not {time_limit!r}")
    if memory_limit is not None and (type(memory_limit) is not int or memory_limit < 1):
        raise SettingError(f"the memory limit must be bytes over 0, or None, not {memory_limit!r}")
    if type(retries) is not int or retries < 0:
        raise SettingError(f"retries must be a whole number of at least 0, not {retries!r}")
