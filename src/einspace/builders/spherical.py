"""Spherical (B.2): images of CIFAR-100 projected onto the northern hemisphere, turned at random."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.builders.building import Plan, Samples, Sizes, classification
from einspace.builders.cifar import CIFAR100, read_cifar
from einspace.builders.stacked import shares
from einspace.errors import DataError
from einspace.tasks import TASKS

SIDE = 60
"""Points of the sphere's grid, polar angles by longitudes."""

_CLASSES = TASKS["spherical"].classes


def spherical(source: Path, seed: int, sizes: Sizes) -> Plan:
    """Samples (3, 60, 60), values 0 to 255 rounded; train and valid are images of train, test of test.

    The projection is one of our own after the description: the official file was made elsewhere, and its turns are other draws.
    """
    images, held = read_cifar(source, CIFAR100, _CLASSES)
    pool = _draw(*images, sizes.pool, seed, 0, f"{source}, train")
    train, valid = pool.split(sizes.train, np.random.default_rng((seed, 2)))
    test = _draw(*held, sizes.test, seed, 1, f"{source}, test")
    return classification(TASKS["spherical"], (train, valid, test), {"source": {"projected": "with random rotations"}})


def project(images: NDArray[Any], turns: NDArray[np.float64], side: int = SIDE) -> NDArray[np.float32]:
    """Project images onto a turned sphere and read it on a grid: (N, C, H, W) and rotations (N, 3, 3) to (N, C, side, side).

    A point of the turned northern hemisphere is seen from the south pole on the plane of the equator, so that the equator is the circle in
    the image (a stereographic projection); the image is read there bilinearly, and the southern hemisphere is 0. Rows are polar angles
    (2 i + 1) pi / (2 side), columns are longitudes 2 pi j / side.
    """
    height, width = images.shape[2:]
    polar = (2 * np.arange(side)[:, None] + 1) * np.pi / (2 * side)
    around = 2 * np.pi * np.arange(side) / side
    axes = (np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar) * np.ones(side))
    points = np.stack(axes, axis=-1).reshape(-1, 3) @ turns  # (N, side * side, 3): the turn undone
    north = points[..., 2] >= 0
    below = 1 + np.where(north, points[..., 2], 0)
    row = (1 - points[..., 1] / below) / 2 * (height - 1)
    column = (1 + points[..., 0] / below) / 2 * (width - 1)
    seen = _bilinear(images, row.clip(0, height - 1), column.clip(0, width - 1))
    return np.where(north[:, None], seen, 0).reshape(*images.shape[:2], side, side).astype(np.float32)


def turns(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Rotations (count, 3, 3), every one as likely as any other: unit quaternions of a normal distribution."""
    quaternions = rng.standard_normal((4, count))
    w, x, y, z = quaternions / np.linalg.norm(quaternions, axis=0)
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
    )
    return np.moveaxis(np.asarray(rows), 2, 0)


def _bilinear(images: NDArray[Any], row: NDArray[np.float64], column: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values (N, C, P) at rows and columns (N, P) between the pixels."""
    top = np.minimum(row.astype(np.int64), images.shape[2] - 2)
    left = np.minimum(column.astype(np.int64), images.shape[3] - 2)
    down, right = (row - top)[:, None], (column - left)[:, None]
    n = np.arange(len(images))[:, None]

    def at(i: NDArray[np.int64], j: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.asarray(images[n, :, i, j], dtype=np.float64).transpose(0, 2, 1)

    upper = at(top, left) * (1 - right) + at(top, left + 1) * right
    lower = at(top + 1, left) * (1 - right) + at(top + 1, left + 1) * right
    value: NDArray[np.float64] = upper * (1 - down) + lower * down
    return value


def _draw(images: NDArray[np.uint8], y: NDArray[np.int64], size: int, seed: int, part: int, what: str) -> Samples:
    """As many images of each class as of the next, every image once with a turn of its own."""
    rng = np.random.default_rng((seed, part))
    chosen = []
    for label, quota in enumerate(shares(size, _CLASSES)):
        members = np.flatnonzero(y == label)
        if len(members) < quota:
            raise DataError(f"{what}: {quota:,} images of class {label} are needed, but there are {len(members):,}: fewer --samples")
        chosen.append(rng.permutation(members)[:quota])
    rows = rng.permutation(np.concatenate(chosen))
    turned = turns(size, rng)

    def make(wanted: NDArray[Any]) -> NDArray[np.float32]:
        return np.round(project(images[rows[wanted]], turned[wanted]))

    return Samples((3, SIDE, SIDE), y[rows], make)
