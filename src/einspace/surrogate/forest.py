"""Forest: a random forest that predicts where the fitness of a trial would stand among those that are known."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from einspace.known import percentiles
from einspace.surrogate.features import Row

if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.feature_extraction import DictVectorizer

TREES, LEAF = 100, 2
"""Trees, and trials of a leaf, at least. Three times as many order stored trials better by 0.01 of tau, and take three times as long."""

SHARE = 1 / 3
"""The part of the features among which a split is chosen: Breiman's choice for regression, which also takes a third of the time."""


@dataclass(frozen=True, eq=False)
class Forest:
    """A forest that is fitted.

    Args:
        names: Gives each feature its column.
        varies: The columns that differ among the trials.
        trees: The forest.
    """

    names: "DictVectorizer"
    varies: NDArray[np.bool_]
    trees: "RandomForestRegressor"

    @classmethod
    def fit(cls, rows: Sequence[Row], fitness: Sequence[float], seed: str) -> "Forest":
        """Fit a forest; the same rows, fitnesses and seed give the same one.

        Args:
            rows: The features of each trial.
            fitness: Its score, turned so that more is better. Its percentile is learnt, so that one score far from the others counts as
                little as it should.
            seed: Decides all chance.
        """
        from sklearn.ensemble import RandomForestRegressor
        from sklearn.feature_extraction import DictVectorizer

        names = DictVectorizer(dtype=np.float32, sparse=False)
        table = names.fit_transform(rows)
        varies = ((table != table[0]) & ~(np.isnan(table) & np.isnan(table[0]))).any(axis=0)
        varies = varies if varies.any() else np.ones_like(varies)
        number = Random(seed).getrandbits(31)
        trees = RandomForestRegressor(TREES, min_samples_leaf=LEAF, max_features=SHARE, n_jobs=1, random_state=number)
        return cls(names, varies, trees.fit(table[:, varies], percentiles(fitness)))

    def predict(self, rows: Sequence[Row]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The percentile of each row, from 0 for the worst to 1, and its standard deviation over the trees: (rows,) and (rows,)."""
        table = np.ascontiguousarray(self.names.transform(rows)[:, self.varies])
        each = np.stack([tree.predict(table, check_input=False) for tree in self.trees.estimators_])
        return each.mean(axis=0), each.std(axis=0)
