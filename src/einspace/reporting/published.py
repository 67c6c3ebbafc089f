"""Figures that the paper reports, as data, for tables that print ours beside them."""

from typing import NamedTuple


class Hyperparameters(NamedTuple):
    """The columns of table 4. Metrics and baselines have the names that this library gives them."""

    metric: str
    baseline: str
    epochs_search: int
    epochs_final: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    momentum: float


_UNSEEN = Hyperparameters("accuracy", "resnet18", 8, 64, 256, 0.04, 3e-4, 0.9)
_BENCH = Hyperparameters("0-1 error", "wrn16-4", 25, 200, 128, 0.1, 5e-4, 0.9)

TABLE_4: dict[str, Hyperparameters] = {
    "addnist": _UNSEEN,
    "language": _UNSEEN,
    "multnist": _UNSEEN,
    "cifartile": _UNSEEN,
    "gutenberg": _UNSEEN,
    "isabella": _UNSEEN,
    "geoclassing": _UNSEEN,
    "chesseract": _UNSEEN,
    "cifar100": _BENCH,
    "spherical": _BENCH,
    "ninapro": _BENCH,
    "darcyflow": Hyperparameters("relative l2", "wrn16-4", 25, 200, 4, 0.001, 5e-4, 0.9),
    "cosmic": Hyperparameters("1 - AUROC", "wrn16-4", 25, 200, 8, 0.001, 5e-4, 0.9),
}
"""The rows of table 4, by task."""

CRITICAL = 0.31
"""p(M -> C | M) above which figure 4 has the grammar consistent; the paper prints two digits."""


class Statistics(NamedTuple):
    """The columns of table 6."""

    minimum: float
    mean: float
    median: float
    deviation: float
    maximum: float


TERMINALS, NONTERMINALS, BRANCHING_FACTOR = "terminals", "non-terminals", "branching factor"
"""The three parts of table 6."""

TABLE_6: dict[str, dict[float, Statistics]] = {
    TERMINALS: {
        0.9: Statistics(2, 3.87, 3.00, 2.84, 28),
        0.8: Statistics(2, 5.34, 4.00, 6.32, 54),
        0.7: Statistics(2, 6.72, 4.00, 11.22, 118),
        0.6: Statistics(2, 8.65, 4.00, 16.73, 202),
        0.5: Statistics(2, 40.22, 5.00, 303.65, 4_779),
        0.4: Statistics(2, 100.15, 8.00, 749.61, 12_026),
        0.3: Statistics(2, 6_070.77, 9.00, 64_863.45, 878_122),
    },
    NONTERMINALS: {
        0.9: Statistics(2, 3.63, 3.00, 3.45, 42),
        0.8: Statistics(2, 5.04, 3.00, 6.91, 64),
        0.7: Statistics(2, 6.00, 3.00, 9.21, 81),
        0.6: Statistics(2, 7.74, 4.00, 13.61, 165),
        0.5: Statistics(2, 39.03, 5.00, 325.18, 5_219),
        0.4: Statistics(2, 88.58, 8.00, 649.44, 10_417),
        0.3: Statistics(2, 4_588.13, 8.00, 50_203.87, 734_497),
    },
    BRANCHING_FACTOR: {
        0.9: Statistics(1, 1.75, 1.00, 1.63, 7.61),
        0.8: Statistics(1, 2.05, 1.00, 1.95, 7.73),
        0.7: Statistics(1, 2.05, 1.00, 1.91, 7.83),
        0.6: Statistics(1, 2.17, 1.00, 1.96, 7.73),
        0.5: Statistics(1, 2.34, 1.00, 2.00, 7.88),
        0.4: Statistics(1, 2.81, 1.75, 2.14, 7.87),
        0.3: Statistics(1, 2.80, 1.75, 2.13, 7.96),
    },
}
"""Table 6: statistics of 2,000 architectures at each p(M -> C), by part."""
