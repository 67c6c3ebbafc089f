"""Facts about one driver: who waits for whom, and what ends it."""

import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from random import Random
from threading import Timer

import pytest
from tests.study_samples import EVOLUTION, SMALL, ThreadExecutor, good, small_task

from einspace.callbacks import Progress
from einspace.errors import SettingError, StrategyError
from einspace.evaluation.outcome import Evaluation, Outcome, Request, Watch
from einspace.executors import Pending
from einspace.phases.budget import Budget
from einspace.phases.listed import Listed
from einspace.storage import Database, StudyStore
from einspace.strategies import History, Strategy
from einspace.study import search
from einspace.study.driver import POLL, Driver, _Running
from einspace.study.phases import Search
from einspace.trial import BASELINE, SEARCH, Costs, Proposal


class Twins(Strategy):
    """The first four trials are one architecture, and all others differ."""

    def propose(self, history: History, rng: Random) -> Proposal | None:
        key = "twin" if len(history) < 4 else f"{len(history)}"
        return Proposal(f"[{key}]", key, Costs(0), "sample")


@contextmanager
def opened(folder: Path) -> Iterator[StudyStore]:
    """A new study in a file."""
    with StudyStore.open(Database.of_file(folder / "study.db", "study"), higher_is_better=True) as store:
        yield store


def run(store: StudyStore, strategy: Strategy, executor: ThreadExecutor, trials: int = 14, workers: int = 2) -> None:
    """Drive a search without finals."""
    budget = Budget(trials)
    Driver(store, executor, workers, budget).run(Search(strategy, 0, budget, None))


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
    with opened(tmp_path) as store:
        run(store, Twins(), ThreadExecutor(slow, workers=2))
        assert [store.phase(SEARCH).trials[number].reused for number in range(5)] == [None, 0, 0, 0, None]
    assert len(ended) == 11
    assert max(ended, key=lambda text: ended[text]) == "[twin]"


def test_a_trial_whose_twin_has_ended_on_another_driver_is_not_trained(tmp_path: Path) -> None:
    """It takes the twin's score before a free worker is given anything."""
    with opened(tmp_path) as store:
        budget, executor = Budget(2), ThreadExecutor()
        phase = Search(Twins(), 0, budget, None)
        driver = Driver(store, executor, 1, budget)
        trials = []
        for _ in range(2):
            trial = phase.next(store)
            assert trial is not None
            store.begin(trial)
            trials.append(trial)
        driver._running[SEARCH, 1] = _Running(phase, trials[1], twin=0)
        ended = trials[0].end(Evaluation(Outcome.OK, 0.5), 1.0, time.time())
        store.end(ended)
        store.phase(SEARCH).end(ended)
        assert not driver._begin_one([phase])
        assert executor.requests == []
        driver._write()
        assert (store.phase(SEARCH).trials[1].reused, store.phase(SEARCH).trials[1].value) == (0, 0.5)


def test_what_fails_on_one_driver_is_not_tried_by_each_of_the_others(tmp_path: Path) -> None:
    """A baseline that runs into its limit is tried again by the next call, and not once by every driver of this one."""
    wanted = [(Proposal("[relu]", "key", Costs(0), "baseline"), 0)]
    with opened(tmp_path) as store:
        one, other = Listed(BASELINE, wanted), Listed(BASELINE, wanted)
        first = one.next(store)
        assert first is not None
        assert other.waiting(store) is not None
        store.begin(first)
        ended = first.end(Evaluation(Outcome.TIMEOUT, None), 1.0, time.time())
        store.end(ended)
        store.phase(BASELINE).end(ended)
        assert other.next(store) is None
        assert Listed(BASELINE, wanted).next(store) is not None


def test_news_say_what_the_workers_are_at(tmp_path: Path) -> None:
    """From the first trial that begins, before any has ended: never more than there are workers, and each trial by and by."""
    seen: list[Progress] = []
    with opened(tmp_path) as store:
        budget = Budget(8)
        executor = ThreadExecutor(workers=2, delay=0.02)
        Driver(store, executor, 2, budget, seen.append).run(Search(Twins(), 0, budget, None))
    assert (seen[0].trial, seen[0].done) == (None, 0)
    assert seen[0].running[0].trial.number == 0
    assert max(len(news.running) for news in seen) == 2
    assert {work.trial.number for news in seen for work in news.running} == {0, 4, 5, 6, 7}
    assert sorted(news.trial.number for news in seen if news.trial is not None) == list(range(8))
    assert all(news.trial is None or news.trial.number not in [work.trial.number for work in news.running] for news in seen)


def test_news_say_the_epoch_of_a_trial_that_is_watched(tmp_path: Path) -> None:
    """As the pruner is asked after each."""
    seen: list[Progress] = []
    with opened(tmp_path) as store:
        budget = Budget(1)
        Driver(store, ThreadExecutor(), 1, budget, seen.append, watched=True).run(Search(Twins(), 0, budget, None))
    epochs = [work.epoch for news in seen for work in news.running]
    assert epochs[0] is None
    assert [epoch for epoch in epochs if epoch is not None] == sorted({epoch for epoch in epochs if epoch is not None})
    assert max(epoch or 0 for epoch in epochs) in (3, 4)


def test_news_say_the_epoch_that_an_executor_knows(tmp_path: Path) -> None:
    """Of a trial that nobody judges, within a second or so of its end."""

    class Slow(ThreadExecutor):
        def submit(self, request: Request, watch: Watch | None = None) -> Pending:
            future = Pending()
            future.passed = 3, 8
            Timer(POLL + 0.5, lambda: future.set_result(good(request))).start()
            return future

    seen: list[Progress] = []
    with opened(tmp_path) as store:
        budget = Budget(1)
        Driver(store, Slow(), 1, budget, seen.append).run(Search(Twins(), 0, budget, None))
    assert (3, 8) in [(work.epoch, work.epochs) for news in seen for work in news.running]


def test_a_mistake_of_a_strategy_ends_the_search_at_once(tmp_path: Path) -> None:
    """What a strategy raises comes out of the driver, and evaluations that run are given up rather than waited for."""

    class Broken(Twins):
        def propose(self, history: History, rng: Random) -> Proposal | None:
            if len(history) == 5:
                raise ZeroDivisionError
            return super().propose(history, rng)

    class Endless(ThreadExecutor):
        def submit(self, request: Request, watch: Watch | None = None) -> "Future[Evaluation]":
            return super().submit(request) if request.text != "[twin]" else self.never()

        def never(self) -> "Future[Evaluation]":
            future: Future[Evaluation] = Future()
            self._waiting.append(future)
            return future

    with opened(tmp_path) as store, pytest.raises(StrategyError, match="Broken: propose raised ZeroDivisionError"):
        run(store, Broken(), Endless(workers=2))


def test_a_strategy_that_waits_for_nothing_is_refused(tmp_path: Path) -> None:
    """Where no trial runs, none will end: the strategy is named in place of a search that hangs."""

    class Waiting(Twins):
        def propose(self, history: History, rng: Random) -> Proposal | None:
            return None if len(history) == 3 else super().propose(history, rng)

    with opened(tmp_path) as store:
        with pytest.raises(SettingError, match="the strategy Waiting waits for trials to end, but none is running"):
            run(store, Waiting(), ThreadExecutor(workers=2))
        assert store.phase(SEARCH).ended == 3


def test_free_workers_wait_for_a_slow_seed(tmp_path: Path) -> None:
    """Nothing but seeds enters a seeded population: with four workers and one seed, three stay free until it has ended, then mutate it."""

    def slow(request: Request) -> Evaluation:
        if not request.final:
            time.sleep(0.1)
        return good(request)

    options = {**EVOLUTION, "init": "resnet8"}
    executor = ThreadExecutor(slow, workers=4)
    result = search(small_task(), trials=8, workers=4, limits=SMALL, run="test", runs=tmp_path, executor=executor, **options)
    assert result.history[0].origin == "seed resnet8"
    assert [len(trial.parents) for trial in result.history] == [0, *[1] * 7]
