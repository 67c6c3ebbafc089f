"""Search: the phase of a run in which a strategy proposes."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from time import perf_counter, time

from einspace.errors import SettingError
from einspace.evaluation.outcome import Request
from einspace.phases.budget import Budget
from einspace.phases.listed import Phase
from einspace.space import EinSpace
from einspace.storage import StudyStore
from einspace.strategies import Strategy, TournamentStrategy, propose
from einspace.strategies.affordable import Affordable
from einspace.strategies.base import Exhausted
from einspace.strategies.program import Program
from einspace.study.heirs import Heirs
from einspace.study.rungs import Rungs
from einspace.trial import INITIAL, SEARCH, Trial

_LOG = logging.getLogger("einspace")


@dataclass
class Search(Phase):
    """The proposals of a strategy, for as long as the budget lasts; a trial that was interrupted comes first, as it was proposed."""

    strategy: Strategy
    seed: int
    budget: Budget
    time_limit: float | None = None
    space: EinSpace | None = None
    """The space of the proposals of a user's strategy."""
    affordable: Affordable | None = None
    """Asks the strategy until a proposal fits; without it, the strategy is asked once."""
    heirs: Heirs | None = None
    """Says whose weights a child begins with; without it, all trials begin with fresh ones."""
    rungs: Rungs | None = None
    """Says what a trial must reach early; without it, each is trained to its end."""

    asking: bool = field(default=False, init=False)
    """Whether the strategy is computing, which changes nothing that is stored and may be interrupted anywhere."""

    def __post_init__(self) -> None:
        self.name = SEARCH
        self.final = self.strategy.final
        if isinstance(self.strategy, TournamentStrategy) and self.affordable is not None:
            self.strategy.takes = self.affordable.typical

    def next(self, store: StudyStore) -> Trial | None:
        """An interrupted trial, or a new proposal."""
        ledger = store.phase(self.name)
        interrupted = ledger.interrupted()
        allowed = partial(self.budget.allows, ledger, len(ledger.trials) - len(interrupted))
        if not allowed():
            return None
        if interrupted:
            return interrupted[0]
        clock = perf_counter()
        ask = None if self.affordable is None else partial(self.affordable.propose, left=self.budget.spare(ledger))
        if isinstance(self.strategy, Program):
            self.strategy.allowed = allowed
        try:
            self.asking = True
            proposal = propose(self.strategy, tuple(ledger.trials), self.seed, ask, self.space)
        except Exhausted:
            return None
        finally:
            self.asking = False
        if proposal is None:
            if not ledger.running():
                raise SettingError(f"the strategy {type(self.strategy).__name__} waits for trials to end, but none is running")
            return None
        self._tell_lost_seeds(ledger.trials)
        proposal = replace(proposal, inherits=None) if self.heirs is None else self.heirs.inheriting(proposal, ledger.trials)
        proposal = replace(proposal, rungs=None) if self.rungs is None else self.rungs.climbing(proposal, ledger.trials)
        return Trial(len(ledger.trials), proposal, self.name, self.seed, proposing=perf_counter() - clock, started=time())

    def request(self, trial: Trial) -> Request:
        """The request to an executor, with the weights that the trial begins with, and with less time than an initial member has."""
        inherits, known = trial.proposal.inherits, super().request(trial)
        if self.affordable is not None and self.affordable.latest < inf and not trial.proposal.is_initial:
            known = replace(known, time_limit=self.affordable.latest)
        return replace(known, inherits=None if self.heirs is None or inherits is None else self.heirs.file(inherits))

    def weights(self, trial: Trial) -> str | None:
        """Where its weights are written for its children; nowhere where it inherits by itself."""
        return None if self.heirs is None or trial.proposal.inherits is not None else self.heirs.file(trial.number)

    def progress(self, store: StudyStore) -> tuple[int, int | None]:
        """Of the budget's trials, or of those that the run has already."""
        ledger, trials = store.phase(self.name), self.budget.trials
        return ledger.ended, None if trials is None else max(trials, len(ledger.trials))

    def _tell_lost_seeds(self, trials: Sequence[Trial]) -> None:
        """Warn, before the first sample in their place, that no initial member has a score."""
        strategy = self.strategy
        if not isinstance(strategy, TournamentStrategy) or not trials or len(trials) != len(strategy.initial):
            return
        if all(trial.fitness is None and trial.evaluation is not None for trial in trials):
            _LOG.warning(
                "no initial member has a score (%s), so the search is one from scratch: random samples until %d of them have one",
                ", ".join(f"{trial.origin.removeprefix(INITIAL)}: {trial.outcome}" for trial in trials),
                strategy.population,
            )
