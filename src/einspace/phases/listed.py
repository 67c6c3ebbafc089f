"""Phases of a run: each says what is to be evaluated from what is stored, so that all of it can be resumed."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import time

from einspace.evaluation.outcome import Bounds, Outcome, Request
from einspace.storage import StudyStore
from einspace.trial import Proposal, Trial

LASTING = (Outcome.OK, Outcome.NAN, Outcome.ERROR, Outcome.PRUNED)
"""Outcomes of a listed training that another try would only repeat; failures of the machine are tried again by the next call."""


class Phase(ABC):
    """A part of a run. `name` stands in each of its trials."""

    name: str
    final: bool = False
    """Whether its trials are trained on train and valid, and scored on test."""
    time_limit: float | None = None
    """Seconds for one of its evaluations."""

    @abstractmethod
    def next(self, store: StudyStore) -> Trial | None:
        """The next trial to begin, or None where there is none at present; the phase is over once none of its trials runs either."""

    @abstractmethod
    def progress(self, store: StudyStore) -> tuple[int, int | None]:
        """How many of its trials have ended, and how many there are to be; None where only time ends it."""

    def request(self, trial: Trial) -> Request:
        """The request to an executor."""
        return Request(
            trial.proposal.text,
            self.final,
            trial.seed,
            self.weights(trial),
            dict(trial.proposal.changes),
            time_limit=self.time_limit,
            rungs=trial.proposal.rungs,
        )

    def weights(self, trial: Trial) -> str | None:
        """Where the trained weights are to be written, if they are."""
        return None

    def lacks(self, trial: Trial) -> bool:
        """Whether a trial is evaluated again although its identity has an evaluation, because the weights of that one are missing."""
        return False


@dataclass
class Listed(Phase):
    """Architectures that are known beforehand, each with a seed, such as the baselines or the final trainings, from fresh weights."""

    name: str
    wanted: Sequence[tuple[Proposal, int]]
    final: bool = False
    time_limit: float | None = None
    folder: Path | None = None
    """Folder for the weights of each architecture's training from the first seed."""
    kept: Collection[str] = ()
    """The identities of the proposals whose weights are written."""
    earlier: Collection[str] = ()
    """The identities of trainings that ended in an earlier call: one that left no weights that are wanted now is repeated."""
    rungs: Bounds | None = None
    """Of all of them: those that are compared with the trials of a search with rungs are trained at the same rate, without a rung."""
    _begun: set[str] = field(default_factory=set, init=False)
    _earlier_failures: frozenset[int] | None = field(default=None, init=False)
    """The numbers of trials that had failed when this phase began: those are tried again, and not what another driver fails at now."""

    def next(self, store: StudyStore) -> Trial | None:
        """The first without a lasting outcome that this driver has not tried."""
        trial = self.waiting(store)
        if trial is not None:
            self._begun.add(trial.identity)
        return trial

    def waiting(self, store: StudyStore) -> Trial | None:
        """The same, before it is begun."""
        return next(self.missing(store), None)

    def missing(self, store: StudyStore) -> Iterator[Trial]:
        """All such trials, each as it would begin now."""
        ledger = store.phase(self.name)
        waiting = {trial.identity: trial for trial in ledger.interrupted()}
        failed = {trial.number for trial in ledger.trials if trial.evaluation is not None and trial.outcome not in LASTING}
        if self._earlier_failures is None:
            self._earlier_failures = frozenset(failed)
        failed -= self._earlier_failures
        known = {
            trial.identity
            for trial in ledger.trials
            if (trial.outcome in LASTING and not self.lacks(trial)) or trial.number in ledger.running() or trial.number in failed
        }
        for proposal, seed in self.wanted:
            trial = Trial(len(ledger.trials), replace(proposal, inherits=None, rungs=self.rungs), self.name, seed, started=time())
            if trial.identity not in known | self._begun:
                yield waiting.get(trial.identity, trial)

    def progress(self, store: StudyStore) -> tuple[int, int | None]:
        """Of those that are wanted."""
        ended = {
            trial.identity
            for trial in store.phase(self.name).trials
            if trial.evaluation is not None and (trial.identity in self._begun or not self.lacks(trial))
        }
        wanted = [f"{seed}:{proposal.identity}" for proposal, seed in self.wanted]
        return sum(identity in ended for identity in wanted), len(wanted)

    def weights(self, trial: Trial) -> str | None:
        """A file of the folder under the proposal's stem, for the first of its seeds."""
        first = next((seed for proposal, seed in self.wanted if proposal.identity == trial.proposal.identity), None)
        if self.folder is None or trial.proposal.identity not in self.kept or first != trial.seed:
            return None
        return str(self.folder.resolve() / f"{trial.proposal.stem}.safetensors")

    def lacks(self, trial: Trial) -> bool:
        """Whether its weights are wanted, and an earlier call trained it without leaving them."""
        file = self.weights(trial) if trial.identity in self.earlier else None
        return file is not None and not Path(file).is_file()
