"""Strategy: the next architecture, as a pure function of the trials so far."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from random import Random
from typing import ClassVar

from einspace.trial import Proposal, Trial

History = Sequence[Trial]
"""Every trial of the search that was begun, by number. A trial that runs has no evaluation, one that ended well has a fitness."""


class Exhausted(Exception):
    """A strategy has nothing more to propose: the search ends as if its budget had."""


class Strategy(ABC):
    """Proposes architectures. It keeps no state, so a resumed study gets the same proposals.

    A new strategy is a class in its own file and its line in `STRATEGIES`; its options are parameters of the class and attributes of the
    same names.
    """

    final: ClassVar[bool] = False
    """Whether its trials are trained like a final one, on train and valid, and scored on test: then none of them may be selected."""

    @abstractmethod
    def propose(self, history: History, rng: Random) -> Proposal | None:
        """Propose the architecture of trial `len(history)`.

        Args:
            history: All trials so far, those that run included.
            rng: The only source of randomness.

        Returns:
            A proposal, or None to wait until another of the running trials has ended.

        Raises:
            Exhausted: There is nothing more to propose.
        """

    def choose(self, ask: Callable[[], Proposal | None], history: History, rng: Random) -> Proposal | None:
        """Give the proposal of a trial: what `ask` gives, which calls `propose` until something fits.

        A strategy that weighs several proposals against each other asks for each of them.

        Args:
            ask: Gives one proposal, or None where the strategy waits; each call goes on with the same generator.
            history: All trials so far.
            rng: The only source of randomness.

        Returns:
            A proposal, or None to wait.
        """
        return ask()

    def refuse(self, proposal: Proposal, reason: str) -> None:  # noqa: B027
        """Hear that a proposal is not trained, before another one is asked for.

        Args:
            proposal: The proposal.
            reason: The reason, in words.
        """

    def close(self) -> None:  # noqa: B027
        """Release what the strategy holds, such as a process; called once nothing more is proposed."""
