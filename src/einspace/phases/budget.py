"""Budget: how long a search goes on, in trials, in seconds, or both."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import heapreplace
from math import inf
from statistics import median
from time import monotonic, time

from einspace.result.reading import trials_of
from einspace.storage import StudyStore
from einspace.storage.ledger import Ledger
from einspace.trial import RACE, Proposal, Trial

RESERVED = 0.7
"""The part of a budget of time that is kept for race, decision and final trainings, at most."""

SLACK = 0.05
"""The part of a budget of time after which trials that are still running are given up."""

RECENT = 20
"""Trials that the duration of the next one is predicted from."""

HALF = 2
"""Seconds of a training from fresh weights, at most, as a multiple of those of a trial that inherited weights, for half of the epochs."""


def multiple(trial: Trial) -> int:
    """The seconds of a training like that of a trial but from fresh weights, in those of the trial."""
    return HALF if trial.inherited else 1


def recent(ledger: Ledger) -> list[Trial]:
    """The latest trials that took time, at most `RECENT`."""
    return [trial for trial in ledger.trials[-2 * RECENT :] if trial.seconds > 0 and trial.ended is not None][-RECENT:]


def outside(ledger: Ledger) -> float:
    """Seconds of a trial beside its evaluation, such as waiting for a worker and for the database: the median of the recent ones."""
    found = recent(ledger)
    return max(0.0, median((trial.ended or 0.0) - trial.started - trial.seconds for trial in found)) if found else 0.0


def measured(store: StudyStore, trial: Trial) -> float | None:
    """Seconds of a training like that of a trial of the search, from fresh weights; None where there was none.

    The race knows better than the search, whose first trainings wait for PyTorch.
    """
    raced = [again for again in trials_of(store.phase(RACE), trial.proposal.identity) if again.value is not None]
    evaluation = raced[-1].evaluation if raced else trial.evaluation
    return None if evaluation is None else evaluation.seconds.total * (1 if raced else multiple(trial))


def remaining(ledger: Ledger, seconds: Callable[[Proposal], float]) -> float:
    """The seconds that are left of the trials of a phase that run, summed over them, where each takes what `seconds` predicts."""
    running = [ledger.trials[number] for number in ledger.running()]
    return sum(max(0.0, seconds(trial.proposal) - (time() - trial.started)) for trial in running)


def makespan(jobs: Iterable[float], workers: int) -> float:
    """Seconds until the last of several trainings has ended, each of which is begun, in this order, by the first worker that is free.

    >>> makespan([30.0, 10.0, 25.0], workers=2), makespan([], workers=2)
    (35.0, 0.0)
    """
    busy = [0.0] * workers
    for seconds in jobs:
        heapreplace(busy, busy[0] + seconds)
    return max(busy)


@dataclass
class Budget:
    """The bounds of a search."""

    trials: int | None
    """How many trials the search has when it is finished, or None."""
    seconds: float | None = None
    """Seconds for the run as a whole, final trainings included; None for no budget."""
    spent: float = 0.0
    """Seconds that earlier calls of the run took."""
    reserve: Callable[[], float] = lambda: 0.0
    """The seconds that the phases after the present one will take, as far as is known."""

    def __post_init__(self) -> None:
        self._start = monotonic() - self.spent

    @property
    def used(self) -> float:
        """Seconds that are used up."""
        return monotonic() - self._start

    @property
    def left(self) -> float:
        """Seconds for the whole run; infinite without a budget of time."""
        return inf if self.seconds is None else self.seconds - self.used

    def allows(self, ledger: Ledger, begun: int) -> bool:
        """Whether one more trial may begin, of a search that has begun so many: it should end before the next phases have to start.

        While none has ended well, these have nothing to train, and their time counts for the search.
        """
        if self.trials is not None and begun >= self.trials:
            return False
        return self.spare(ledger) > median([trial.seconds for trial in recent(ledger)] or [0.0])

    def is_over(self, ledger: Ledger) -> bool:
        """Whether running trials must be given up."""
        return self.seconds is not None and self.spare(ledger) < -SLACK * self.seconds

    def spare(self, ledger: Ledger) -> float:
        """Seconds that are left before what they are kept for; infinite without a budget of time."""
        if self.seconds is None or not ledger.scored:
            return self.left
        return self.left - min(RESERVED * self.seconds, self.reserve())
