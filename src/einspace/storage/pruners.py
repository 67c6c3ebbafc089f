"""Pruning: giving up a trial early, from the validation scores of its epochs, by Optuna's pruners or at rungs, which workers see to."""

from collections.abc import Callable

import optuna
from optuna.pruners import BasePruner

from einspace.errors import UnknownNameError

PRUNERS: dict[str, tuple[Callable[[int], BasePruner], str]] = {
    "none": (lambda epochs: optuna.pruners.NopPruner(), "every trial gets all of its epochs"),
    "median": (
        lambda epochs: optuna.pruners.MedianPruner(n_startup_trials=10, n_warmup_steps=1 + epochs // 4),
        "after a quarter of the epochs, below the median of ten or more finished trials at that epoch",
    ),
    "halving": (
        lambda epochs: optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=2),
        "after 1, 2, 4, ... epochs, not among the better half of those that came so far",
    ),
    "hyperband": (
        lambda epochs: optuna.pruners.HyperbandPruner(min_resource=1, max_resource=max(1, epochs), reduction_factor=2),
        "successive halving in several brackets that begin later and later",
    ),
    "rungs": (
        lambda epochs: optuna.pruners.NopPruner(),
        "after a quarter and half of the epochs, at a constant rate, below the median of the latest 20 there",
    ),
}
"""Every pruner by its name: a function that builds it for a number of epochs, and the trials that it gives up, in words."""


def pruner_of(name: str, epochs: int) -> BasePruner:
    """Build a pruner for trials of so many epochs; raises UnknownNameError for another name."""
    if name not in PRUNERS:
        raise UnknownNameError("pruner", name, PRUNERS)
    return PRUNERS[name][0](epochs)
