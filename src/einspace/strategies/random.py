"""Random sampling and random search (section 4.1): every trial is a fresh sample of the grammar."""

from random import Random

from einspace.space import EinSpace
from einspace.strategies.base import History, Strategy
from einspace.trial import Proposal


class RandomSearch(Strategy):
    """Samples independently and selects the best by validation."""

    def __init__(self, space: EinSpace) -> None:
        self.space = space

    def propose(self, history: History, rng: Random) -> Proposal:
        """A sample; raises LimitError where the limits let none through."""
        return Proposal.of(self.space.sample(rng), "sample")


class RandomSampling(RandomSearch):
    """The paper's random sampling: every sample is trained like a final one and scored on test; the mean of all is the result."""

    final = True
