"""Words: a verdict in one sentence, and the evidence for it, as the terminal, the report and the model card show them."""

from collections.abc import Sequence
from typing import Any

from einspace.quantities import counted, decimal


def apart(scores: tuple[float, float], error: float) -> str:
    """The difference of two scores and its standard error, with the places of the scores: that of the scores as they are shown.

    >>> apart((0.39206, 0.35998), 0.008), apart((1.1e-6, 2.3e-6), 1e-7)
    ('0.0321 ± 0.0080', '1.2e-06 ± 1e-07')
    """
    size = max(map(abs, scores))
    one, other = (float(decimal(score, beside=size)) for score in scores)
    return f"{decimal(abs(one - other), beside=size)} ± {decimal(error, beside=size)}"


def sentence_of(word: str, names: tuple[str, str], scores: tuple[float, float], error: float, pairs: int, metric: str) -> str:
    """The verdict in one sentence.

    Args:
        word: The finding.
        names: The winner and the best baseline.
        scores: The means of their re-trainings, in the units of the metric.
        error: The standard error of the difference.
        pairs: Re-trainings of each.
        metric: Its name; empty where it is not known.

    >>> sentence_of("better", ("trial 6", "resnet8"), (0.3921, 0.36), 0.008, 4, "accuracy")
    'Better: trial 6 beats resnet8, the best baseline, by 0.0321 ± 0.0080 accuracy (0.3921 against 0.3600, means of 4 re-trainings each).'
    """
    winner, baseline = names[0], f"{names[1]}, the best baseline,"
    said = {"better": f"Better: {winner} beats {baseline}", "worse": f"Worse: {winner} is behind {baseline}"}
    gap = f"{apart(scores, error)}{f' {metric}' if metric else ''}"
    start = f"{said[word]} by {gap}" if word in said else f"Not distinguishable: {winner} and {baseline} differ by {gap}"
    return f"{start} ({decimal(scores[0])} against {decimal(scores[1])}, means of {pairs} re-trainings each)."


def trainings_of(pairs: int, epochs: Sequence[Any], long: bool, fixed: bool, valid_share: float | None = None) -> str:
    """A sentence on the re-trainings of the winner and the baseline.

    Args:
        pairs: Re-trainings of each.
        epochs: The epochs of the winner's and of the baseline's; None for what is not known.
        long: Whether they are as long as final trainings, and not as those of the search.
        fixed: Whether the splits are those that the user gave.
        valid_share: The part of the samples of train and validation that is validation, where it is not that of the task.

    >>> trainings_of(4, (8, 8), long=False, fixed=False).partition(";")[0]
    'Each was trained again 4 times for 8 epochs, both on the same new splits of train and validation'
    >>> trainings_of(4, (8, 8), long=False, fixed=False, valid_share=0.2).partition(";")[0]
    'Each was trained again 4 times for 8 epochs, both on the same new splits of train (80%) and validation (20%)'
    """
    span = "as long as a final training" if long else "as long as in the search"
    if None not in epochs:
        span = f"for {_epochs(epochs)}"
    sizes = ("", "") if valid_share is None else (f" ({1 - valid_share:.0%})", f" ({valid_share:.0%})")
    drawn = "both on the same new splits of train{} and validation{}".format(*sizes)
    where = "and scored on the validation split that was given" if fixed else drawn
    return f"Each was trained again {pairs} times {span}, {where}; ± is the standard error of the difference."


def longer(searched: Sequence[Any], final: Sequence[Any]) -> str:
    """A remark that a final training, if there is one, has more epochs, which may change the order; empty where it has not.

    >>> longer((8, 8), (24, 24))
    'These trainings had 8 epochs; a final training has 24, and may reverse the order.'
    """
    if None in (*searched, *final):
        return "A final training may be longer, and may reverse the order."
    if all(last <= first for first, last in zip(searched, final, strict=True)):
        return ""
    has = " or ".join(map(str, _different(final)))
    return f"These trainings had {_epochs(searched)}; a final training has {has}, and may reverse the order."


def _epochs(epochs: Sequence[Any]) -> str:
    """Different numbers of epochs, in words."""
    *others, most = _different(epochs)
    return " and ".join([*map(str, others), counted(most, "epoch")])


def _different(epochs: Sequence[Any]) -> list[int]:
    """Different numbers, the smallest first."""
    return sorted({int(epoch) for epoch in epochs})
