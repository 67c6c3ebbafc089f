"""Surrogate: predicts from the trials of its own run which child of a strategy is worth a training."""

from einspace.surrogate.agreement import Agreement, predicted, trusted
from einspace.surrogate.features import Features
from einspace.surrogate.forest import Forest
from einspace.surrogate.guide import Guide, highest

__all__ = ["Agreement", "Features", "Forest", "Guide", "highest", "predicted", "trusted"]
