"""Strategy: which architecture is tried next, as a pure function of what is known."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from einspace.space import Architecture


@dataclass(frozen=True)
class Individual:
    """A trial that ended well. `fitness` is its score on the validation split, turned so that more is better."""

    number: int
    text: str
    key: str
    fitness: float


@dataclass(frozen=True)
class Proposal:
    """What to try next: an architecture, where it comes from in a few words, and the numbers of the trials it descends from."""

    text: str
    key: str
    parameters: int
    """Of the backbone."""
    origin: str
    parents: tuple[int, ...] = ()

    @classmethod
    def of(cls, architecture: Architecture, origin: str, parents: tuple[int, ...] = ()) -> "Proposal":
        """Propose an architecture."""
        return cls(str(architecture), architecture.key, architecture.parameters, origin, parents)


History = Sequence[Individual]
"""The trials that ended well, in order of their numbers. With several workers, trials with a smaller number may still be running."""


class Strategy(ABC):
    """Proposes architectures. It keeps no state: a study that is resumed asks the same and is told the same.

    A new strategy is a class in its own file and its line in `STRATEGIES`.
    """

    @abstractmethod
    def propose(self, number: int, history: History, rng: Random) -> Proposal:
        """The architecture of trial `number`, counted from 0; a pure function of the arguments."""
