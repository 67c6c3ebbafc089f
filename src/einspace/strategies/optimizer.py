"""Optimizer: a strategy by hand. Ask for an architecture, train it however you like, and tell its score."""

from collections.abc import Mapping
from math import isfinite
from operator import index
from time import time
from typing import Any, Literal, Self

from einspace import strategies
from einspace.errors import SettingError, UnknownNameError
from einspace.evaluation.outcome import Evaluation, Outcome
from einspace.evaluation.scored import scored
from einspace.networks import Imported
from einspace.space import EinSpace
from einspace.strategies import ParetoEvolution, Strategy, propose
from einspace.strategies.base import Exhausted
from einspace.strategies.initial import Initial, listed
from einspace.trial import Proposal, Trial

LARGEST = 2**30
"""Bytes of a file of trials, at most."""


DIRECTIONS = ("maximize", "minimize")
"""Which scores are the better ones."""


class Optimizer:
    """Asks a strategy, and remembers the scores. It needs neither a task nor a database.

    Args:
        space: The space of the architectures.
        strategy: The name of a strategy, `module:Class`, or a strategy.
        seed: Decides all chance.
        init: Initial members of an evolving strategy.
        direction: Whether a higher or a lower score is better.
        options: Those of the strategy, such as `population=20`.

    Raises:
        SettingError: The seed or an option makes no sense, or the strategy needs what an optimizer does not have, such as a latency.
        UnknownNameError: There is no such strategy, direction or baseline.

    >>> space = EinSpace((1, 8, 8))
    >>> optimizer = Optimizer(space, "evolution", seed=0, population=4, tournament=2)
    >>> for _ in range(6):
    ...     proposal = optimizer.ask()
    ...     trial = optimizer.tell(proposal, score=-space.parse(proposal.text).parameters)
    >>> len(optimizer.trials), optimizer.best.value == max(trial.value for trial in optimizer.trials)
    (6, True)
    """

    def __init__(
        self,
        space: EinSpace,
        strategy: str | Strategy = "evolution",
        seed: int = 0,
        *,
        init: Initial = (),
        direction: Literal["maximize", "minimize"] = "maximize",
        **options: Any,
    ) -> None:
        if isinstance(seed, bool) or not hasattr(seed, "__index__"):
            raise SettingError(f"a seed is a whole number, not {seed!r:.80}")
        init = tuple(listed(init))
        if any(isinstance(spec, Imported) and spec.warm_start for spec in init):
            raise SettingError("an optimizer trains nothing: fill the network of the seed with your weights by `Imported.network`")
        self.strategy = strategies.get(strategy, space, strategies.parse_initial(init, space.input), **options)
        if isinstance(self.strategy, ParetoEvolution) and self.strategy.cost == "latency":
            raise SettingError("an optimizer does not know the latency of a network: choose the cost parameters or flops, not 'latency'")
        self.seed = index(seed)
        self._space = space
        self._sign = 1.0 if is_maximized(direction) else -1.0
        self._trials: list[Trial] = []

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Everything that was asked for, in that order; trials whose score is not known yet have no evaluation."""
        return tuple(self._trials)

    @property
    def best(self) -> Trial | None:
        """The trial with the best score, the earliest of equals; None if there is none."""
        return max((trial for trial in self._trials if trial.fitness is not None), key=lambda trial: trial.fitness or 0.0, default=None)

    def ask(self) -> Proposal:
        """Give the next architecture to train; `space.parse(proposal.text)` reads it.

        Several may be asked for before a score is known.

        Returns:
            The proposal, which `tell` takes back with its score.

        Raises:
            SettingError: The strategy has to know a score first, or has nothing more to propose.
            StrategyError: The strategy of a user raised, or gave anything but a proposal.
        """
        try:
            proposal = propose(self.strategy, self.trials, self.seed, space=self._space)
        except Exhausted:
            raise SettingError("the strategy has nothing more to propose") from None
        if proposal is None:
            raise SettingError("the strategy needs the score of a proposal that it has made: tell one before asking again")
        self._trials.append(Trial(len(self.trials), proposal, seed=self.seed, started=time()))
        return proposal

    def tell(self, proposal: Proposal, score: float | None) -> Trial:
        """Report the score of a proposal.

        Args:
            proposal: The proposal, as `ask` gave it.
            score: Its score; None for a training that failed, and NaN and infinity count as failed too.

        Returns:
            The trial that has ended.

        Raises:
            SettingError: The proposal was not asked for, its score is known already, or the score is not a number.
        """
        if not isinstance(proposal, Proposal):
            raise SettingError(f"tell needs a proposal that `ask` gave, not {proposal!r:.80}")
        trial = next((trial for trial in self.trials if trial.evaluation is None and trial.proposal == proposal), None)
        if trial is None:
            raise SettingError(f"this proposal was not asked for, or has its score already: {proposal.text[:80]}")
        try:
            value = None if score is None else scored(score)
        except TypeError as error:
            raise SettingError(f"{error}; None is for a training that failed") from None
        good = value is not None and isfinite(value)
        evaluation = Evaluation(Outcome.OK, value) if good else Evaluation(Outcome.NAN, reason=f"told {value}")
        ended = trial.end(evaluation, self._sign, time())
        self._trials[trial.number] = ended
        return ended

    def to_json(self) -> dict[str, Any]:
        """The seed and all trials, as JSON can hold them."""
        return {"seed": self.seed, "trials": [trial.to_json() for trial in self.trials]}

    def from_json(self, data: Mapping[str, Any]) -> Self:
        """Take over the trials that `to_json` gave, and go on as the optimizer that gave them would.

        Strategy, options and seed are those of this optimizer.

        Args:
            data: The object that `to_json` gave.

        Raises:
            SettingError: The data hold no trials, or are of another seed.
        """
        try:
            if data["seed"] != self.seed:
                raise SettingError(f"the trials are of the seed {data['seed']}, not {self.seed}")
            trials = [Trial.from_json(trial) for trial in data["trials"]]
            if [trial.number for trial in trials] != list(range(len(trials))):
                raise ValueError("their numbers leave gaps")
        except (ValueError, LookupError, TypeError) as error:
            raise SettingError(f"these are not the trials of an optimizer: {str(error).splitlines()[0]}") from None
        self._trials = trials
        return self


def is_maximized(direction: str) -> bool:
    """Whether a higher score is better; raises UnknownNameError for another word than maximize and minimize."""
    if direction not in DIRECTIONS:
        raise UnknownNameError("direction", str(direction), DIRECTIONS)
    return direction == DIRECTIONS[0]
