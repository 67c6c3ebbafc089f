"""Scores that the paper reports (tables 1 and 5), in the units of our metrics: accuracy and error from 0 to 1."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Reported:
    """Scores of others on a task's test split, by method, and the name of the metric that they are in."""

    metric: str
    scores: Mapping[str, float]


UNSEEN_METHODS = (
    "RN18",
    "PC-DARTS",
    "DrNAS",
    "Bonsai-Net",
    "RE(RN18) einspace",
    "RE(Mix) einspace",
    "RE(Scratch) einspace",
    "Random search DARTS",
    "Random search Bonsai",
    "Random search einspace",
    "Random sampling einspace",
)
"""The columns of table 1. PC-DARTS, DrNAS, Bonsai-Net and the first two random searches are the paper's transcriptions from Unseen NAS."""

_TABLE_1 = {
    "addnist": (93.36, 96.60, 97.06, 97.91, 97.54, 97.72, 83.87, 97.07, 34.17, 67.00, 10.13),
    "language": (92.16, 90.12, 88.55, 87.65, 96.84, 97.92, 88.12, 90.12, 76.83, 87.01, 35.26),
    "multnist": (91.36, 96.68, 98.10, 97.17, 96.37, 92.25, 93.72, 96.55, 39.76, 66.09, 18.87),
    "cifartile": (47.13, 92.28, 81.08, 91.47, 60.65, 62.76, 30.89, 90.74, 24.76, 30.90, 25.25),
    "gutenberg": (43.32, 49.12, 46.62, 48.57, 54.02, 50.16, 36.70, 47.72, 29.00, 39.58, 19.69),
    "isabella": (63.65, 65.77, 64.53, 64.08, 64.30, 62.72, 56.33, 66.35, 58.53, 56.90, 32.24),
    "geoclassing": (90.08, 94.61, 96.03, 95.66, 95.31, 95.13, 60.43, 95.54, 63.56, 69.13, 24.35),
    "chesseract": (59.35, 57.20, 58.24, 60.76, 60.31, 61.86, 59.50, 59.16, 68.83, 61.46, 44.83),
}

NASBENCH_METHODS = ("WRN", "DARTS (GAEA)", "Expert", "RE(WRN) einspace")
"""The columns of table 5."""

_TABLE_5 = {
    "cifar100": (25.61, 24.02, 19.39, 21.47),
    "spherical": (76.32, 48.23, 67.41, 66.37),
    "ninapro": (10.32, 17.67, 8.73, 6.37),
    "darcyflow": (0.032, 0.026, 0.008, 0.014),
    "cosmic": (0.245, 0.229, 0.127, 0.73),
}

_IN_PERCENT = (*_TABLE_1, "cifar100", "spherical", "ninapro")

PUBLISHED: Mapping[str, Mapping[str, float]] = {
    name: {method: round(score / 100, 4) if name in _IN_PERCENT else score for method, score in zip(methods, scores, strict=True)}
    for methods, table in ((UNSEEN_METHODS, _TABLE_1), (NASBENCH_METHODS, _TABLE_5))
    for name, scores in table.items()
}
"""The published scores on test, by task and then by method."""
