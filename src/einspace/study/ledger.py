"""Ledger: what a driver knows of its study, kept in memory. Bringing it up to date costs what is new, however long the history is."""

from bisect import insort
from collections.abc import Mapping, Sequence
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from einspace.evaluation.outcome import Outcome
from einspace.result import Row, ended, row_of
from einspace.strategies import Individual

_SETTLED = (Outcome.OK.value, Outcome.NAN.value, Outcome.PRUNED.value)
"""Outcomes that another evaluation of the same canonical key would only repeat."""


class Ledger:
    """Positions and what became of them: ended, running, or interrupted and to be tried again.

    A position may have several trials of Optuna's, of which at most one ends; the latest one tells whether it runs. `sign` is -1 where
    lower scores are better. Not safe for threads: who shares it holds a lock.
    """

    def __init__(self, sign: float) -> None:
        self.sign = sign
        self.rows: dict[int, Row] = {}
        """What has ended, by position."""
        self.individuals: list[Individual] = []
        """What ended well, in order of positions."""
        self.settled: dict[str, Row] = {}
        """By canonical key, a trial whose outcome is the key's."""
        self.best: Row | None = None
        self.next = 0
        """The first position that was never proposed."""
        self.read = 0
        """How many of the study's trials are known from the storage."""
        self._proposed: dict[int, Mapping[str, Any]] = {}
        self._latest: dict[int, int] = {}
        self._running: dict[int, int] = {}
        self._evaluating: dict[str, int] = {}
        self._interrupted: set[int] = set()
        self._unfinished: set[int] = set()

    def update(self, trials: Sequence[FrozenTrial]) -> None:
        """Read what is new or was unfinished in all of a study's trials, which come in order of Optuna's numbers."""
        new = range(self.read, len(trials))
        self.read = len(trials)
        for number in [*sorted(self._unfinished), *new]:
            trial = trials[number]
            if trial.state.is_finished():
                self._unfinished.discard(number)
            else:
                self._unfinished.add(number)
            position = trial.user_attrs.get("position")
            if position is None or position in self.rows or trial.state == TrialState.WAITING:
                continue
            if ended(trial):
                self.end(row_of(trial.user_attrs, trial.value))
            elif trial.state == TrialState.RUNNING:
                self.begin(number, trial.user_attrs)
            else:
                self.interrupt(number, trial.user_attrs)

    def begin(self, number: int, proposed: Mapping[str, Any]) -> None:
        """A trial of Optuna's runs a position; `proposed` is all that is known of it so far."""
        position = proposed["position"]
        if position in self.rows or not self._is_latest(number, position):
            return
        self._proposed[position] = proposed
        self._running[position] = number
        self._interrupted.discard(position)
        self._evaluating.setdefault(proposed["key"], position)
        self.next = max(self.next, position + 1)

    def interrupt(self, number: int, proposed: Mapping[str, Any]) -> None:
        """A trial of Optuna's ended before its evaluation did."""
        position = proposed["position"]
        if position in self.rows or not self._is_latest(number, position):
            return
        self._proposed[position] = proposed
        self._forget(position, proposed["key"])
        self._interrupted.add(position)
        self.next = max(self.next, position + 1)

    def end(self, row: Row) -> None:
        """A position has an outcome that will stay."""
        if row.number in self.rows:
            return
        self.rows[row.number] = row
        self.next = max(self.next, row.number + 1)
        self._proposed.pop(row.number, None)
        self._latest.pop(row.number, None)
        self._interrupted.discard(row.number)
        self._forget(row.number, row.key)
        if row.outcome in _SETTLED and (row.key not in self.settled or self.settled[row.key].number > row.number):
            self.settled[row.key] = row
        if row.value is None:
            return
        individual = Individual(row.number, row.text, row.key, self.sign * row.value, row.parameters, row.flops, row.latency)
        insort(self.individuals, individual, key=lambda other: other.number)
        if self.best is None or (individual.fitness, -row.number) > (self.sign * (self.best.value or 0.0), -self.best.number):
            self.best = row

    def evaluating(self, key: str) -> int | None:
        """The position whose evaluation will say what this canonical key scores, if there is one."""
        return self._evaluating.get(key)

    def interrupted(self) -> Mapping[str, Any] | None:
        """What is known of the first position that waits for another try."""
        return self._proposed[min(self._interrupted)] if self._interrupted else None

    def is_running(self, position: int) -> bool:
        """Whether a position is being evaluated somewhere."""
        return position in self._running

    def running(self) -> frozenset[int]:
        """Positions that are being evaluated somewhere."""
        return frozenset(self._running)

    def _is_latest(self, number: int, position: int) -> bool:
        if number < self._latest.get(position, -1):
            return False
        self._latest[position] = number
        return True

    def _forget(self, position: int, key: str) -> None:
        self._running.pop(position, None)
        if self._evaluating.get(key) == position:
            del self._evaluating[key]
