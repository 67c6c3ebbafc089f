"""Second tries."""

from pathlib import Path

import pytest
from tests.executors.executor_samples import make_processes, make_retrying
from tests.executors.waiting import until

from einspace.errors import SettingError
from einspace.evaluation.outcome import Outcome, Request
from einspace.executors import RetryingExecutor

pytestmark = pytest.mark.timeout(90)


def test_crash_is_tried_again(tmp_path: Path) -> None:
    """A crash that does not come back costs no score; closing waits for the second try."""
    with make_retrying() as executor:
        future = executor.submit(Request(f"kill-once {tmp_path / 'note'}"))
    evaluation = future.result(timeout=0)
    assert (evaluation.outcome, evaluation.value, evaluation.attempts) == (Outcome.OK, 9.0, 2)


@pytest.mark.parametrize("times", [0, 1, 2])
def test_crash_that_comes_back(times: int) -> None:
    """After so many further tries a crash is a crash."""
    with RetryingExecutor(make_processes(), times) as executor:
        evaluation = executor.submit(Request("kill")).result()
    assert (evaluation.outcome, evaluation.attempts) == (Outcome.CRASHED, times + 1)


def test_the_rest_is_not_tried_again() -> None:
    """What is the architecture's fault would only come back."""
    with make_retrying(time_limit=2, memory_limit=2**31) as executor:
        ended = [
            executor.submit(Request(text), lambda epoch, score: False).result() for text in ("nan", "error", "hog", "forever", "epochs 3")
        ]
    assert [(evaluation.outcome, evaluation.attempts) for evaluation in ended] == [
        (Outcome.NAN, 1),
        (Outcome.ERROR, 1),
        (Outcome.OUT_OF_MEMORY, 1),
        (Outcome.TIMEOUT, 1),
        (Outcome.PRUNED, 1),
    ]


def test_watch_hears_each_epoch_once() -> None:
    """A second try begins anew, but the watch is not told again what it knows."""
    told: list[int] = []

    def watch(epoch: int, score: float) -> bool:
        told.append(epoch)
        return True

    with make_retrying() as executor:
        evaluation = executor.submit(Request("epochs 3 kill"), watch).result()
    assert (evaluation.outcome, evaluation.attempts, told) == (Outcome.CRASHED, 3, [1, 2, 3])


def test_cancelled_between_tries(tmp_path: Path) -> None:
    """Cancelling ends the tries too, whichever it is at."""
    note = tmp_path / "note"
    with make_retrying() as executor:
        future = executor.submit(Request(f"kill-once {note}"))
        assert until(note.exists)
        future.cancel()
        assert executor.submit(Request("fine")).result(timeout=30).outcome is Outcome.OK
    assert future.cancelled() or future.result(timeout=0).outcome is Outcome.OK


def test_settings() -> None:
    """Fewer than no tries are none."""
    with make_processes() as inner, pytest.raises(SettingError, match="times"):
        RetryingExecutor(inner, -1)
