"""CIFARTile (B.2): four images of CIFAR-10 in a square; of how many classes are they?"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.builders.building import Plan, Samples, Sizes, classification
from einspace.builders.cifar import CIFAR10, read_cifar
from einspace.builders.stacked import shares
from einspace.errors import DataError
from einspace.tasks import TASKS

CLASSES = 4
PATTERNS = np.array([[0, 0, 0, 0], [0, 0, 1, 1], [0, 0, 1, 2], [0, 1, 2, 3]])
"""The class, of n, of each of the four images, in the row n - 1: 4, 2 + 2, 2 + 1 + 1 or 1 + 1 + 1 + 1 images of a class."""

MEAN, DEVIATION = (0.49139968, 0.48215827, 0.44653124), (0.24703233, 0.24348505, 0.26158768)
"""Mean and deviation of each channel of CIFAR-10's training images, pixels from 0 to 1, with which the generator normalises."""

PADDING = 4
"""Black pixels around an image of train that is cropped."""

_BASE = 10


def cifartile(source: Path, seed: int, sizes: Sizes) -> Plan:
    """Samples (3, 64, 64), pixels normalised by CIFAR-10's; y = n - 1 for n classes, every n as frequent as the next.

    Train and valid are a random split of one pool of the images of train, each of which is cropped by up to four pixels, and mirrored half
    of the time, before it becomes a tile, as the generator does; test is of the images of test as they are.
    """
    images, held = read_cifar(source, CIFAR10, _BASE)
    pool = _draw(*images, sizes.pool, np.random.default_rng((seed, 0)), source, augmented=True)
    train, valid = pool.split(sizes.train, np.random.default_rng((seed, 1)))
    test = _draw(*held, sizes.test, np.random.default_rng((seed, 2)), source)
    facts = {"source": {"train_images": len(images[1]), "test_images": len(held[1])}}
    return classification(TASKS["cifartile"], (train, valid, test), facts)


def _draw(
    images: NDArray[np.uint8], y: NDArray[np.int64], size: int, rng: np.random.Generator, source: Path, augmented: bool = False
) -> Samples:
    """Four different images a sample, in random places."""
    members = [np.flatnonzero(y == label) for label in range(_BASE)]
    if min(map(len, members)) < CLASSES:
        raise DataError(f"{source}: at least {CLASSES} images of each of the {_BASE} classes are needed, in train and in test")
    labels = rng.permutation(np.repeat(np.arange(CLASSES), shares(size, CLASSES)))
    chosen = np.empty((size, 4), dtype=np.int64)
    for row, label in enumerate(labels):
        kinds = rng.permutation(_BASE)[PATTERNS[label]]
        for kind in np.unique(kinds):
            places = kinds == kind
            chosen[row, places] = rng.choice(members[kind], size=int(places.sum()), replace=False)
    tiles = rng.permuted(chosen, axis=1)
    corners = rng.integers(0, 2 * PADDING + 1, size=(2, size, 4)) if augmented else None
    mirrored = rng.integers(0, 2, size=(size, 4)) == 1
    mean, deviation = (np.array(values, np.float32)[:, None, None] for values in (MEAN, DEVIATION))

    def make(rows: NDArray[Any]) -> NDArray[np.float32]:
        four = images[tiles[rows]]
        if corners is not None:
            four = crop(four, corners[0][rows], corners[1][rows], mirrored[rows])
        return np.asarray((tile(four) / np.float32(255) - mean) / deviation, dtype=np.float32)

    return Samples((3, 64, 64), labels, make)


def crop(images: NDArray[Any], top: NDArray[Any], left: NDArray[Any], mirrored: NDArray[Any]) -> NDArray[Any]:
    """Crop images (N, 4, C, H, W) with `PADDING` black pixels around them at the given rows and columns (N, 4), and mirror some."""
    padded = np.pad(images, ((0, 0),) * 3 + ((PADDING, PADDING),) * 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, images.shape[-2:], axis=(-2, -1))  # N, 4, C, top, left, H, W
    n, place = np.arange(len(images))[:, None], np.arange(images.shape[1])
    cropped = windows[n, place, :, top, left]
    return np.where(mirrored[..., None, None, None], cropped[..., ::-1], cropped)


def tile(images: NDArray[Any]) -> NDArray[Any]:
    """Put four images in a square: (N, 4, 3, 32, 32) to (N, 3, 64, 64), in the order of reading."""
    n, _, channels, height, width = images.shape
    square = images.reshape(n, 2, 2, channels, height, width).transpose(0, 3, 1, 4, 2, 5)  # N, C, row, H, column, W
    return square.reshape(n, channels, 2 * height, 2 * width)
