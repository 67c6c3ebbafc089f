"""Agreement: how well predictions that were made before a trial was trained order what came of it."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from math import isnan

from einspace.known import levels
from einspace.trial import Trial

RECENT, FEWEST = 30, 10
"""The latest predictions that are asked whether the surrogate may choose, and how many there must be before the answer counts."""

LEAST = 0.1
"""Kendall's tau of these, below which it may not."""


@dataclass(frozen=True)
class Agreement:
    """Kendall's tau of predictions and scores, from -1 to 1.

    Args:
        tau: Of all predictions whose trial has ended well.
        predictions: How many they are.
        chosen: For how many of them the trial was chosen among several children by its prediction.
    """

    tau: float
    predictions: int
    chosen: int

    @classmethod
    def of(cls, trials: Iterable[Trial]) -> "Agreement | None":
        """The agreement over trials; None where fewer than two were predicted and ended well.

        A trial that repeats another has a score that was known, and does not count.
        """
        known = predicted(trials)
        if len(known) < 2:
            return None
        told = [prediction for trial in known if (prediction := trial.proposal.prediction)]
        tau = kendall(list(zip((prediction.percentile for prediction in told), levels(known), strict=True)))
        return cls(tau, len(known), sum(prediction.among > 1 for prediction in told))

    def to_json(self) -> dict[str, float]:
        """The figures by name."""
        return asdict(self)


def kendall(pairs: Sequence[tuple[float, float]]) -> float:
    """Kendall's tau of two scores of the same trials, from -1 to 1; 0 where all of one are equal: nothing was told apart."""
    from scipy.stats import kendalltau

    tau = float(kendalltau([one for one, _ in pairs], [other for _, other in pairs]).statistic)
    return 0.0 if isnan(tau) else tau


def predicted(trials: Iterable[Trial]) -> list[Trial]:
    """The trials that were predicted before they were trained, and ended well."""
    return [trial for trial in trials if trial.proposal.prediction is not None and trial.fitness is not None and trial.reused is None]


def trusted(trials: Iterable[Trial]) -> bool:
    """Whether a surrogate may choose: unless its latest predictions say hardly more than chance."""
    latest = Agreement.of(predicted(trials)[-RECENT:])
    return latest is None or latest.predictions < FEWEST or latest.tau >= LEAST
