"""CIFAR-10 and CIFAR-100 from their official pickles, of which only arrays and plain values are read."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from einspace.errors import DataError
from einspace.files import by_name, members, numbers, read, unpickle

CIFAR10 = (
    "cifar-10-batches-py",
    ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"),
    ("test_batch",),
    "labels",
)
CIFAR100 = ("cifar-100-python", ("train",), ("test",), "fine_labels")
"""Name of the folder, files of train, files of test, and the key of the labels."""

Release = tuple[str, tuple[str, ...], tuple[str, ...], str]
Images = tuple[NDArray[np.uint8], NDArray[np.int64]]


def read_cifar(source: Path, release: Release, classes: int) -> tuple[Images, Images]:
    """Images uint8 (N, 3, 32, 32) and labels (N,) of train and of test.

    `source` is the folder, the folder around it or the .tar.gz. Raises DataError that names what is missing or of another kind.
    """
    name, train, test, key = release
    inside = tuple(f"{name}/{file}" for file in (*train, *test))
    if source.is_dir():
        folder = source / name if (source / name).is_dir() else source
        contents = {place: read(folder / Path(place).name) for place in inside}
    else:
        contents = members(source, inside)
    batches = [_batch(contents[place], f"{place} of {source}", key, classes) for place in inside]
    return _joined(batches[: len(train)]), _joined(batches[len(train) :])


def _batch(content: bytes, name: str, key: str, classes: int) -> Images:
    batch = by_name(unpickle(content, name))
    if "data" not in batch or key not in batch:
        raise DataError(f"{name} holds no 'data' and {key!r}: it is not a batch of this release of CIFAR")
    x, y = numbers(batch["data"], f"{name}, data"), numbers(batch[key], f"{name}, {key}")
    if x.dtype != np.uint8 or x.shape != (len(y), 3072) or not len(y) or y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= classes:
        raise DataError(
            f"{name}: data must be bytes (N, 3072) and labels 0 to {classes - 1}, not {x.dtype} {x.shape} and {y.dtype} {y.shape}"
        )
    return x.reshape(-1, 3, 32, 32), y.astype(np.int64)


def _joined(batches: list[Images]) -> Images:
    return np.concatenate([x for x, _ in batches]), np.concatenate([y for _, y in batches])
