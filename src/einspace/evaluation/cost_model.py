"""Cost model: the seconds that a trial will take, from its amount of computation, calibrated by earlier trials on the device.

A trial takes a time to start, a time for each operation of each step, whatever its size, and a time for each FLOP and each byte that its
samples cost. The four rates are positive and fitted to the logarithms of the seconds, so that a trial that takes ten times as long as
predicted counts as much as one that takes a tenth.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, exp, log

import numpy as np
from numpy.typing import NDArray

TRAINED = 3
"""Forward passes that training on a sample costs: one forward, and two as much for the gradients."""

PRIOR = (0.5, 2.5e-5, 1e-11, 8e-11)
"""Seconds to start, and for an operation, a FLOP and a byte of a forward pass: the fit of 12 trainings on one core of a server."""

ACCELERATED = (1.0, 3e-5, 1e-13, 1e-12)
"""The prior of a GPU, from a few trainings on an H200: an operation costs as much as on a CPU, and its arithmetic little."""

TRUST = 0.3
"""The weight of the prior's proportions in a fit, where a trial has the weight 1; the common factor of the rates is free."""

RECENT = 200
"""The latest trials, to which the rates are fitted: the load of a machine may change."""

FOLDS = 5
"""Parts of the trials, each of which is predicted from the others to measure the error."""

LEAST = 1e-3
"""Seconds below which all trials are alike."""


@dataclass(frozen=True)
class Load:
    """The computation of a trial.

    Args:
        operations: Of the backbone.
        flops: Of the backbone, for a forward pass of one sample.
        activation_bytes: That this pass writes.
        samples: Of an epoch.
        epochs: Of the training.
        batch_size: Samples of a step.
        scored: Samples that are predicted after the training.
    """

    operations: int
    flops: int
    activation_bytes: int
    samples: int
    epochs: int
    batch_size: int
    scored: int = 0

    @property
    def steps(self) -> int:
        """The steps of the training."""
        return self.epochs * ceil(self.samples / self.batch_size)

    @property
    def amounts(self) -> tuple[float, float, float, float]:
        """The multiples of the four rates: 1 for the start, and the operations, the FLOPs and the bytes of the whole trial."""
        steps = TRAINED * self.steps + ceil(self.scored / self.batch_size)
        passes = TRAINED * self.epochs * self.samples + self.scored
        return 1.0, float(self.operations * steps), float(self.flops * passes), float(self.activation_bytes * passes)


@dataclass(frozen=True)
class Measured:
    """The seconds of a trial; `ended` is False where it was given up after so many, which says that it takes longer."""

    load: Load
    seconds: float
    ended: bool = True


@dataclass(frozen=True)
class Error:
    """The error of predictions, measured on trials that were left out of the fit.

    Args:
        typical: The median of the relative error: 0.2 for a prediction that is off by a factor of 1.2 in either direction.
        factor: By which nine of ten trials take at most longer than predicted, at least 1.
        trials: How many were predicted.
    """

    typical: float
    factor: float
    trials: int


@dataclass(frozen=True)
class CostModel:
    """Rates in seconds, in the order of `Load.amounts`, the trials that they were fitted to, and the rates from before these."""

    rates: tuple[float, ...] = PRIOR
    measured: tuple[Measured, ...] = ()
    prior: tuple[float, ...] = PRIOR

    @classmethod
    def fit(cls, measured: Sequence[Measured], prior: tuple[float, ...] = PRIOR) -> "CostModel":
        """The model of the latest trials; without any, that of the prior, whose error is not known."""
        kept = tuple(measured[-RECENT:])
        return cls(_fitted(kept, prior) if kept else prior, kept, prior)

    def seconds(self, load: Load) -> float:
        """The seconds that a trial is predicted to take.

        >>> round(CostModel((1.0, 0.0, 1e-9, 0.0)).seconds(Load(10, 1_000_000, 0, 1_000, 1, 10)), 6)
        4.0
        """
        return float(np.dot(self.rates, load.amounts))

    @cached_property
    def error(self) -> Error | None:
        """The error of predictions; None for fewer than two trials that ended."""
        ratios: list[float] = []
        ended = [number for number, trial in enumerate(self.measured) if trial.ended]
        if len(ended) < 2:
            return None
        for fold in range(min(FOLDS, len(ended))):
            left_out = set(ended[fold::FOLDS])
            rest = tuple(trial for number, trial in enumerate(self.measured) if number not in left_out)
            model = CostModel(_fitted(rest, self.prior))
            ratios += [_log(self.measured[number].seconds) - _log(model.seconds(self.measured[number].load)) for number in left_out]
        typical, high = float(np.median(np.abs(ratios))), float(np.quantile(ratios, 0.9))
        return Error(exp(typical) - 1, max(1.0, exp(high)), len(ratios))


def _fitted(measured: Sequence[Measured], rates: tuple[float, ...]) -> tuple[float, ...]:
    """Least squares of the logarithms, with outliers counting less; a trial that was given up counts where less is predicted."""
    from scipy.optimize import least_squares

    amounts = np.array([trial.load.amounts for trial in measured])
    found = np.array([_log(trial.seconds) for trial in measured])
    ended = np.array([trial.ended for trial in measured])
    prior = np.log(rates)

    def residuals(logs: NDArray[np.float64]) -> NDArray[np.float64]:
        off = np.log(np.maximum(amounts @ np.exp(logs), LEAST)) - found
        off = np.where(ended, off, np.minimum(off, 0.0))
        apart = logs - prior
        return np.concatenate([off, TRUST * (apart - apart.mean())])

    start = prior + np.median(found - np.log(np.maximum(amounts @ np.exp(prior), LEAST)))
    return tuple(float(rate) for rate in np.exp(least_squares(residuals, start, loss="soft_l1", f_scale=0.5).x))


def _log(seconds: float) -> float:
    return log(max(seconds, LEAST))
