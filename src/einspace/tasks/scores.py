"""Scores: the functions of the metrics for people's own data. torchmetrics takes over a second to import, so they import it inside."""

from math import nan, sqrt

import torch
from torch import Tensor

from einspace.networks.heads import IGNORED


def ranks(outputs: Tensor) -> Tensor:
    """Numbers from 0 to 1 in the order of the outputs, equal where those are: a sigmoid would make large ones equal."""
    values, places = torch.unique(outputs, return_inverse=True)
    scaled: Tensor = places.double() / max(1, len(values) - 1)
    return scaled


def balanced_accuracy(outputs: Tensor, targets: Tensor) -> float:
    """Mean over the classes that occur of the share of their samples whose largest output is theirs."""
    from torchmetrics.functional.classification import multiclass_recall

    shares = multiclass_recall(outputs.argmax(dim=1), targets, outputs.shape[1], average="none")
    return float(shares[torch.bincount(targets, minlength=outputs.shape[1]) > 0].mean())


def macro_f1(outputs: Tensor, targets: Tensor) -> float:
    """Mean of the F1 scores of the classes (N,), or of the labels (N, L), which are predicted where the probability is over a half."""
    from torchmetrics.functional.classification import multiclass_f1_score, multilabel_f1_score

    if targets.ndim == 1:
        return float(multiclass_f1_score(outputs.argmax(dim=1), targets, outputs.shape[1], average="macro"))
    return float(multilabel_f1_score(outputs.sigmoid(), targets.long(), num_labels=targets.shape[1], average="macro"))


def auroc(outputs: Tensor, targets: Tensor) -> float:
    """Mean of the areas under true against false positives, of each class (N,) against the others or of each label (N, L).

    A class or label that all samples have, or none, is left out; nan where that leaves nothing.
    """
    from torchmetrics.functional.classification import binary_auroc

    areas = []
    for number in range(outputs.shape[1]):
        truth = (targets == number).long() if targets.ndim == 1 else targets[:, number].long()
        if not 0 < int(truth.sum()) < len(truth):
            continue
        others = torch.cat([outputs[:, :number], outputs[:, number + 1 :]], dim=1)
        chance = outputs[:, number] - others.logsumexp(dim=1) if targets.ndim == 1 else outputs[:, number]
        areas.append(float(binary_auroc(ranks(chance), truth)))
    return sum(areas) / len(areas) if areas else nan


def log_loss(outputs: Tensor, targets: Tensor) -> float:
    """Mean of minus the natural logarithm of the chance that is given to the right class."""
    return float(torch.nn.functional.cross_entropy(outputs.double(), targets))


def r2(outputs: Tensor, targets: Tensor) -> float:
    """One less the squared error by the variance, the mean over the numbers of a target; nan where a number is constant."""
    from torchmetrics.functional import r2_score

    truth = targets.flatten(1)
    if len(truth) < 2 or bool((truth == truth[0]).all(dim=0).any()):
        return nan
    middle = truth.mean(dim=0)  # the score does not change with it, and sums of squares far from zero cancel each other
    return float(r2_score(outputs.flatten(1) - middle, truth - middle))


def absolute_error(outputs: Tensor, targets: Tensor) -> float:
    """Mean over all numbers of all samples of the length of the mistake."""
    from torchmetrics.functional import mean_absolute_error

    return float(mean_absolute_error(outputs.reshape(-1), targets.reshape(-1)))


def root_of_squared_error(outputs: Tensor, targets: Tensor) -> float:
    """Root of the mean over all numbers of all samples of the squared mistake."""
    from torchmetrics.functional import mean_squared_error

    return sqrt(float(mean_squared_error(outputs.reshape(-1), targets.reshape(-1))))


def pixel_accuracy(outputs: Tensor, targets: Tensor) -> float:
    """Share of the pixels that are not ignored whose class, or whose yes or no, is right; nan where all are ignored."""
    from torchmetrics.functional.classification import binary_accuracy, multiclass_accuracy

    targets = targets.clamp(min=IGNORED)  # whatever is below 0 is ignored
    if bool((targets == IGNORED).all()):
        return nan
    if outputs.shape == targets.shape:
        return float(binary_accuracy((outputs > 0).long(), targets.long(), ignore_index=IGNORED))
    classes = outputs.shape[1]
    return float(multiclass_accuracy(outputs.argmax(dim=1), targets, classes, average="micro", ignore_index=IGNORED))


def mean_iou(outputs: Tensor, targets: Tensor) -> float:
    """Mean over the classes of the pixels in both prediction and target by those in either; classes in neither are left out.

    For masks, the classes are yes and no. Ignored pixels do not count; nan where all are ignored.
    """
    from torchmetrics.functional.classification import multiclass_jaccard_index

    targets = targets.clamp(min=IGNORED)
    if bool((targets == IGNORED).all()):
        return nan
    masks = outputs.shape == targets.shape
    said = (outputs > 0).long() if masks else outputs.argmax(dim=1)
    return float(multiclass_jaccard_index(said, targets.long(), 2 if masks else outputs.shape[1], "macro", IGNORED))
