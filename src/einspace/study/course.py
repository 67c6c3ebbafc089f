"""Course: the phases of a run, one after the other, and where the time of a call went."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from einspace.errors import EinspaceError
from einspace.phases.budget import Budget, makespan
from einspace.phases.finals import MARGIN, Finals
from einspace.phases.race import Race
from einspace.phases.reevaluations import Pairs
from einspace.result.reading import SESSION
from einspace.storage import StudyStore
from einspace.study.driver import Driver
from einspace.study.phases import Search


@dataclass(eq=False)
class Course:
    """Runs baselines and search, race, decision and final trainings, and skips what is stored already.

    Args:
        store: The study.
        driver: Its `budget` and its `workers` are those of all phases.
        search: The phase in which the strategy proposes.
        entrants: The baselines, and the final trainings.
        race: The race and the decision.
        time_limit: Seconds of a trial of the search.
        keep: Whose weights are written.
        weights: The folder that they are written to.
        close: Ends what the strategy has begun, once nothing more is proposed.
    """

    store: StudyStore
    driver: Driver
    search: Search
    entrants: Finals
    race: Race
    time_limit: float
    keep: str
    weights: Path
    close: Callable[[], None]
    _note: str = field(default_factory=lambda: f"{SESSION}{uuid4().hex[:8]}", init=False)

    def __post_init__(self) -> None:
        self.driver.tick = self.tell_time

    @property
    def budget(self) -> Budget:
        """That of the run."""
        return self.driver.budget

    def run(self) -> None:
        """Run all phases to their end; raises what `Driver.run` raises."""
        store, driver, entrants, workers = self.store, self.driver, self.entrants, self.driver.workers
        try:
            store.note(*entrants.note())
            self.budget.reserve = lambda: self.race.reserve(store)
            driver.run(entrants.baselines(self.time_limit, self.search.rungs is not None), self.search)
            self.close()
            driver.clock.searched()
            self.budget.reserve = lambda: makespan(entrants.durations(store), workers) / MARGIN  # a race that was begun should end
            driver.run(self.race.race(store, self.time_limit))
            self._decide()
            driver.run(entrants.finals(store, self.time_limit, self.budget, workers, self.keep, self.weights))
            self.tell_time()
        except BaseException:
            with suppress(EinspaceError):  # it may be the database that has ended the search
                self.tell_time()
            raise

    def stop(self, signal: int) -> bool:
        """End the run on a signal; returns whether the strategy is computing, which may be interrupted anywhere."""
        self.driver.stop(signal)
        return self.search.asking

    def tell_time(self) -> None:
        """Store where the time of this call went, unless it had nothing to evaluate."""
        if self.driver.clock.evaluating:
            self.store.note(self._note, self.driver.clock.session())

    def _decide(self) -> None:
        """The decision, which runs beside the final trainings where its outcome does not change them."""
        decision = self.race.decision(self.store, self.time_limit)
        if isinstance(decision, Pairs):
            self.budget.reserve = lambda: 0.0  # the final trainings come first
            self.driver.run(self.entrants.certain(self.store, self.time_limit, self.keep, self.weights), decision)
        else:
            self.driver.run(decision)
        self.race.settle(self.store, decision)
