"""Facts about what a driver remembers, what it counts, and who waits for whom."""

import time
from concurrent.futures import Future
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

import optuna
import pytest
from einspace.study.ledger import Ledger
from einspace.study.loop import Loop
from optuna.trial import FrozenTrial, TrialState, create_trial
from tests.study_samples import ThreadExecutor, good

from einspace.evaluation.outcome import Evaluation, Request
from einspace.storage import Database
from einspace.strategies import History, Proposal, Strategy
from einspace.study.timing import Clock


def trial(number: int, position: int, state: TrialState, value: float | None = None, **known: Any) -> FrozenTrial:
    """One of Optuna's trials of a position, whose key is the position's unless told otherwise."""
    attributes = {
        "position": position,
        "text": f"[{position}]",
        "key": f"{position}",
        "origin": "",
        "parents": [],
        "parameters": 0,
        **known,
    }
    made = create_trial(state=state, value=value, user_attrs=attributes)
    made.number = number
    return made


OK: dict[str, Any] = {"outcome": "ok"}


def test_only_what_is_new_or_unfinished_is_read() -> None:
    """Trials that have ended never change: they are read once, so an update costs what is new."""

    class Counting(list[FrozenTrial]):
        reads = 0

        def __getitem__(self, index: Any) -> Any:
            self.reads += 1
            return super().__getitem__(index)

    trials = Counting(trial(number, number, TrialState.COMPLETE, 0.5, **OK) for number in range(1000))
    trials.append(trial(1000, 1000, TrialState.RUNNING))
    ledger = Ledger(1.0)
    ledger.update(trials)
    assert (len(ledger.rows), ledger.next, set(ledger.running())) == (1000, 1001, {1000})
    trials.reads = 0
    trials[1000] = trial(1000, 1000, TrialState.COMPLETE, 0.9, **OK)
    trials.append(trial(1001, 1001, TrialState.RUNNING))
    ledger.update(trials)
    assert trials.reads == 2
    assert ledger.best is not None
    assert (ledger.best.number, set(ledger.running()), ledger.next) == (1000, {1001}, 1002)


def test_an_interrupted_position_waits_until_it_runs_again() -> None:
    """The latest trial of a position tells whether it runs; once it has ended, nothing that an older trial does counts."""
    ledger = Ledger(1.0)
    trials = [trial(0, 0, TrialState.RUNNING), trial(1, 1, TrialState.FAIL), trial(2, 1, TrialState.RUNNING)]
    ledger.update(trials)
    assert ledger.interrupted() is None
    trials[0] = trial(0, 0, TrialState.FAIL, outcome="interrupted")
    ledger.update(trials)
    waiting = ledger.interrupted()
    assert waiting is not None
    assert (waiting["position"], set(ledger.running())) == (0, {1})
    ledger.update([*trials, trial(3, 0, TrialState.COMPLETE, 0.25, **OK)])
    assert ledger.interrupted() is None
    assert [individual.number for individual in ledger.individuals] == [0]


def test_an_outcome_that_was_stored_and_not_told_counts_if_it_has_no_score() -> None:
    """A driver may die between storing what came of an evaluation and telling Optuna: a failure stands, a score is lost and tried again."""
    ledger = Ledger(1.0)
    ledger.update([trial(0, 0, TrialState.FAIL, outcome="nan"), trial(1, 1, TrialState.FAIL, **OK)])
    waiting = ledger.interrupted()
    assert waiting is not None
    assert (set(ledger.rows), waiting["position"]) == ({0}, 1)


def test_the_clock_leaves_out_the_start_and_the_end() -> None:
    """Two workers, one of which has nothing to do at the end: both the start and the end are counted apart."""
    clock = Clock(2, start=perf_counter() - 10)
    for seconds in (6.0, 7.0):
        clock.submitted()
        clock.evaluated(seconds)
    clock.submitted()
    clock.exhausted()
    clock.evaluated(0.0)
    figures = clock.figures(perf_counter() + 2)
    assert figures["starting"] == pytest.approx(4 + 3, abs=0.1)
    assert figures["ending"] == pytest.approx(2 + 2, abs=0.1)
    assert figures["search"] == pytest.approx(12, abs=0.1)
    assert (figures["evaluating"], figures["workers"]) == (13.0, 2.0)


class Twins(Strategy):
    """The first four positions are one architecture, and all others differ."""

    def propose(self, number: int, history: History, rng: Random) -> Proposal:
        key = "twin" if number < 4 else f"{number}"
        return Proposal(f"[{key}]", key, 0, "sample")


def test_nobody_waits_for_a_slow_trial(tmp_path: Path) -> None:
    """While one worker is at a slow architecture, the other one does all that differ, and its twins take no worker."""
    ended: dict[str, float] = {}

    def slow(request: Request) -> Evaluation:
        if request.text == "[twin]":
            while len(ended) < 10 and time.monotonic() < limit:
                time.sleep(0.01)
        ended[request.text] = time.monotonic()
        return good(request)

    limit = time.monotonic() + 20
    database = Database.of_file(tmp_path / "study.db", "study")
    executor = ThreadExecutor(slow, workers=2)
    with database.open() as storage:
        study = optuna.create_study(study_name="study", storage=storage, direction="maximize")
        loop = Loop(study, storage, database, Twins(), executor, 0, 2)
        loop.run(14)
    assert len(ended) == 11
    assert max(ended, key=lambda text: ended[text]) == "[twin]"
    assert [loop.ledger.rows[position].reused for position in range(1, 4)] == [0, 0, 0]


def test_a_mistake_of_ours_ends_the_search_at_once(tmp_path: Path) -> None:
    """What a strategy raises comes out of the loop, and evaluations that run are given up rather than waited for."""

    class Broken(Twins):
        def propose(self, number: int, history: History, rng: Random) -> Proposal:
            if number == 5:
                raise ZeroDivisionError
            return super().propose(number, history, rng)

    class Endless(ThreadExecutor):
        def submit(self, request: Request, watch: Any = None) -> "Future[Evaluation]":
            return super().submit(request) if request.text != "[twin]" else self.never()

        def never(self) -> "Future[Evaluation]":
            future: Future[Evaluation] = Future()
            self._waiting.append(future)
            return future

    database = Database.of_file(tmp_path / "study.db", "study")
    with database.open() as storage:
        study = optuna.create_study(study_name="study", storage=storage, direction="maximize")
        loop = Loop(study, storage, database, Broken(), Endless(workers=2), 0, 2)
        with pytest.raises(ZeroDivisionError):
            loop.run(14)
