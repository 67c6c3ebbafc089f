"""Reevaluations: the trainings of a race and of a decision, each on a new partition of train and valid."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import inf

from einspace.evaluation.outcome import Request
from einspace.phases.budget import Budget, remaining
from einspace.phases.listed import Listed
from einspace.storage import StudyStore
from einspace.trial import SEARCH, Proposal, Trial


@dataclass
class Reevaluations(Listed):
    """Architectures with the seeds of the partitions on which they are trained again, for as long as there is time."""

    long: bool = False
    """Whether they are trained for final epochs."""
    valid_share: float | None = None
    """The part of the pool that is one validation split; None: that of the task."""
    budget: Budget | None = None

    def next(self, store: StudyStore) -> Trial | None:
        """The first that has no lasting outcome yet, unless the time is over."""
        over = self.budget is not None and self.budget.spare(store.phase(SEARCH)) < 0
        return None if over else super().next(store)

    def request(self, trial: Trial) -> Request:
        """Its seed is that of the partition too."""
        return replace(super().request(trial), partition=trial.seed, valid_share=self.valid_share, long=self.long)

    def unfinished(self, store: StudyStore) -> set[int]:
        """The partitions on which an architecture is still to be trained."""
        return self._without([trial for trial in store.phase(self.name).trials if trial.evaluation is not None])

    def unscored(self, store: StudyStore) -> set[int]:
        """The partitions on which an architecture has no score: it is still to be trained, or its training failed."""
        return self._without([trial for trial in store.phase(self.name).trials if trial.fitness is not None])

    def _without(self, trials: Sequence[Trial]) -> set[int]:
        known = {trial.identity for trial in trials}
        return {seed for proposal, seed in self.wanted if f"{seed}:{proposal.identity}" not in known}


@dataclass
class Pairs(Reevaluations):
    """Re-evaluations of one finalist and the baseline beside their final trainings: a pair is begun if it is predicted to end in time."""

    seconds: Callable[[Proposal], float] = field(kw_only=True)
    """The predicted seconds of a training, without a margin: a pair that is late does not count, and delays nothing."""
    others: Callable[[StudyStore], float] = field(kw_only=True)
    """The seconds that are left of the final trainings, summed over them."""
    workers: int = field(kw_only=True)

    def next(self, store: StudyStore) -> Trial | None:
        """One more, if it fits; of a pair of which nothing has begun, only if both do."""
        trial = self.waiting(store)
        return super().next(store) if trial is not None and self._fits(store, trial) else None

    def progress(self, store: StudyStore) -> tuple[int, int | None]:
        """How many have ended; the time decides how many there are."""
        return super().progress(store)[0], None

    def _fits(self, store: StudyStore, trial: Trial) -> bool:
        ledger, left = store.phase(self.name), inf if self.budget is None else self.budget.left
        pair = {proposal.identity: self.seconds(proposal) for proposal, seed in self.wanted if seed == trial.seed}
        if any(other.seed == trial.seed and other.proposal.identity in pair for other in ledger.trials):
            return pair[trial.proposal.identity] <= left
        if max(pair.values()) > left:
            return False
        return remaining(ledger, self.seconds) + self.others(store) + sum(pair.values()) <= self.workers * left
