"""Inheritance: the trials that began with weights of a parent, and how well their scores order trainings from fresh weights."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from statistics import fmean

from einspace.surrogate.agreement import kendall
from einspace.trial import RACE, Trial

FEWEST = 5
"""Pairs below which Kendall's tau says nothing."""


@dataclass(frozen=True)
class Inheritance:
    """The figures of a run.

    Args:
        trials: How many trials of the search began with weights of a parent.
        pairs: How many of their architectures were trained again in the race, from fresh weights.
        tau: Kendall's tau of the two scores of each, the mean of the race's; None for fewer than `FEWEST` pairs.
    """

    trials: int
    pairs: int
    tau: float | None

    @classmethod
    def of(cls, history: Iterable[Trial], others: Iterable[Trial]) -> "Inheritance | None":
        """The figures, from the trials of the search and those of the other phases; None where no trial inherited."""
        heirs = [trial for trial in history if trial.inherited]
        if not heirs:
            return None
        again: defaultdict[str, list[float]] = defaultdict(list)
        for trial in others:
            if trial.phase == RACE and trial.fitness is not None:
                again[trial.proposal.identity].append(trial.fitness)
        claimed: dict[str, float] = {}
        for trial in heirs:
            if trial.fitness is not None and trial.proposal.identity in again:
                claimed.setdefault(trial.proposal.identity, trial.fitness)
        if len(claimed) < FEWEST:
            return cls(len(heirs), len(claimed), None)
        tau = kendall([(score, fmean(again[identity])) for identity, score in claimed.items()])
        return cls(len(heirs), len(claimed), tau)

    def to_json(self) -> dict[str, float | None]:
        """The figures by name."""
        return asdict(self)
