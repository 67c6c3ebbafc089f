"""Optimizer: a strategy by hand. Ask for an architecture, train it however you like, and tell its score."""

import json
import os
from math import isfinite
from pathlib import Path
from time import time
from typing import Any, Literal, Self

from einspace import strategies
from einspace.drafts import write_text
from einspace.errors import RunError, SettingError
from einspace.evaluation.outcome import Evaluation, Outcome
from einspace.regular import read_json
from einspace.space import EinSpace
from einspace.storage.ledger import Ledger
from einspace.storage.records import sealed, unsealed
from einspace.strategies import Strategy, propose
from einspace.strategies.initial import Initial
from einspace.trial import Proposal, Trial

LARGEST = 2**30
"""Bytes of a file of trials, at most."""


class Optimizer:
    """Asks a strategy, and remembers the scores. It needs neither a task nor a database.

    Args:
        space: The space of the architectures.
        strategy: The name of a strategy, `module:Class`, or a strategy.
        seed: Decides all chance.
        init: Initial members of an evolving strategy.
        direction: Whether a higher or a lower score is better.
        options: Those of the strategy, such as `population=20`.

    Raises SettingError, UnknownNameError and what else `strategies.get` raises.

    >>> space = EinSpace((1, 8, 8))
    >>> optimizer = Optimizer(space, "evolution", seed=0, population=4, tournament=2)
    >>> for _ in range(6):
    ...     proposal = optimizer.ask()
    ...     optimizer.tell(proposal, score=-space.parse(proposal.text).parameters)
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
        if isinstance(strategy, Strategy) and (options or init):
            raise SettingError("a strategy that is given as an object has its options and initial members already")
        initial = strategies.parse_initial(init, space.input)
        self.strategy = strategy if isinstance(strategy, Strategy) else strategies.get(strategy, space, initial, **options)
        self.seed = seed
        self._sign = 1.0 if direction == "maximize" else -1.0
        self._ledger = Ledger()

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Everything that was asked for, in that order; trials whose score is not known yet have no evaluation."""
        return tuple(self._ledger.trials)

    @property
    def best(self) -> Trial | None:
        """The trial with the best score, the earliest of equals; None if there is none."""
        return self._ledger.best

    def ask(self) -> Proposal:
        """The next architecture to train; `space.parse(proposal.text)` reads it.

        Several may be asked for before a score is known. Raises SettingError where the strategy has to know one first.
        """
        proposal = propose(self.strategy, self.trials, self.seed)
        if proposal is None:
            raise SettingError("the strategy needs the score of a proposal that it has made: tell one before asking again")
        self._ledger.begin(Trial(len(self.trials), proposal, seed=self.seed, started=time()))
        return proposal

    def tell(self, proposal: Proposal, score: float | None) -> Trial:
        """Report the score of a proposal, or None for a training that failed; what is not finite counts as failed.

        Returns:
            The trial as it is remembered. Raises SettingError for a proposal that was not asked for, or whose score is known already.
        """
        waiting = (trial for trial in self.trials if trial.evaluation is None and trial.proposal == proposal)
        trial = next(waiting, None)
        if trial is None:
            raise SettingError(f"no score of this proposal is waited for: {proposal.text[:80]}")
        if score is not None and (isinstance(score, bool) or not hasattr(score, "__float__")):
            raise SettingError(f"a score is a number, or None for a training that failed, not {score!r}")
        good = score is not None and isfinite(score)
        evaluation = Evaluation(Outcome.OK, float(score)) if good and score is not None else Evaluation(Outcome.NAN, reason=f"told {score}")
        ended = trial.end(evaluation, self._sign, time())
        self._ledger.end(ended)
        return ended

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all trials to a JSON file, whole or not at all; raises RunError where that cannot be."""
        state = {"seed": self.seed, "trials": [sealed(trial.to_json()) for trial in self.trials]}
        try:
            write_text(Path(path), json.dumps(state) + "\n")
        except OSError as error:
            raise RunError(f"{os.fspath(path)} cannot be written: {error.strerror}") from None

    def load(self, path: str | os.PathLike[str]) -> Self:
        """Take over the trials of a file that `save` wrote, and go on as the optimizer that wrote it would.

        Strategy, options and seed are those of this optimizer. Raises RunError for a file that cannot be read or is of another seed.
        """
        ledger = Ledger()
        try:
            state = read_json(Path(path), LARGEST)
            if state["seed"] != self.seed:
                raise RunError(f"{os.fspath(path)} is of the seed {state['seed']}, not {self.seed}")
            for record in state["trials"]:
                trial = Trial.from_json(unsealed(record))
                ledger.begin(trial) if trial.evaluation is None else ledger.end(trial)
        except OSError as error:
            raise RunError(f"{os.fspath(path)} cannot be read: {error.strerror}") from None
        except (ValueError, LookupError, TypeError) as error:
            raise RunError(f"{os.fspath(path)} holds no trials: {str(error).splitlines()[0]}") from None
        self._ledger = ledger
        return self
