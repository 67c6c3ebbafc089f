"""Ledger: the trials of one phase in memory. An update takes time for the new trials alone, however long the history is."""

from bisect import insort
from collections.abc import Sequence

from einspace.evaluation.outcome import Outcome
from einspace.trial import Trial

SETTLED = (Outcome.OK, Outcome.NAN, Outcome.PRUNED)
"""Outcomes that another evaluation of the same identity would only repeat."""

HERE = -1
"""The attempt of this driver, whatever number the database gives it."""


class Ledger:
    """Trials by number: ended, running, or interrupted and to be tried again.

    The database may hold several attempts at a number, of which at most one ends; a trial runs as long as one of them does.
    """

    def __init__(self) -> None:
        self.trials: list[Trial] = []
        """Every trial that was begun, by number; those that have not ended have no evaluation."""
        self.settled: dict[str, Trial] = {}
        """By identity, the trial whose evaluation all trials of this identity share."""
        self.ranked: list[Trial] = []
        """The trials that have ended well, the fittest first, and of equally fit ones the earliest."""
        self.claims: dict[str, Trial] = {}
        """By identity of the proposal, the earliest trial that scored it."""
        self.ended = 0
        """The number of trials that have ended."""
        self._running: dict[int, set[int]] = {}
        self._evaluating: dict[str, int] = {}
        self._interrupted: set[int] = set()
        self._of: dict[str, list[Trial]] = {}

    @property
    def best(self) -> Trial | None:
        """The fittest trial, and of equally fit ones the earliest."""
        return self.ranked[0] if self.ranked else None

    @property
    def scored(self) -> int:
        """The number of trials that have ended well."""
        return len(self.ranked)

    def begin(self, trial: Trial, attempt: int = HERE) -> None:
        """Note that an attempt at a trial runs; raises ValueError for a number that leaves a gap."""
        if self._place(trial):
            self._running.setdefault(trial.number, set()).add(attempt)
            self._interrupted.discard(trial.number)
            self._evaluating.setdefault(trial.identity, trial.number)

    def interrupt(self, trial: Trial, attempt: int = HERE) -> None:
        """Note that an attempt at a trial was given up before the evaluation ended."""
        if self._place(trial):
            attempts = self._running.get(trial.number, set())
            attempts.discard(attempt)
            if not attempts:
                self._forget(trial)
                self._interrupted.add(trial.number)

    def end(self, trial: Trial) -> None:
        """Note a trial that has ended with a final evaluation."""
        if not self._place(trial):
            return
        self.trials[trial.number] = trial
        self._interrupted.discard(trial.number)
        self._forget(trial)
        self.ended += 1
        if trial.outcome in SETTLED and trial.reused is None:
            known = self.settled.get(trial.identity, trial)
            self.settled[trial.identity] = min(trial, known, key=lambda trial: trial.number)
        proposed = trial.proposal.identity
        insort(self._of.setdefault(proposed, []), trial, key=lambda trial: (trial.fitness is None, trial.number))
        if trial.fitness is not None:
            insort(self.ranked, trial, key=lambda trial: (-(trial.fitness or 0.0), trial.number))
            self.claims[proposed] = self._of[proposed][0]

    def of(self, identity: str) -> Sequence[Trial]:
        """The trials of a proposal, by its identity, that have ended, by number, those with a score first."""
        return self._of.get(identity, ())

    def has_ended(self, number: int) -> bool:
        """True if a trial has ended with a final evaluation."""
        return number < len(self.trials) and self.trials[number].evaluation is not None

    def evaluating(self, identity: str) -> int | None:
        """The number of the running trial whose evaluation all trials of this identity will share, if there is one."""
        return self._evaluating.get(identity)

    def interrupted(self) -> list[Trial]:
        """Trials that wait for another try, by number."""
        return [self.trials[number] for number in sorted(self._interrupted)]

    def running(self) -> frozenset[int]:
        """Numbers of trials that are evaluated somewhere."""
        return frozenset(self._running)

    def attempts(self, number: int) -> frozenset[int]:
        """The attempts that run at a number."""
        return frozenset(self._running.get(number, ()))

    def _place(self, trial: Trial) -> bool:
        """Add a trial if its number is new, and return True if it has not ended yet."""
        if not 0 <= trial.number <= len(self.trials):
            raise ValueError(f"trial {trial.number} of the phase {trial.phase} comes after {len(self.trials)} trials")
        if trial.number == len(self.trials):
            self.trials.append(trial)
            return True
        return self.trials[trial.number].evaluation is None

    def _forget(self, trial: Trial) -> None:
        self._running.pop(trial.number, None)
        if self._evaluating.get(trial.identity) == trial.number:
            del self._evaluating[trial.identity]
