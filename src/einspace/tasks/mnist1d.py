"""MNIST-1D: ten shapes of twelve points, hidden in series of 40 steps (Greydanus and Kobak, 2024); there is nothing to download.

Each series is one shape, stretched, scaled, moved to a place of chance, sheared, and in noise that looks like it. A linear classifier has
32% of them right, an MLP 68%, a recurrent network 91%, a convolutional one 94%, and people 96%, as their paper says: the architecture
matters. The samples are those of its authors' package, whose random numbers are drawn in the same order.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from einspace.features import Feature
from einspace.tasks.entry import Entry
from einspace.tasks.metrics import ACCURACY
from einspace.tasks.options import BASELINES
from einspace.tasks.split import Split
from einspace.tasks.task import STEPWISE, Task

SHAPES = (
    (5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5),
    (5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5),
    (5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5),
    (5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5),
    (5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5),
    (5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5),
    (5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5),
    (5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5),
)
"""The ten classes, as their twelve points."""

STEPS = 40
"""Steps of a series, to which it is reduced at last from `_WHOLE`."""

SIZES = (3_200, 800, 1_000)
"""Samples of train, valid and test; the first two are the 4,000 that the authors train on."""

_WHOLE = 72
_PADDED = (36, 60)
_PLACES = 48
_SCALE, _SHEAR, _LIKE, _NOISE = 0.4, 0.75, 0.25, 0.02
_SEED = 42


def dataset() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """All series (5000, 40), with mean 0 and deviation 1, and their classes (5000,), in the order of the authors."""
    rng = np.random.RandomState(_SEED)
    shapes = np.array(SHAPES)
    shapes -= shapes.mean(1, keepdims=True)
    shapes /= shapes.std(1, keepdims=True)
    shapes = (shapes - shapes[:, :1]) / 6
    y = np.repeat(np.arange(len(shapes)), sum(SIZES) // len(shapes))
    x = np.stack([_hidden(shapes[label], rng) for label in y])
    order = rng.permutation(len(y))
    return ((x - x.mean()) / x.std())[order], y[order]


def _hidden(shape: NDArray[np.float64], rng: np.random.RandomState) -> NDArray[np.float64]:
    """A series (40,) in which the shape (12,) is somewhere."""
    from scipy.ndimage import gaussian_filter  # here, for it is a tenth of the time in which a search is imported

    zeros = _PADDED[0] + int(rng.rand() * (_PADDED[1] - _PADDED[0] + 1))
    series = _resampled(np.pad(shape + 1e-8, (0, zeros)), _WHOLE)  # what is still zero after this is outside of the shape
    series = np.roll(series * (1 + _SCALE * (rng.rand() - 0.5)), rng.choice(_PLACES))
    outside = gaussian_filter(_LIKE * rng.randn(_WHOLE), 2)
    series = np.where(series == 0, outside, series) + _NOISE * rng.randn(_WHOLE)
    series -= _SHEAR * (rng.rand() - 0.5) * np.linspace(-0.5, 0.5, _WHOLE)
    return _resampled(series, STEPS)


def _resampled(series: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    """The series at so many steps, by straight lines between its own."""
    return np.asarray(np.interp(np.linspace(0, 1, steps), np.linspace(0, 1, len(series)), series), np.float64)


def _read(entry: Entry, folder: Path) -> Task:
    x, y = dataset()
    ends = np.cumsum(SIZES)[:-1]
    x = x[:, :, None].astype(np.float32)
    return entry.drawn([Split(*part) for part in zip(np.split(x, ends), np.split(y, ends), strict=True)])


MNIST1D = Entry(
    name="mnist1d",
    title="MNIST-1D",
    input=Feature((STEPS, 1)),
    target=len(SHAPES),
    sizes=SIZES,
    metric=ACCURACY,
    recipe=STEPWISE,
    baselines=BASELINES,
    description=(
        "Series of 40 steps, in each of which one of ten shapes is hidden: which? By chance 10%; the authors have 32% with a linear "
        "classifier, 94% with a convolutional network, and 96% by eye. The series are made here, and equal theirs"
    ),
    read=_read,
    source="made from a seed",
)
"""The entry of the task."""
