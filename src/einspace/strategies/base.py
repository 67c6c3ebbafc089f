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
    parameters: int | None = None
    """Of the backbone."""
    flops: int | None = None
    """Of the backbone, for one sample."""
    latency: float | None = None
    """Seconds of the network for one sample, where it was measured."""


@dataclass(frozen=True)
class Proposal:
    """What to try next: an architecture, where it comes from in a few words, and the numbers of the trials it descends from."""

    text: str
    key: str
    parameters: int
    """Of the backbone."""
    origin: str
    parents: tuple[int, ...] = ()
    place: tuple[int, ...] | None = None
    """Child positions from the root to the node of the first parent that was replaced; None where nothing was."""
    flops: int | None = None
    """Of the backbone, for one sample."""
    activation_bytes: int | None = None
    """That one forward pass of the backbone writes, for one sample."""

    @classmethod
    def of(cls, architecture: Architecture, origin: str, parents: tuple[int, ...] = (), place: tuple[int, ...] | None = None) -> "Proposal":
        """Propose an architecture."""
        return cls(
            str(architecture),
            architecture.key,
            architecture.parameters,
            origin,
            parents,
            place,
            architecture.flops,
            architecture.activation_bytes,
        )


History = Sequence[Individual]
"""The trials that ended well, in order of their numbers. With several workers, trials with a smaller number may still be running."""


class Strategy(ABC):
    """Proposes architectures. It keeps no state: a study that is resumed asks the same and is told the same.

    A new strategy is a class in its own file and its line in `STRATEGIES`; its options are parameters of the class and attributes of the
    same names.
    """

    @abstractmethod
    def propose(self, number: int, history: History, rng: Random) -> Proposal:
        """The architecture of trial `number`, counted from 0; a pure function of the arguments."""
