"""Metrics: scores of a network's predictions, each a single number; NaN is never a good one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite, isnan, nan
from statistics import fmean, pstdev
from typing import NamedTuple

import torch
from torch import Tensor

from einspace.errors import UnknownNameError
from einspace.networks.heads import IGNORED_YES
from einspace.quantities import decimal
from einspace.tasks import scores
from einspace.tasks.scores import ranks


@dataclass(frozen=True)
class Metric:
    """A named score of a network's outputs against the targets.

    Args:
        name: The name of the metric.
        higher_is_better: Whether a higher score is better.
        function: Takes outputs (N, ...) and targets (N, ...) and gives the score. It is a module's function, so that a metric can be sent
            to a worker.
        kinds: The kinds of task that it scores, as `classification`; none stands for all.
    """

    name: str
    higher_is_better: bool
    function: Callable[[Tensor, Tensor], float]
    kinds: tuple[str, ...] = ()

    def __call__(self, outputs: Tensor, targets: Tensor) -> float:
        """Score the outputs; nan where any output is not a finite number, whatever the function would make of it."""
        return float(self.function(outputs, targets)) if bool(outputs.isfinite().all()) else nan

    def better(self, a: float | None, b: float | None) -> bool:
        """Say whether `a` is strictly better than `b`. None and nan are worse than everything, and not better than each other.

        Args:
            a: A score.
            b: Another score.

        >>> ACCURACY.better(0.9, 0.8), ACCURACY.better(float("nan"), 0.1), ACCURACY.better(0.1, None)
        (True, False, True)
        """
        if a is None or isnan(a):
            return False
        if b is None or isnan(b):
            return True
        return a > b if self.higher_is_better else a < b


class Seeds(NamedTuple):
    """A score over several seeds: mean and standard deviation (of the population), the number of seeds and of those without a score."""

    mean: float | None
    deviation: float | None
    seeds: int
    failed: int

    def __str__(self) -> str:
        """The mean, and the deviation where there were several seeds; a dash where one of them has no score.

        >>> str(Seeds(0.5, 0.0, 1, 0)), str(Seeds(0.5, 0.1, 3, 0))
        ('0.5000', '0.5000 ± 0.1000')
        """
        spread = f" ± {decimal(self.deviation, self.mean)}" if self.mean is not None and self.seeds > 1 else ""
        return f"{decimal(self.mean)}{spread}"


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


def _squared_error(outputs: Tensor, targets: Tensor) -> float:
    from torchmetrics.functional import mean_squared_error  # torchmetrics takes over a second to import: only where it is used

    return float(mean_squared_error(outputs.reshape(-1), targets.reshape(-1)))


def _auroc_error(outputs: Tensor, targets: Tensor) -> float:
    """One less the AUROC over all pixels that are not ignored; nan where they are of one kind only, for then there is nothing to rank."""
    from torchmetrics.functional.classification import binary_auroc

    counted = targets.flatten() >= 0
    logits, truth = outputs.flatten()[counted], targets.flatten()[counted].long()
    if not 0 < int(truth.sum()) < len(truth):
        return nan
    return 1 - float(binary_auroc(ranks(logits), truth))


def _mask_auroc_error(outputs: Tensor, targets: Tensor) -> float:
    """One less the area under the curve of yes or no, which has one point: (1 - true positive rate + false positive rate) / 2."""
    said, truth = outputs.flatten() > 0.5, (targets.flatten() == 1) | (targets.flatten() == IGNORED_YES)
    if not 0 < int(truth.sum()) < len(truth):
        return nan
    return (1 - float(said[truth].double().mean()) + float(said[~truth].double().mean())) / 2


def _average_precision(outputs: Tensor, targets: Tensor) -> float:
    """Mean over the labels that some sample has."""
    from torchmetrics.functional.classification import multilabel_average_precision

    present = targets.sum(dim=0) > 0
    if not bool(present.any()):
        return nan
    logits, truth = ranks(outputs[:, present]), targets[:, present].long()
    if truth.shape[1] == 1:
        from torchmetrics.functional.classification import binary_average_precision

        return float(binary_average_precision(logits[:, 0], truth[:, 0]))
    return float(multilabel_average_precision(logits, truth, num_labels=truth.shape[1], average="macro"))


ACCURACY = Metric("accuracy", True, _accuracy, ("classification",))
"""Share of samples whose largest output is the label's, 0 to 1."""

ERROR = Metric("0-1 error", False, _error, ("classification",))
"""Share of samples whose largest output is not the label's, 0 to 1."""

RELATIVE_L2 = Metric("relative l2", False, _relative_l2, ("regression", "dense"))
"""Mean over the samples of the length of the mistake by the length of the target, in the target's own units."""

AUROC_ERROR = Metric("1 - AUROC", False, _auroc_error, ("mask",))
"""One less the area under the curve of true against false positives, over the pixels that are not ignored."""

MASK_AUROC_ERROR = Metric("1 - AUROC of masks", False, _mask_auroc_error, ("mask",))
"""The number that NAS-Bench-360 publishes for Cosmic as 1 - AUROC: of masks, yes where a logit is over 0.5, and over all pixels.

A mask has one threshold, so it does not say how well the logits rank the pixels; `AUROC_ERROR` does, without the ignored ones.
"""

SQUARED_ERROR = Metric("mean squared error", False, _squared_error, ("regression", "dense"))
"""Mean squared error, in the squared units of the targets."""

MACRO_F1 = Metric("macro F1", True, scores.macro_f1, ("classification", "multi-label"))
"""Mean over the classes, or the labels at a chance of a half, of the F1 score."""

BALANCED_ACCURACY = Metric("balanced accuracy", True, scores.balanced_accuracy, ("classification",))
"""Mean over the classes of the share of their samples that is right."""

AUROC = Metric("AUROC", True, scores.auroc, ("classification", "multi-label"))
"""Mean over the classes, each against the others, or over the labels, of the area under true against false positives."""

LOG_LOSS = Metric("log loss", False, scores.log_loss, ("classification",))
"""Mean cross-entropy, in nats."""

R2 = Metric("R2", True, scores.r2, ("regression",))
"""One less the squared error by the variance."""

ABSOLUTE_ERROR = Metric("mean absolute error", False, scores.absolute_error, ("regression", "dense"))
"""Mean absolute error, in the units of the targets."""

ROOT_OF_SQUARED_ERROR = Metric("root mean squared error", False, scores.root_of_squared_error, ("regression", "dense"))
"""Root of the mean squared error, in the units of the targets."""

MEAN_IOU = Metric("mean IoU", True, scores.mean_iou, ("segmentation", "mask"))
"""Mean over the classes of intersection over union, 0 to 1, over the pixels that are not ignored."""

PIXEL_ACCURACY = Metric("pixel accuracy", True, scores.pixel_accuracy, ("segmentation", "mask"))
"""Share of the pixels that are not ignored that are right."""

MEAN_AVERAGE_PRECISION = Metric("mean average precision", True, _average_precision, ("multi-label",))
"""Mean over the labels of the area under precision against recall."""

METRICS = {
    metric.name: metric
    for metric in (
        *(ACCURACY, ERROR, BALANCED_ACCURACY, MACRO_F1, AUROC, LOG_LOSS),
        *(MEAN_AVERAGE_PRECISION, SQUARED_ERROR, ROOT_OF_SQUARED_ERROR, ABSOLUTE_ERROR, R2, RELATIVE_L2),
        *(AUROC_ERROR, MASK_AUROC_ERROR, MEAN_IOU, PIXEL_ACCURACY),
    )
}
"""Every metric by its name."""

SHORT = {"mse": SQUARED_ERROR, "rmse": ROOT_OF_SQUARED_ERROR, "mae": ABSOLUTE_ERROR, "map": MEAN_AVERAGE_PRECISION, "iou": MEAN_IOU}
"""Other names of metrics."""


def metric_named(name: str) -> Metric:
    """The metric of a name, whatever its capitals, and with lines or underlines for its spaces; raises UnknownNameError.

    >>> metric_named("balanced_accuracy").name, metric_named("RMSE").name
    ('balanced accuracy', 'root mean squared error')
    """
    spelt = {_spelt(known): metric for known, metric in {**METRICS, **SHORT}.items()}
    if _spelt(name) not in spelt:
        raise UnknownNameError("metric", name, METRICS)
    return spelt[_spelt(name)]


def _spelt(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
