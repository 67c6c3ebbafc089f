"""The contract of executors, held by every one in `executor_samples.FACTORIES`; whoever adds one adds a line there."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, wait

import pytest
from tests.executors.executor_samples import FACTORIES
from tests.executors.waiting import gone, until

from einspace import machine
from einspace.errors import SettingError
from einspace.evaluation.outcome import Evaluation, Outcome, Request
from einspace.executors import Executor
from einspace.executors.processes import STOPPING

pytestmark = [pytest.mark.timeout(90), pytest.mark.processes]

Make = Callable[..., Executor]


@pytest.fixture(scope="module", params=FACTORIES)
def make(request: pytest.FixtureRequest) -> Make:
    return FACTORIES[request.param]


@pytest.fixture(scope="module")
def executor(make: Make) -> Iterator[Executor]:
    with make(workers=2, memory_limit=2**31, time_limit=60) as made:
        yield made


def pid_of(executor: Executor) -> int:
    return int(executor.submit(Request("pid")).result().value or 0)


def test_ok(executor: Executor) -> None:
    """A worker has the task and the recipe, and its evaluation comes back whole."""
    evaluation = executor.submit(Request("fine")).result()
    assert (evaluation.outcome, evaluation.value, evaluation.reason) == (Outcome.OK, 9.0, "fine")
    assert (evaluation.scores, evaluation.attempts) == ((), 1)


def test_killed_worker(executor: Executor) -> None:
    """A worker that is killed ends its own evaluation as crashed; those beside it and after it are not touched."""
    futures = [executor.submit(Request(text)) for text in ("a", "kill", "b", "kill", "c")]
    outcomes = [future.result() for future in futures]
    assert [evaluation.outcome for evaluation in outcomes] == [Outcome.OK, Outcome.CRASHED, Outcome.OK, Outcome.CRASHED, Outcome.OK]
    assert outcomes[1].reason != ""
    assert executor.submit(Request("after")).result().outcome is Outcome.OK


@pytest.mark.parametrize(("text", "outcome"), [("exit 0", Outcome.CRASHED), ("exit 3", Outcome.CRASHED), ("sys-exit", Outcome.ERROR)])
def test_worker_that_ends_itself(executor: Executor, text: str, outcome: Outcome) -> None:
    """A worker that exits in the middle of an evaluation, even with code 0, is noticed at once; an exit that Python raises is an error."""
    assert executor.submit(Request("fine")).result().outcome is Outcome.OK
    clock = time.monotonic()
    assert executor.submit(Request(text)).result().outcome is outcome
    assert time.monotonic() - clock < 5
    assert executor.submit(Request("after")).result().outcome is Outcome.OK


@pytest.mark.parametrize("text", ["hog", "hog-python"])
def test_memory(executor: Executor, text: str) -> None:
    """Asking for more than the limit ends as out-of-memory, and the worker lives on."""
    assert executor.submit(Request(text)).result().outcome is Outcome.OUT_OF_MEMORY


def test_error(executor: Executor) -> None:
    """What Python raises ends as error, with its type in the reason and the place in the traceback."""
    evaluation = executor.submit(Request("error")).result()
    assert evaluation.outcome is Outcome.ERROR
    assert evaluation.value is None
    assert "KeyError" in evaluation.reason
    assert "executor_samples.py" in evaluation.traceback
    assert "a mistake" in evaluation.traceback


@pytest.mark.parametrize("text", ["unpicklable", "unsendable", "no-score"])
def test_what_cannot_be_sent(executor: Executor, text: str) -> None:
    """An exception or a result that would break the way to the driver never enters it."""
    assert executor.submit(Request(text)).result().outcome is Outcome.ERROR
    assert executor.submit(Request("after")).result().outcome is Outcome.OK


def test_nan(executor: Executor) -> None:
    """A loss that is not a number ends as nan, and the losses up to there are kept."""
    evaluation = executor.submit(Request("nan")).result()
    assert evaluation.outcome is Outcome.NAN
    assert evaluation.losses[0] == 0.5


def test_threads(executor: Executor) -> None:
    """Workers share the processors, so that two of them do not take each other's."""
    assert executor.submit(Request("threads")).result().value == machine.threads(2)


def test_timeout(make: Make) -> None:
    """An endless evaluation ends as timeout with the scores it had, and so does not hold up what waits behind it."""
    with make(time_limit=1.0) as executor:
        first, second = executor.submit(Request("epochs 2 forever"), lambda epoch, score: True), executor.submit(Request("fine"))
        assert first.result().outcome is Outcome.TIMEOUT
        assert "1 seconds" in first.result().reason
        assert first.result().scores == (0.1, 0.2)
        assert second.result().outcome is Outcome.OK


def test_watch(executor: Executor) -> None:
    """A watch is told of each epoch once, in order, in this process and one call at a time, and the scores are kept."""
    told: list[tuple[int, float]] = []
    inside = threading.Lock()

    def watch(epoch: int, score: float) -> bool:
        assert inside.acquire(blocking=False)
        time.sleep(0.01)
        told.append((epoch, score))
        inside.release()
        return True

    evaluation = executor.submit(Request("epochs 5"), watch).result()
    assert told == [(1, 0.1), (2, 0.2), (3, 0.3), (4, 0.4), (5, 0.5)]
    assert evaluation.outcome is Outcome.OK, evaluation
    assert evaluation.scores == (0.1, 0.2, 0.3, 0.4, 0.5)


def test_pruned(executor: Executor) -> None:
    """A watch that says no ends the evaluation after that epoch as pruned; it is not asked again, and the worker lives on."""
    told: list[int] = []

    def watch(epoch: int, score: float) -> bool:
        told.append(epoch)
        return epoch < 3

    futures = [executor.submit(Request("epochs 1000"), watch if number == 0 else None) for number in range(4)]
    evaluation = futures[0].result()
    assert (evaluation.outcome, evaluation.value) == (Outcome.PRUNED, None)
    assert evaluation.scores == (0.1, 0.2, 0.3)
    assert evaluation.losses == pytest.approx((0.9, 0.8, 0.7))
    assert [future.result().outcome for future in futures[1:]] == [Outcome.OK] * 3
    assert told == [1, 2, 3]


def test_pruned_worker_is_kept(make: Make) -> None:
    """Pruning costs no new worker."""
    with make() as executor:
        first = pid_of(executor)
        assert executor.submit(Request("epochs 9"), lambda epoch, score: False).result().outcome is Outcome.PRUNED
        assert pid_of(executor) == first


def test_pruned_at_the_last_epoch(executor: Executor) -> None:
    """No is no, even when nothing is left to save."""
    evaluation = executor.submit(Request("epochs 2"), lambda epoch, score: epoch < 2).result()
    assert (evaluation.outcome, evaluation.value, evaluation.scores) == (Outcome.PRUNED, None, (0.1, 0.2))


def test_pruned_too_late(executor: Executor) -> None:
    """A worker that went on without waiting for a slow watch, to the end or for ever, is pruned all the same, where the watch said."""

    def watch(epoch: int, score: float) -> bool:
        time.sleep(1.5)
        return False

    futures = [executor.submit(Request(text), watch) for text in ("epochs 3", "epochs 2 deaf")]
    for future in futures:
        evaluation = future.result(timeout=20)
        assert (evaluation.outcome, evaluation.value, evaluation.scores) == (Outcome.PRUNED, None, (0.1,))
    assert executor.submit(Request("after")).result().outcome is Outcome.OK


def test_watch_that_raises(executor: Executor) -> None:
    """An exception of the watch ends its evaluation as an error that names it; nothing hangs, and the next one is fine."""

    def watch(epoch: int, score: float) -> bool:
        raise OSError("the disk is full")

    evaluation = executor.submit(Request("epochs 1000"), watch).result(timeout=20)
    assert (evaluation.outcome, evaluation.value, evaluation.scores) == (Outcome.ERROR, None, (0.1,))
    assert "the watch raised OSError: the disk is full" in evaluation.reason
    assert "in watch" in evaluation.traceback
    assert executor.submit(Request("after")).result().outcome is Outcome.OK


def test_final_training_is_not_watched(executor: Executor) -> None:
    """What is trained for the test split is never given up."""
    evaluation = executor.submit(Request("epochs 3", final=True), lambda epoch, score: False).result()
    assert (evaluation.outcome, evaluation.scores) == (Outcome.OK, (0.1, 0.2, 0.3))


def test_crash_keeps_scores(executor: Executor) -> None:
    """A worker that dies after some epochs leaves their scores."""
    evaluation = executor.submit(Request("epochs 2 kill"), lambda epoch, score: True).result()
    assert (evaluation.outcome, evaluation.scores) == (Outcome.CRASHED, (0.1, 0.2))


def test_stop(make: Make) -> None:
    """After stop, what has not ended is cancelled, those who wait are woken, and the workers are gone, before `stop` gives up waiting."""
    executor = make()
    pid = pid_of(executor)
    futures = [executor.submit(Request("forever")) for _ in range(3)]
    clock = time.monotonic()
    executor.stop()
    assert time.monotonic() - clock < STOPPING / 2
    assert not wait(futures, timeout=1).not_done
    for future in futures:
        with pytest.raises(CancelledError):
            future.result()
    assert until(lambda: gone(pid), seconds=5)
    executor.stop()
    with pytest.raises(SettingError, match="closed"):
        executor.submit(Request("late"))


def test_cancel(make: Make) -> None:
    """Cancelling one evaluation ends it, whether it runs or waits, leaves the others, and its watch is told nothing more."""
    told: list[int] = []

    def watch(epoch: int, score: float) -> bool:
        told.append(epoch)
        return True

    with make() as executor:
        pid_of(executor)
        running, waiting, last = (
            executor.submit(Request("epochs 1 forever"), watch),
            executor.submit(Request("epochs 9"), watch),
            executor.submit(Request("fine")),
        )
        assert until(lambda: told == [1])
        assert waiting.cancel()
        assert running.cancel()
        assert last.result(timeout=30).outcome is Outcome.OK
    assert told == [1]


def test_close_waits(make: Make) -> None:
    """Leaving the block waits for what was submitted."""
    with make() as executor:
        futures = [executor.submit(Request(str(number))) for number in range(5)]
    assert [future.result(timeout=0).reason for future in futures] == list("01234")


def test_stop_after_close(make: Make) -> None:
    """Stopping from another thread ends a close that waits."""
    executor = make()
    future = executor.submit(Request("forever"))
    closing = threading.Thread(target=executor.close)
    closing.start()
    executor.stop()
    closing.join(timeout=20)
    assert not closing.is_alive()
    assert future.cancelled()


def test_submitting_from_callbacks(make: Make) -> None:
    """A request may be submitted, and another cancelled, from the callback of a future."""
    with make() as executor:
        more: list[Future[Evaluation]] = []
        first, doomed = executor.submit(Request("fine")), executor.submit(Request("forever"))

        def go_on(_: "Future[Evaluation]") -> None:
            doomed.cancel()
            more.append(executor.submit(Request("next")))

        first.add_done_callback(go_on)
        assert until(lambda: bool(more))
        assert more[0].result(timeout=60).outcome is Outcome.OK
        assert doomed.cancelled()


def test_unused(make: Make) -> None:
    """An executor that never got a request closes and stops."""
    with make():
        pass
    make().stop()
