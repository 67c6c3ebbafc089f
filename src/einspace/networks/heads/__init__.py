"""Heads (B.1): the layers that turn the backbone's feature into a prediction, and the losses that predictions are trained with."""

from einspace.networks.heads.base import Head, check_fit
from einspace.networks.heads.dense import IGNORED, IGNORED_YES, Dense, Mask, PooledMap, RelativeDense, Segmentation
from einspace.networks.heads.pooled import Classification, MultiLabel, Pooled, Regression

__all__ = [
    "IGNORED",
    "IGNORED_YES",
    "Classification",
    "Dense",
    "Head",
    "Mask",
    "MultiLabel",
    "Pooled",
    "PooledMap",
    "Regression",
    "RelativeDense",
    "Segmentation",
    "check_fit",
]
