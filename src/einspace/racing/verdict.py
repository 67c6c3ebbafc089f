"""Verdict: whether the winner of a race is better than the best baseline, by how much, and with which standard error.

All scores are turned so that more is better. Candidates are trained and scored on the same partitions, so that the effect of a partition on
all of them cancels in their differences.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import hypot, sqrt
from statistics import fmean
from typing import Any, Literal

import numpy as np

Word = Literal["better", "not distinguishable", "worse"]

Scores = Mapping[str, Sequence[float]]
"""The scores of each candidate on all partitions, which have the same order for every candidate."""

FACTOR = 2.0
"""Standard errors over which a difference is a finding (see docs/decisions/022)."""


@dataclass(frozen=True)
class Verdict:
    """The comparison of the winner with the best baseline by re-evaluations, in the units of the metric.

    Args:
        word: "better", "not distinguishable" or "worse".
        difference: Mean over the partitions of winner minus baseline, turned so that more is better.
        standard_error: Of that mean, pooled over candidates, so that a few pairs that happen to agree do not make it small.
        noise: Standard deviation of one score around the mean of its candidate, over seeds and partitions.
        winner: The name of the best candidate, such as "trial 12".
        baseline: The name of the best baseline.
        recommended: The name of the one to use: the better one, or where none is, the smaller one, or of equally large ones the baseline.
        pairs: Partitions on which both were scored.
        scores: The means of the winner and of the baseline over the partitions, in the units of the metric.
        sentence: The verdict in one sentence.
        evidence: What it rests on, what is recommended and what is in doubt, in whole sentences.
    """

    word: Word
    difference: float
    standard_error: float
    noise: float
    winner: str
    baseline: str
    recommended: str
    pairs: int
    scores: tuple[float, float]
    sentence: str
    evidence: str

    @property
    def of_winner(self) -> bool:
        """True if the winner is recommended, False if the baseline is."""
        return self.recommended == self.winner

    @property
    def reason(self) -> str:
        """The sentence that names the recommended network and the reason, without a full stop."""
        if self.of_winner:
            how, apart = ("better", "") if self.word == "better" else ("smaller", ", and not distinguishable from it")
            return f"The network is that of {self.winner}, which is {how} than the best baseline, {self.baseline}{apart}"
        why = "is worse" if self.word == "worse" else "is not distinguishable from it, and not smaller"
        return f"The network is the baseline {self.baseline}, since the best of the search, {self.winner}, {why}"

    def to_json(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)


def noise_of(rounds: Sequence[Scores]) -> float:
    """The standard deviation of a score around the mean of its candidate, pooled over the candidates of all rounds.

    >>> noise_of([{"a": [1.0, 3.0], "b": [5.0, 7.0]}]) == 2**0.5
    True
    """
    groups = [np.asarray(scores) for found in rounds for scores in found.values()]
    freedom = sum(len(group) - 1 for group in groups)
    return sqrt(sum(float(np.square(group - group.mean()).sum()) for group in groups) / freedom) if freedom else 0.0


def standard_error(rounds: Sequence[Scores], pairs: int) -> float | None:
    """The standard error of the mean difference of two candidates over so many partitions; None where nothing measures it.

    It follows from what is left of the scores once the mean of each candidate and that of each partition is taken away, pooled over rounds.

    >>> standard_error([{"a": [1.0, 2.0], "b": [3.0, 4.0]}], pairs=2), standard_error([{"a": [1.0, 2.0]}], pairs=2)
    (0.0, None)
    """
    squares, freedom = 0.0, 0
    for scores in rounds:
        table = np.array(list(scores.values()), dtype=np.float64)
        if table.ndim == 2 and min(table.shape) > 1:
            left = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0, keepdims=True) + table.mean()
            squares += float(np.square(left).sum())
            freedom += (table.shape[0] - 1) * (table.shape[1] - 1)
    return sqrt(2 * squares / freedom / pairs) if freedom else None


def sampling_error(winner: Sequence[Sequence[float]], baseline: Sequence[Sequence[float]], fixed: bool) -> float:
    """The standard error of a difference of two scores on one validation split that comes from the split's samples.

    Args:
        winner: For each training, its scores on disjoint parts of the split.
        baseline: The same, on the same parts.
        fixed: Whether the split is the same for all trainings; else each has its own, and the mean of their squared errors counts.

    >>> round(sampling_error([[0.5, 0.7]], [[0.4, 0.4]], fixed=True), 6)
    0.1
    """
    apart = np.asarray(winner) - np.asarray(baseline)
    apart = apart.mean(axis=0, keepdims=True) if fixed else apart
    return sqrt(float(np.var(apart, axis=1, ddof=1).mean()) / apart.shape[1])


def total_error(error: float, sampling: float | None, common: float) -> float:
    """The standard error of a mean difference over partitions of one pool.

    Args:
        error: That of the pairs, which more of them make smaller.
        sampling: That of the samples of one validation split; None where it is not known, and is left out.
        common: The part of the pool that is one validation split: no number of pairs has more samples than the pool.

    >>> total_error(0.03, 0.08, common=0.25), total_error(0.03, None, common=0.25)
    (0.05, 0.03)
    """
    return hypot(error, (sampling or 0.0) * sqrt(common))


def word_of(difference: float, error: float, factor: float = FACTOR) -> Word:
    """The word for a difference: it is a finding where it is over `factor` standard errors.

    >>> word_of(0.043, 0.02), word_of(0.036, 0.02), word_of(-0.05, 0.02)
    ('better', 'not distinguishable', 'worse')
    """
    if abs(difference) <= factor * error:
        return "not distinguishable"
    return "better" if difference > 0 else "worse"


def best_of(scores: Scores) -> str | None:
    """The candidate with the best mean, the first of equals; None where there is none."""
    return max(scores, key=lambda name: fmean(scores[name]), default=None)
