"""Metrics: their values on examples worked out by hand, and what is never good."""

from math import inf, isnan, nan

import numpy as np
import pytest
import torch
from tests.on_mps import OnMps
from torch import Tensor

from einspace import Task
from einspace.tasks import METRICS, over_seeds
from einspace.tasks.metrics import (
    ACCURACY,
    AUROC_ERROR,
    ERROR,
    MACRO_F1,
    MEAN_AVERAGE_PRECISION,
    RELATIVE_L2,
    SQUARED_ERROR,
    Metric,
)


def test_error_is_what_accuracy_leaves() -> None:
    """0-1 error of table 4: one of four is wrong."""
    outputs, labels = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0]]), torch.tensor([0, 1, 1, 0])
    assert ERROR(outputs, labels) == 0.25 == 1 - ACCURACY(outputs, labels)


def test_relative_l2_is_a_mean_over_samples() -> None:
    """||u' - u|| / ||u|| for each sample, then the mean: a sample of large numbers counts no more than one of small ones."""
    targets = torch.tensor([[3.0, 4.0], [300.0, 400.0]]).reshape(2, 1, 1, 2)
    outputs = targets + torch.tensor([[0.0, 5.0], [0.0, 0.0]]).reshape(2, 1, 1, 2)
    assert RELATIVE_L2(outputs, targets) == pytest.approx(0.5)


@pytest.mark.parametrize("metric", ["accuracy", "log loss", "AUROC", "macro F1"])
def test_scores_on_apples_processors(metric: str) -> None:
    """They have no double precision, so that a score is computed on the CPU: it is the same number."""
    rng = np.random.default_rng(0)
    task = Task.from_arrays(rng.standard_normal((60, 1, 4, 4)), np.arange(60) % 3, name="own").with_metric(metric)
    outputs, targets = torch.randn(20, 3), torch.arange(20) % 3
    there = task.score(outputs.as_subclass(OnMps), targets.as_subclass(OnMps))
    assert there == task.score(outputs, targets)


def test_auroc_skips_ignored_pixels() -> None:
    """Three of four pairs are in order; an ignored pixel that would spoil it does not count."""
    outputs = torch.tensor([0.1, 50.0, 60.0, 70.0, 90.0]).reshape(1, 1, 1, 5)
    targets = torch.tensor([0.0, 1.0, 0.0, 1.0, -1.0]).reshape(1, 1, 1, 5)
    assert AUROC_ERROR(outputs, targets) == pytest.approx(0.25)
    assert AUROC_ERROR(-outputs, targets) == pytest.approx(0.75)


def test_auroc_of_one_kind_is_nothing() -> None:
    """Without a positive or a negative pixel there is nothing to rank: nan, not a perfect 0."""
    for value in (0.0, 1.0, -1.0):
        assert isnan(AUROC_ERROR(torch.randn(1, 1, 2, 2), torch.full((1, 1, 2, 2), value)))


def test_labels() -> None:
    """F1 says a label at a logit over 0; average precision only looks at the order, and leaves out labels that nobody has."""
    outputs = torch.tensor([[0.2, 0.3, 0.1], [0.4, -0.2, 0.2], [-0.3, 0.9, 0.3]])
    targets = torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    assert MACRO_F1(outputs, targets) == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert MEAN_AVERAGE_PRECISION(outputs, targets) == pytest.approx((1 + 1 / 2) / 2)
    assert MEAN_AVERAGE_PRECISION(outputs[:, :1], targets[:, :1]) == pytest.approx(1)


def test_squared_error() -> None:
    """Over all numbers of all samples."""
    assert SQUARED_ERROR(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 4.0]])) == pytest.approx(2)


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
@pytest.mark.parametrize("bad", [nan, inf, -inf])
def test_outputs_that_are_no_numbers_are_never_good(metric: Metric, bad: float) -> None:
    """One output that is not finite makes any metric nan, errors among them, whatever the function would make of it."""
    outputs = torch.rand(4, 2)
    rows = torch.tensor([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
    targets = torch.tensor([0, 1, 1, 0]) if "classification" in metric.kinds else rows
    assert metric(outputs, targets) > -inf
    outputs[1, 1] = bad
    score = metric(outputs, targets)
    assert isnan(score)
    assert not metric.better(score, None)
    assert metric.better(0.5, score)


def _negated_loss(outputs: Tensor, targets: Tensor) -> float:
    return -float((outputs - targets).square().mean())


def test_nan_under_a_negated_loss_is_not_perfect() -> None:
    """A metric that is the loss with a minus sign: a run whose loss became NaN is worse than any other."""
    metric = Metric("negated loss", True, _negated_loss)
    lost = metric(torch.tensor([nan, 0.0]), torch.zeros(2))
    assert isnan(lost)
    assert metric.better(-1e9, lost)
    assert not metric.better(lost, -1e9)


def test_seeds() -> None:
    """Mean and spread over seeds; a seed that failed takes the mean away, for the others would flatter."""
    assert over_seeds([0.5, 0.7, 0.6])[:2] == pytest.approx((0.6, 0.0816496580927726))
    assert over_seeds([0.9, nan]) == (None, None, 2, 1)
    assert over_seeds([0.9, None, inf]) == (None, None, 3, 2)
    assert over_seeds([]) == (None, None, 0, 0)
