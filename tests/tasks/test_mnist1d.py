"""MNIST-1D: the samples are those of its authors."""

import numpy as np
import pytest

from einspace.tasks import load_task
from einspace.tasks.mnist1d import SIZES, dataset


def test_the_series_are_those_of_the_authors_package() -> None:
    """Values, classes and a sum of what `mnist1d.data.make_dataset` of version 0.0.2.post1 makes from its defaults."""
    x, y = dataset()
    assert x.shape == (5_000, 40)
    assert x[0, :4].tolist() == pytest.approx([-0.33200567, -0.47191037, -0.77869708, -1.00974083])
    assert x[4_321, -4:].tolist() == pytest.approx([0.87709518, 0.43703189, -0.00472781, -0.56910086])
    assert y[:12].tolist() == [2, 6, 4, 5, 6, 6, 6, 0, 3, 1, 6, 9]
    assert float((x * np.arange(40)).sum()) == pytest.approx(26_954.0941)
    assert np.bincount(y).tolist() == [500] * 10


def test_a_linear_classifier_has_what_the_authors_report() -> None:
    """A known answer: 32% on test, of ten classes."""
    from sklearn.linear_model import LogisticRegression

    x, y = dataset()
    model = LogisticRegression(max_iter=300).fit(x[:4_000], y[:4_000])
    assert 0.28 < model.score(x[4_000:], y[4_000:]) < 0.36


@pytest.mark.slow
def test_the_test_split_is_that_of_the_authors() -> None:
    """The last thousand; train and valid are the others, and may be divided anew."""
    task = load_task("mnist1d")
    assert tuple(len(split) for split in (task.train, task.valid, task.test)) == SIZES
    assert task.one_pool
    assert task.test.y.tolist() == dataset()[1][4_000:].tolist()
