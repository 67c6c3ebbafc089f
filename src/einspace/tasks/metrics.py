"""Metrics: one number for how well a network does; a number that is not a number is never good."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite, isnan, nan
from statistics import fmean, pstdev
from typing import NamedTuple

import torch
from torch import Tensor

from einspace.networks.heads import IGNORED_YES


@dataclass(frozen=True)
class Metric:
    """A named score of a network's outputs against the targets.

    `function` takes outputs (N, ...) and targets (N, ...) and is a module's function, so that a metric can be sent to a worker.
    """

    name: str
    higher_is_better: bool
    function: Callable[[Tensor, Tensor], float]

    def __call__(self, outputs: Tensor, targets: Tensor) -> float:
        """Score the outputs; nan where any output is no finite number, whatever the function would make of it."""
        return float(self.function(outputs, targets)) if bool(outputs.isfinite().all()) else nan

    def better(self, a: float | None, b: float | None) -> bool:
        """Whether `a` is strictly better than `b`. None and nan are worse than everything, and no better than each other.

        >>> ACCURACY.better(0.9, 0.8), ACCURACY.better(float("nan"), 0.1), ACCURACY.better(0.1, None)
        (True, False, True)
        """
        if a is None or isnan(a):
            return False
        if b is None or isnan(b):
            return True
        return a > b if self.higher_is_better else a < b


class Seeds(NamedTuple):
    """A score over several seeds: mean and standard deviation (of the population), how many there were and how many had no score."""

    mean: float | None
    deviation: float | None
    seeds: int
    failed: int


def over_seeds(values: Sequence[float | None]) -> Seeds:
    """Mean and spread of a score over seeds. One seed without a score takes the mean away: the others would flatter.

    >>> over_seeds([0.5, 0.7]).mean, over_seeds([0.5, float("nan")]).mean, over_seeds([0.5, None]).failed
    (0.6, None, 1)
    """
    good = [value for value in values if value is not None and isfinite(value)]
    if not good or len(good) < len(values):
        return Seeds(None, None, len(values), len(values) - len(good))
    return Seeds(fmean(good), pstdev(good), len(values), 0)


def _accuracy(outputs: Tensor, targets: Tensor) -> float:
    return float((outputs.argmax(dim=1) == targets).float().mean())


def _error(outputs: Tensor, targets: Tensor) -> float:
    return 1 - _accuracy(outputs, targets)


def _relative_l2(outputs: Tensor, targets: Tensor) -> float:
    """Mean over the samples of ||u' - u|| / ||u||."""
    distances = torch.linalg.vector_norm((outputs - targets).flatten(1), dim=1)
    return float((distances / torch.linalg.vector_norm(targets.flatten(1), dim=1)).mean())


def _ranks(outputs: Tensor) -> Tensor:
    """Numbers from 0 to 1 in the order of the outputs, equal where those are: a sigmoid would make large ones equal."""
    values, ranks = torch.unique(outputs, return_inverse=True)
    scaled: Tensor = ranks.double() / max(1, len(values) - 1)
    return scaled


def _squared_error(outputs: Tensor, targets: Tensor) -> float:
    from torchmetrics.functional import mean_squared_error  # torchmetrics takes over a second to import: only where it is used

    return float(mean_squared_error(outputs.reshape(-1), targets.reshape(-1)))


def _auroc_error(outputs: Tensor, targets: Tensor) -> float:
    """Over all pixels that are not ignored; nan where they are of one kind only, for then there is nothing to rank."""
    from torchmetrics.functional.classification import binary_auroc

    counted = targets.flatten() >= 0
    logits, truth = outputs.flatten()[counted], targets.flatten()[counted].long()
    if not 0 < int(truth.sum()) < len(truth):
        return nan
    return 1 - float(binary_auroc(_ranks(logits), truth))


def _mask_auroc_error(outputs: Tensor, targets: Tensor) -> float:
    """One less the area under the curve of yes or no, which has one point: (1 - true positive rate + false positive rate) / 2."""
    said, truth = outputs.flatten() > 0.5, (targets.flatten() == 1) | (targets.flatten() == IGNORED_YES)
    if not 0 < int(truth.sum()) < len(truth):
        return nan
    return (1 - float(said[truth].double().mean()) + float(said[~truth].double().mean())) / 2


def _macro_f1(outputs: Tensor, targets: Tensor) -> float:
    """Labels are said where the chance is over a half."""
    from torchmetrics.functional.classification import multilabel_f1_score

    return float(multilabel_f1_score(outputs.sigmoid(), targets.long(), num_labels=targets.shape[1], average="macro"))


def _average_precision(outputs: Tensor, targets: Tensor) -> float:
    """Mean over the labels that some sample has."""
    from torchmetrics.functional.classification import multilabel_average_precision

    present = targets.sum(dim=0) > 0
    if not bool(present.any()):
        return nan
    logits, truth = _ranks(outputs[:, present]), targets[:, present].long()
    if truth.shape[1] == 1:
        from torchmetrics.functional.classification import binary_average_precision

        return float(binary_average_precision(logits[:, 0], truth[:, 0]))
    return float(multilabel_average_precision(logits, truth, num_labels=truth.shape[1], average="macro"))


ACCURACY = Metric("accuracy", True, _accuracy)
"""Share of samples whose largest output is the label's, 0 to 1."""

ERROR = Metric("0-1 error", False, _error)
"""Share of samples whose largest output is not the label's, 0 to 1."""

RELATIVE_L2 = Metric("relative l2", False, _relative_l2)
"""Mean over the samples of the length of the mistake by the length of the target, in the target's own units."""

AUROC_ERROR = Metric("1 - AUROC", False, _auroc_error)
"""One less the area under the curve of true against false positives, over the pixels that are not ignored."""

MASK_AUROC_ERROR = Metric("1 - AUROC of masks", False, _mask_auroc_error)
"""The number that NAS-Bench-360 publishes for Cosmic as 1 - AUROC: of masks, yes where a logit is over 0.5, and over all pixels.

A mask has one threshold, so it does not say how well the logits rank the pixels; `AUROC_ERROR` does, without the ignored ones.
"""

SQUARED_ERROR = Metric("mean squared error", False, _squared_error)
"""In the target's own units, squared."""

MACRO_F1 = Metric("macro F1", True, _macro_f1)
"""Mean over the labels of the F1 score at a chance of a half."""

MEAN_AVERAGE_PRECISION = Metric("mean average precision", True, _average_precision)
"""Mean over the labels of the area under precision against recall."""

METRICS = {
    metric.name: metric
    for metric in (
        ACCURACY,
        ERROR,
        RELATIVE_L2,
        AUROC_ERROR,
        SQUARED_ERROR,
        MACRO_F1,
        MEAN_AVERAGE_PRECISION,
        MASK_AUROC_ERROR,
    )
}
"""Every metric by its name."""
