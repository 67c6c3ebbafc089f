"""Metrics: one number for how well a network does; a number that is not a number is never good."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isnan, nan

from torch import Tensor


@dataclass(frozen=True)
class Metric:
    """A named score of a network's outputs against the labels.

    `function` takes outputs (N, classes) and labels (N,) and is a module's function, so that a metric can be sent to a worker.
    """

    name: str
    higher_is_better: bool
    function: Callable[[Tensor, Tensor], float]

    def __call__(self, outputs: Tensor, labels: Tensor) -> float:
        """Score the outputs; nan where any output is not a number, whatever the function would make of it."""
        return nan if bool(outputs.isnan().any()) else float(self.function(outputs, labels))

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


def _accuracy(outputs: Tensor, labels: Tensor) -> float:
    return float((outputs.argmax(dim=1) == labels).float().mean())


ACCURACY = Metric("accuracy", True, _accuracy)
"""Share of samples whose largest output is the label's, 0 to 1."""
