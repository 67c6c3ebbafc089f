"""Random sampling and random search (section 4.1): every trial is a fresh sample of the grammar."""

from random import Random

from einspace.space import EinSpace
from einspace.strategies.base import History, Proposal, Strategy


class RandomSearch(Strategy):
    """Samples independently.

    The strategies `sampling` and `random` propose the same: sampling reports the mean and the spread of all trials, search the best one.
    """

    def __init__(self, space: EinSpace) -> None:
        self.space = space

    def propose(self, number: int, history: History, rng: Random) -> Proposal:
        """A sample; raises LimitError where the limits let none through."""
        return Proposal.of(self.space.sample(rng), "sample")
