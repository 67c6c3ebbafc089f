"""Callbacks: told of everything once and in order, and never able to harm a search."""

import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.study_samples import EVOLUTION, SMALL, ThreadExecutor, often_bad, small_task

from einspace import callbacks
from einspace.callbacks import Callback, base
from einspace.errors import UnknownNameError
from einspace.result import Result
from einspace.study import Interrupted, Progress, search
from einspace.trial import SEARCH, Trial

pytestmark = pytest.mark.slow


class Recorder(Callback):
    """Remembers what it was told."""

    name = "recorder"

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    def start(self, run: Path, settings: Mapping[str, Any]) -> None:
        self.told.append(("start", (run, settings["metric"]["name"])))

    def trial(self, trial: Trial, best: float | None) -> None:
        self.told.append(("trial", (trial, best)))

    def finish(self, result: Result) -> None:
        self.told.append(("finish", result))

    def close(self) -> None:
        self.told.append(("close", None))

    @property
    def events(self) -> list[str]:
        return [event for event, _ in self.told]


class Broken(Recorder):
    """Fails at its second trial."""

    name = "the broken one"

    def trial(self, trial: Trial, best: float | None) -> None:
        super().trial(trial, best)
        if trial.number == 1:
            raise RuntimeError("no space left\non this device")


class Stuck(Callback):
    """Does not come back from the first trial until it is let go."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.done = 0

    def trial(self, trial: Trial, best: float | None) -> None:
        self.free.wait(30)
        self.done += 1


def run(folder: Path, *watchers: Callback, **options: Any) -> Result:
    settings: dict[str, Any] = {"trials": 8, "workers": 1, "limits": SMALL, "run": "test", "runs": folder, **EVOLUTION, **options}
    executor = settings.pop("executor", None) or ThreadExecutor(often_bad)
    return search(small_task(), executor=executor, callbacks=watchers, **settings)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_callback_is_told_of_everything_once(tmp_path: Path, workers: int) -> None:
    """The start, each trial as it is stored, good or bad, with the best so far, the end with the test score, and the close."""
    recorder = Recorder()
    result = run(tmp_path, recorder, workers=workers)
    assert recorder.events == ["start", *["trial"] * 8, "finish", "close"]
    assert recorder.told[0][1] == (tmp_path / "test", "accuracy")
    trials = [told[0] for event, told in recorder.told if event == "trial"]
    assert sorted(trials, key=lambda trial: trial.number) == list(result.history)
    assert {trial.outcome for trial in trials} == {"ok", "nan"}
    assert result.best is not None
    assert recorder.told[-3][1][1] == result.best.validation
    assert recorder.told[-2][1].best.test == result.best.test


def test_a_run_that_goes_on_tells_of_new_trials_only(tmp_path: Path) -> None:
    """Whoever logs a run twice has every trial once."""
    first, second, third = Recorder(), Recorder(), Recorder()
    run(tmp_path, first, trials=5)
    run(tmp_path, second, trials=8)
    run(tmp_path, third, trials=8)
    numbers = [[told[0].number for event, told in recorder.told if event == "trial"] for recorder in (first, second, third)]
    assert numbers == [[0, 1, 2, 3, 4], [5, 6, 7], []]
    assert third.events == ["start", "finish", "close"]


@pytest.mark.parametrize("workers", [1, 3])
def test_the_failures_of_a_phase_are_counted_over_all_calls(tmp_path: Path, workers: int) -> None:
    """News of a run that goes on count the trials of the search without a score as they count all trials, and the best is of all."""
    news: list[Progress] = []
    run(tmp_path, trials=5, workers=workers)
    history = run(tmp_path, trials=12, workers=workers, progress=news.append).history
    told = [each for each in news if each.phase == SEARCH and each.trial is not None]
    ended = [each.trial for each in told]
    before = [trial for trial in history if trial not in ended]
    failures = [sum(trial.value is None for trial in (*before, *ended[: number + 1]) if trial) for number in range(len(ended))]
    assert [each.failed for each in told] == failures
    assert failures[-1] == sum(trial.value is None for trial in history) > sum(trial.value is None for trial in before) > 0


class Exiting(Recorder):
    """Ends the program, or so it thinks."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def trial(self, trial: Trial, best: float | None) -> None:
        super().trial(trial, best)
        raise self.error


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines that were logged on callbacks."""
    return [message for record in caplog.records if (message := record.getMessage()).startswith("the callback ")]


def test_a_callback_that_exits_leaves_the_others_their_events(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is switched off with its line of warning, like one that fails; the thread that tells of the search goes on."""
    others = [Exiting(SystemExit(3)), Exiting(KeyboardInterrupt()), Exiting(GeneratorExit())]
    recorder = Recorder()
    run(tmp_path, *others, recorder)
    assert recorder.events == ["start", *["trial"] * 8, "finish", "close"]
    assert [other.events for other in others] == [["start", "trial"]] * 3
    assert len(said(caplog)) == 3


def test_a_callback_that_fails_is_switched_off_and_nothing_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One line of warning names it; the search and the other callbacks are what they would be without it."""
    broken, recorder = Broken(), Recorder()
    result = run(tmp_path / "a", broken, recorder)
    plain = run(tmp_path / "b")
    assert broken.events == ["start", "trial", "trial"]
    assert recorder.events == ["start", *["trial"] * 8, "finish", "close"]
    assert [(trial.text, trial.value) for trial in result.history] == [(trial.text, trial.value) for trial in plain.history]
    assert said(caplog) == ["the callback the broken one failed and is switched off: no space left"]


def test_a_callback_that_hangs_holds_no_trial_up(tmp_path: Path) -> None:
    """All trials are stored while the callback still is at the first; the end waits for it."""
    stuck = Stuck()
    seen: list[int] = []

    def tell(progress: Progress) -> None:
        seen.append(stuck.done)
        if progress.phase == "final" and progress.done == progress.total:
            stuck.free.set()

    run(tmp_path, stuck, progress=tell)
    assert set(seen) == {0}
    assert stuck.done == 8


def test_ctrl_c_closes_the_callbacks_and_does_not_wait_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An interrupted search is not a finished one: callbacks are closed without a finish, and one that hangs is left behind by name."""
    monkeypatch.setattr(base, "CLOSING_SECONDS", 0.5)
    recorder, stuck = Recorder(), Stuck()
    main = threading.main_thread().ident
    assert main is not None

    def tell(progress: Progress) -> None:
        if progress.done == 3:
            signal.pthread_kill(main, signal.SIGINT)

    start = time.monotonic()
    with pytest.raises(Interrupted):
        run(tmp_path / "a", stuck, trials=500, executor=ThreadExecutor(delay=0.05), progress=tell)
    assert time.monotonic() - start < 10
    left = "has not ended 0.5 s after the search broke off, and is left unfinished"
    report = f"the callback report {left}: `einspace report {tmp_path / 'a' / 'test'}` writes it"
    assert [record.getMessage() for record in caplog.records] == [f"the callback callback {left}", report]
    stuck.free.set()
    with pytest.raises(Interrupted):
        run(tmp_path / "b", recorder, trials=500, executor=ThreadExecutor(delay=0.05), progress=tell)
    assert recorder.events[0] == "start"
    assert recorder.events[-1] == "close"
    assert "finish" not in recorder.events


def test_a_callback_that_is_not_known_is_named() -> None:
    """With the nearest that is."""
    with pytest.raises(UnknownNameError, match="unknown callback 'tensorbord': did you mean tensorboard"):
        callbacks.parse("tensorbord:here")
