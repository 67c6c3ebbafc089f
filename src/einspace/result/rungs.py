"""Rungs: the trials that were stopped at each rung, and how well the scores there order the scores at the end."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from einspace.surrogate.agreement import kendall
from einspace.trial import Trial

FEWEST = 5
"""Trials below which Kendall's tau says nothing."""


@dataclass(frozen=True)
class Rung:
    """The figures of one rung of a run.

    Args:
        epoch: How many epochs a trial had by then.
        scored: How many trials of the search have a score there.
        stopped: How many were stopped there, also those that reuse the evaluation of an earlier trial.
        ended: How many of those that have a score there went on to the end.
        tau: Kendall's tau of the two scores of these; None for fewer than `FEWEST`.
    """

    epoch: int
    scored: int
    stopped: int
    ended: int
    tau: float | None

    @classmethod
    def of(cls, history: Sequence[Trial]) -> "tuple[Rung, ...]":
        """The figures of all rungs, from the trials of the search; none for a search without rungs.

        Kendall's tau is of those alone that went on, which are more alike than all were.
        """
        return tuple(cls._at(epoch, history) for epoch in sorted({epoch for trial in history for epoch in trial.rungs}))

    @classmethod
    def _at(cls, epoch: int, history: Sequence[Trial]) -> "Rung":
        there = [trial for trial in history if epoch in trial.rungs and trial.reused is None]
        ended = [(trial.rungs[epoch], trial.fitness) for trial in there if trial.fitness is not None]
        stopped = sum(trial.stopped == epoch for trial in history)
        if len(ended) < FEWEST:
            return cls(epoch, len(there), stopped, len(ended), None)
        return cls(epoch, len(there), stopped, len(ended), kendall(ended))

    def to_json(self) -> dict[str, float | None]:
        """The figures by name."""
        return asdict(self)
